import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type JwksSource, parseJwks } from '../../../../src/domain/auth/oidc/token/jwks.ts';
import { createOidcAuthenticator } from '../../../../src/domain/auth/oidc/verify.ts';
import { AuthenticationError, ConfigurationError } from '../../../../src/domain/diagnosis.ts';
import type { RunnerIdentity } from '../../../../src/domain/wire/messages.ts';
import { rejectionOf } from '../../../support/refusal.ts';

const VECTORS = new URL('../../../../../../test/vectors/oidc/', import.meta.url);

interface Case {
  readonly name: string;
  readonly token: string;
  readonly identity: RunnerIdentity;
  readonly config: { readonly issuer: string; readonly audience: string; readonly jwks_file: string };
  readonly clock: string;
  readonly ok: boolean;
}

const CASES: readonly Case[] = JSON.parse(readFileSync(new URL('cases.json', VECTORS), 'utf8'));

/** Accepted by the Go implementation and refused by ours: code, and row of upstream-weaknesses.md. */
const DEVIATIONS: Readonly<Record<string, readonly [code: string, row: string]>> = {
  'rsa-1024': ['CAVRA-E316', 'row 20: RSA-1024'],
  'key-for-rs512': ['CAVRA-E316', 'row 20: a key for another algorithm'],
  'aud-list': ['CAVRA-E317', 'row 35: a list of more than exactly our audience'],
  'aud-list-mixed-types': ['CAVRA-E315', 'row 35: a list of more than exactly our audience'],
  'exp-missing': ['CAVRA-E315', 'row 20: no exp'],
  'exp-string': ['CAVRA-E315', 'row 20: exp as a string'],
  'nbf-missing': ['CAVRA-E315', 'row 20: no nbf'],
  'nbf-string-future': ['CAVRA-E315', 'row 20: a time as a string'],
  'all-times-missing': ['CAVRA-E315', 'row 20: no exp, nbf, iat'],
  'run_id-number-differs': ['CAVRA-E315', 'row 20: a numeric run_id that differs'],
  'signature-nonzero-padding-bits': ['CAVRA-E315', 'row 35: non-zero padding bits in the signature'],
  'token-outer-blanks': ['CAVRA-E315', 'row 35: blanks around a token'],
  'not-configured-no-issuer': ['CAVRA-E211', 'row 22: a configuration error'],
};

/** Refused by both: the code that ours gives. */
const CODES: Readonly<Record<string, string>> = {
  'aud-empty-list': 'CAVRA-E317',
  'aud-other': 'CAVRA-E317',
  'aud-number': 'CAVRA-E315',
  'iss-other': 'CAVRA-E317',
  'iss-trailing-slash': 'CAVRA-E317',
  'exp-now-half-second-later': 'CAVRA-E318',
  'exp-zero': 'CAVRA-E318',
  'exp-negative': 'CAVRA-E318',
  'repository-other': 'CAVRA-E319',
  'repository-number': 'CAVRA-E315',
  'repository-empty': 'CAVRA-E319',
  'workflow-mismatch': 'CAVRA-E319',
  'run_attempt-mismatch': 'CAVRA-E319',
  'ref-mismatch': 'CAVRA-E319',
  'actor-mismatch': 'CAVRA-E319',
  'workflow-and-sha-mismatch': 'CAVRA-E319',
  'identity-no-repository': 'CAVRA-E302',
  'identity-other-provider': 'CAVRA-E319',
  // Row 21 lets these platforms' tokens in, but the recorded ones have no iat.
  'gitlab-real-shape': 'CAVRA-E315',
  'gitlab-self-hosted': 'CAVRA-E315',
  'azure-real-shape': 'CAVRA-E315',
  'alg-hs256': 'CAVRA-E316',
  'alg-rs512-header': 'CAVRA-E316',
  'alg-missing': 'CAVRA-E315',
  'alg-number': 'CAVRA-E315',
  'kid-missing': 'CAVRA-E315',
  'kid-unknown': 'CAVRA-E316',
  'kid-of-ec-key': 'CAVRA-E316',
  'kid-of-other-key': 'CAVRA-E316',
  'header-array': 'CAVRA-E315',
  'header-null': 'CAVRA-E315',
  'claims-array': 'CAVRA-E315',
  'claims-not-json': 'CAVRA-E315',
  'claims-trailing-text': 'CAVRA-E315',
  'claims-swapped': 'CAVRA-E316',
  'signature-empty': 'CAVRA-E315',
  'signature-truncated': 'CAVRA-E315',
  'signature-padded-base64': 'CAVRA-E315',
  'signature-standard-alphabet': 'CAVRA-E315',
  'token-four-parts': 'CAVRA-E315',
  'token-empty': 'CAVRA-E315',
  'token-header-bad-base64': 'CAVRA-E315',
  'token-claims-bad-base64': 'CAVRA-E315',
  'file jwks-duplicate-kid.json': 'CAVRA-E316',
  'file jwks-padded-modulus.json': 'CAVRA-E316',
  'file jwks-no-modulus.json': 'CAVRA-E316',
  'file jwks-not-json.json': 'CAVRA-E314',
  'file jwks-keys-object.json': 'CAVRA-E314',
  'file jwks-absent.json': 'CAVRA-E314',
};

/** Keys from a file, as the composition reads them; whether it can be read is said on the first question. */
function fileSource(name: string): JwksSource {
  return {
    async get() {
      try {
        return parseJwks(readFileSync(new URL(name, VECTORS)));
      } catch (error) {
        if (error instanceof AuthenticationError) {
          throw error;
        }
        throw new AuthenticationError('CAVRA-E314', 'the JWKS file cannot be read', { cause: error });
      }
    },
  };
}

const PLATFORMS = {
  'https://gitlab.com': 'gitlab-ci',
  'https://gitlab.corp.example': 'gitlab-ci',
  'https://vstoken.dev.azure.com/00000000-0000-0000-0000-000000000001': 'azure-pipelines',
} as const;

async function verify({ config, clock, identity, token }: Case) {
  const provider = Object.entries(PLATFORMS).find(([issuer]) => issuer === config.issuer)?.[1] ?? 'github-actions';
  const authenticator = createOidcAuthenticator({
    provider,
    issuer: config.issuer,
    audience: config.audience,
    algorithms: ['RS256'],
    maxTokenAgeSeconds: 900,
    // GitHub sends jti as well, but the recorded tokens have none.
    requiredClaims: ['nbf'],
    jwks: fileSource(config.jwks_file),
    now: () => Date.parse(clock),
  });
  return authenticator.authenticate({}, { identity, algorithm: 'OIDC-JWT', signature: token });
}

describe('vectors/oidc', () => {
  it('has the 75 recorded cases, each named once below when it is refused', () => {
    expect(CASES).toHaveLength(75);
    const refused = CASES.filter(({ ok, name }) => !ok || name in DEVIATIONS).map(({ name }) => name);
    expect([...Object.keys(CODES), ...Object.keys(DEVIATIONS)].sort()).toEqual(refused.sort());
    expect(Object.keys(DEVIATIONS).every((name) => CASES.find((one) => one.name === name)?.ok)).toBe(true);
  });

  it.each(CASES.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const code = DEVIATIONS[name]?.[0] ?? CODES[name];
    if (code === undefined) {
      await expect(verify(one)).resolves.toMatchObject({ method: 'oidc', identity: one.identity });
      return;
    }
    const error = await rejectionOf(verify(one));
    expect(error).toBeInstanceOf(code.startsWith('CAVRA-E2') ? ConfigurationError : AuthenticationError);
    expect(error).toMatchObject({ code });
    for (const part of one.token.split('.').filter((text) => text.length > 4)) {
      expect(String(error instanceof Error && error.stack)).not.toContain(part);
    }
  });
});
