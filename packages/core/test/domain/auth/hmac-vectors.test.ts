import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { verifyIdentitySignature } from '../../../src/domain/auth/hmac.ts';
import { createHmacAuthenticator } from '../../../src/domain/auth/hmac-authenticator.ts';
import { createRunnerAuthenticator } from '../../../src/domain/auth/runner-authenticator.ts';
import { AuthenticationError } from '../../../src/domain/diagnosis.ts';
import type { RunnerAuth, RunnerIdentity } from '../../../src/domain/wire/messages.ts';
import { refusalOf, rejectionOf } from '../../support/refusal.ts';

const VECTORS = new URL('../../../../../test/vectors/', import.meta.url);

interface SignatureCase {
  readonly name: string;
  readonly key: string;
  readonly identity: RunnerIdentity;
  readonly signature: string;
  readonly sign_error?: string;
}

const SIGNATURES: readonly SignatureCase[] = JSON.parse(
  readFileSync(new URL('runner_identity_hmac.json', VECTORS), 'utf8'),
).cases;

/** The recorded signature is right, and ours refuses it all the same. */
const REFUSED_SIGNATURES: Readonly<Record<string, string>> = {
  'all-empty': 'the client of the Go implementation refuses it too: provider and repository are required',
  'no-provider': 'the client of the Go implementation refuses it too: provider and repository are required',
  'tab-and-return': 'row 19: a line end inside a value',
  'newline-at-end': 'row 19: a line end inside a value',
  'collision-a': 'row 19: a line end inside a value',
  'collision-c': 'row 19: two identities, one signature',
  'collision-d': 'row 19: two identities, one signature',
};

describe('runner_identity_hmac.json', () => {
  it('has the 29 recorded cases', () => {
    expect(SIGNATURES).toHaveLength(29);
    const names = new Set(SIGNATURES.map(({ name }) => name));
    expect(Object.keys(REFUSED_SIGNATURES).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(SIGNATURES.map((one) => [one.name, one] as const))('%s', (name, { key, identity, signature }) => {
    const verify = () => verifyIdentitySignature(Buffer.from(key), identity, signature);
    if (name in REFUSED_SIGNATURES) {
      const error = refusalOf(verify);
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ code: 'CAVRA-E302' });
    } else {
      // An empty key would let everybody sign; the client of the Go implementation refuses it too.
      expect(verify()).toBe(name !== 'key-empty');
    }
    expect(name in REFUSED_SIGNATURES || verifyIdentitySignature(Buffer.from('other'), identity, signature)).toBe(
      name in REFUSED_SIGNATURES,
    );
  });
});

interface ValidationCase {
  readonly name: string;
  readonly config: { readonly hmac_key: string; readonly key_id: string };
  readonly runner_auth: RunnerAuth | null;
  readonly error: string;
}

const VALIDATIONS: readonly ValidationCase[] = JSON.parse(
  readFileSync(new URL('runner_auth_validate.json', VECTORS), 'utf8'),
);

/** Accepted by the Go implementation and refused by ours, with the row of upstream-weaknesses.md. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  'not-configured-no-auth': 'rows 22 and 23: no verification, no allow',
  'not-configured-with-auth': 'row 35: runner_auth sent to a daemon without authentication',
};

const CODES: Readonly<Record<string, string>> = {
  'not-configured-no-auth': 'CAVRA-E306',
  'not-configured-with-auth': 'CAVRA-E306',
  'key-id-mismatch': 'CAVRA-E303',
  'key-id-missing': 'CAVRA-E303',
  'signature-empty': 'CAVRA-E303',
  'signature-outer-blanks': 'CAVRA-E303',
  'signature-truncated': 'CAVRA-E303',
  'identity-without-provider': 'CAVRA-E302',
  'identity-empty': 'CAVRA-E302',
  'algorithm-lowercase': 'CAVRA-E306',
  'algorithm-other': 'CAVRA-E306',
};

function authenticatorOf({ hmac_key, key_id }: ValidationCase['config']) {
  if (hmac_key === '') {
    return createRunnerAuthenticator({});
  }
  const key = { id: key_id, secret: Buffer.from(hmac_key), status: 'active' } as const;
  const hmac = createHmacAuthenticator({ keys: [key], audience: '', accept: ['v1'], now: () => 0 });
  return createRunnerAuthenticator({ hmac });
}

describe('runner_auth_validate.json', () => {
  it('has the 14 recorded cases', () => {
    expect(VALIDATIONS).toHaveLength(14);
  });

  it.each(VALIDATIONS.map((one) => [one.name, one] as const))('%s', async (name, { config, runner_auth, error }) => {
    const answer = authenticatorOf(config).authenticate({}, runner_auth ?? undefined);
    if (error === '' && !(name in DEVIATIONS)) {
      await expect(answer).resolves.toMatchObject({
        method: 'hmac',
        identity: runner_auth?.identity,
        notes: [expect.stringContaining('covers the runner identity alone')],
      });
      return;
    }
    const refusal = await rejectionOf(answer);
    expect(refusal).toBeInstanceOf(AuthenticationError);
    expect(refusal).toMatchObject({ code: CODES[name] });
  });
});
