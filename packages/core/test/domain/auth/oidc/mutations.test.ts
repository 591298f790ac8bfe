import { describe, expect, it } from '@jest/globals';
import { parseJwks } from '../../../../src/domain/auth/oidc/token/jwks.ts';
import { createOidcAuthenticator } from '../../../../src/domain/auth/oidc/verify.ts';
import { AuthenticationError } from '../../../../src/domain/diagnosis.ts';
import type { Platform } from '../../../../src/domain/identity/sources.ts';
import type { RunnerIdentity } from '../../../../src/domain/wire/messages.ts';
import {
  AZURE_CLAIMS,
  AZURE_IDENTITY,
  AZURE_ORGANISATION,
  GITHUB_CLAIMS,
  GITHUB_IDENTITY,
  GITLAB_CLAIMS,
  GITLAB_IDENTITY,
  ISSUED_AT,
  jwksBytes,
  rsaKey,
  token,
} from '../../../support/tokens.ts';

const KEY = rsaKey('key-1');
const JWKS = parseJwks(jwksBytes(KEY.jwk));

const PLATFORMS: readonly (readonly [Platform, { readonly iss: string; readonly aud: string }, RunnerIdentity])[] = [
  ['github-actions', GITHUB_CLAIMS, GITHUB_IDENTITY],
  ['gitlab-ci', GITLAB_CLAIMS, GITLAB_IDENTITY],
  ['azure-pipelines', AZURE_CLAIMS, AZURE_IDENTITY],
];

function authenticator(provider: Platform, { iss, aud }: { readonly iss: string; readonly aud: string }) {
  return createOidcAuthenticator({
    provider,
    issuer: iss,
    audience: aud,
    algorithms: ['RS256'],
    maxTokenAgeSeconds: 900,
    requiredClaims: ['jti', 'nbf'],
    organisationId: AZURE_ORGANISATION,
    jwks: { get: async () => JWKS },
    now: () => (ISSUED_AT + 10) * 1000,
  });
}

/** `accepted`, the code of the refusal, or the raw error that must not be. */
async function outcome(
  gate: ReturnType<typeof authenticator>,
  identity: RunnerIdentity,
  jwt: string,
): Promise<unknown> {
  try {
    await gate.authenticate({}, { identity, algorithm: 'OIDC-JWT', signature: jwt });
    return 'accepted';
  } catch (error) {
    return error instanceof AuthenticationError ? error.code : error;
  }
}

const ODD_VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  7,
  1.5,
  1e300,
  2 ** 60,
  '',
  '\0',
  '\u{1f600}',
  '__proto__',
  [],
  [[]],
  [null],
  {},
  { a: {} },
];

describe('a changed token', () => {
  const jwt = token(KEY, GITHUB_CLAIMS);

  it('is refused whichever character is changed', async () => {
    const gate = authenticator('github-actions', GITHUB_CLAIMS);
    expect(await outcome(gate, GITHUB_IDENTITY, jwt)).toBe('accepted');
    for (let at = 0; at < jwt.length; at += 1) {
      const changed = `${jwt.slice(0, at)}${jwt[at] === 'A' ? 'B' : 'A'}${jwt.slice(at + 1)}`;
      expect([at, await outcome(gate, GITHUB_IDENTITY, changed)]).toEqual([
        at,
        expect.stringMatching(/^CAVRA-E31[56]$/),
      ]);
    }
  });

  it('is refused wherever it is cut', async () => {
    const gate = authenticator('github-actions', GITHUB_CLAIMS);
    for (let length = 0; length < jwt.length; length += 7) {
      expect(await outcome(gate, GITHUB_IDENTITY, jwt.slice(0, length))).toMatch(/^CAVRA-E31[56]$/);
    }
  });
});

describe('claims of odd values', () => {
  it.each(PLATFORMS)('never end %s in anything but a coded refusal', async (platform, claims, identity) => {
    const gate = authenticator(platform, claims);
    for (const name of [...Object.keys(claims), '__proto__', 'constructor', 'toString']) {
      for (const value of ODD_VALUES) {
        const text = JSON.stringify(Object.fromEntries([...Object.entries(claims), [name, value]]));
        const result = await outcome(gate, identity, token(KEY, text));
        expect([name, value, result]).toEqual([name, value, expect.stringMatching(/^(accepted|CAVRA-E31[5789])$/)]);
      }
    }
  });
});
