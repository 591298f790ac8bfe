import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { refuseTrustOverrides, trustOverrides } from '../../../src/domain/pull-request/overrides.ts';
import { GATE_SETTINGS } from '../../../src/settings/gate-table.ts';
import { refusalOf } from '../../support/refusal.ts';

const TRUST = GATE_SETTINGS.filter(({ role }) => role !== 'plain');
const CONTEXT = { event: 'pull_request', platform: 'github-actions' } as const;

/** A name with `@` behind it stands for a file that is named with its digest. */
function overridesOf(given: readonly string[]) {
  const names = given.map((each) => each.replace(/@$/, ''));
  const pinned = given.filter((each) => each.endsWith('@')).map((each) => each.slice(0, -1));
  return trustOverrides({ given: new Set(names), pinned: new Set(pinned) }, TRUST);
}

function refused(...given: readonly string[]): string {
  const error = refusalOf(() => refuseTrustOverrides(CONTEXT, overridesOf(given)));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as ConfigurationError).code).toBe('CAVRA-E212');
  return (error as ConfigurationError).message;
}

const passes = (...given: readonly string[]) =>
  expect(() => refuseTrustOverrides(CONTEXT, overridesOf(given))).not.toThrow();

describe('in a pull request', () => {
  it('every setting of trust and expectation is refused alone', () => {
    for (const { name } of TRUST.filter((each) => !each.name.endsWith('-sha256'))) {
      expect(refused(name)).toContain(`may not set ${name}`);
    }
  });

  it('each one is named', () => {
    expect(refused('issuer', 'jwks-url', 'trust-policy', 'evidence-dir', 'expected-decision')).toBe(
      'this job runs for the event "pull_request" and may not set expected-decision, ' +
        'issuer (unless every rule of a pinned trust policy names it), jwks-url, ' +
        'trust-policy (unless trust-policy-sha256 pins it); ' +
        'these may be chosen freely only in the events push, workflow_dispatch, schedule, release',
    );
  });

  it.each(TRUST.filter(({ kind }) => kind === 'trust-file'))('$name passes as FILE@sha256:HEX', ({ name }) => {
    passes(`${name}@`);
  });

  it.each(['issuer', 'audience', 'jwks-url', 'socket', 'rules', 'expected-decision'])(
    '%s is no file, and what looks like a digest pins nothing',
    (name) => {
      expect(refused(`${name}@`)).toContain(`may not set ${name}`);
    },
  );

  it('a digest lets the file that it pins pass, and nothing else', () => {
    passes('trust-policy', 'trust-policy-sha256');
    passes('runtime', 'runtime-sha256');
    passes('trust-policy-sha256');
    expect(refused('trust-policy', 'runtime-sha256')).toContain('trust-policy (unless');
    expect(refused('trust-policy', 'trust-policy-sha256', 'keyring')).toMatch(/may not set keyring \(unless/);
  });

  it('plain settings and no settings pass', () => {
    passes();
    passes('request', 'evidence-dir', 'timeout-seconds');
  });
});

it('outside of a pull request nothing is refused', () => {
  expect(() => refuseTrustOverrides(undefined, overridesOf(TRUST.map(({ name }) => name)))).not.toThrow();
});

it('the event is quoted, whatever the environment says it is', () => {
  const error = refusalOf(() =>
    refuseTrustOverrides({ ...CONTEXT, event: 'x\n::error::y' }, [{ name: 'issuer', pinned: false, isFile: false }]),
  ) as ConfigurationError;
  expect(error.message).toMatch(/^[ -~]+$/);
});
