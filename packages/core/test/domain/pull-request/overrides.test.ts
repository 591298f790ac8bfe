import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { refuseTrustOverrides, trustOverrides } from '../../../src/domain/pull-request/overrides.ts';
import { GATE_SETTINGS } from '../../../src/settings/gate-settings.ts';
import { refusalOf } from '../../support/refusal.ts';

const TRUST = GATE_SETTINGS.filter(({ role }) => role !== 'plain').map(({ name }) => name as string);
const CONTEXT = { event: 'pull_request' };

function refused(...given: readonly string[]): string {
  const error = refusalOf(() => refuseTrustOverrides(CONTEXT, trustOverrides(new Set(given), TRUST)));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as ConfigurationError).code).toBe('CAVRA-E212');
  return (error as ConfigurationError).message;
}

const passes = (...given: readonly string[]) =>
  expect(() => refuseTrustOverrides(CONTEXT, trustOverrides(new Set(given), TRUST))).not.toThrow();

describe('in a pull request', () => {
  it('every setting of trust and expectation is refused alone', () => {
    for (const name of TRUST.filter((each) => !each.endsWith('-sha256'))) {
      expect(refused(name)).toContain(`may not set ${name}`);
    }
  });

  it('each one is named', () => {
    expect(refused('issuer', 'jwks-url', 'trust-policy', 'evidence-dir', 'expected-decision')).toBe(
      'this job runs for the event "pull_request" and may not set expected-decision, issuer, jwks-url, ' +
        'trust-policy (unless trust-policy-sha256 pins it)',
    );
  });

  it('a digest lets the file that it pins pass, and nothing else', () => {
    passes('trust-policy', 'trust-policy-sha256');
    passes('runtime', 'runtime-sha256');
    passes('trust-policy-sha256');
    expect(refused('trust-policy', 'runtime-sha256')).toContain('trust-policy (unless');
    expect(refused('trust-policy', 'trust-policy-sha256', 'keyring')).toMatch(/may not set keyring$/);
  });

  it('plain settings and no settings pass', () => {
    passes();
    passes('request', 'evidence-dir', 'timeout-seconds');
  });
});

it('outside of a pull request nothing is refused', () => {
  expect(() => refuseTrustOverrides(undefined, trustOverrides(new Set(TRUST), TRUST))).not.toThrow();
});

it('the event is quoted, whatever the environment says it is', () => {
  const error = refusalOf(() =>
    refuseTrustOverrides({ event: 'x\n::error::y' }, [{ name: 'issuer', pinned: false }]),
  ) as ConfigurationError;
  expect(error.message).toMatch(/^[ -~]+$/);
});
