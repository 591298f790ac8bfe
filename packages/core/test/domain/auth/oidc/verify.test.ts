import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createNonceMemory } from '../../../../src/domain/auth/nonce-memory.ts';
import { oidcProof } from '../../../../src/domain/auth/oidc/proof.ts';
import { createOidcAuthenticator, type OidcAuthenticatorOptions } from '../../../../src/domain/auth/oidc/verify.ts';
import { AuthenticationError, ConfigurationError } from '../../../../src/domain/diagnosis.ts';
import { refusalOf, rejectionOf } from '../../../support/refusal.ts';
import {
  ecKey,
  encode,
  GITHUB_CLAIMS,
  GITHUB_IDENTITY,
  ISSUED_AT,
  jwksBytes,
  jwksSource,
  rsaKey,
  token,
} from '../../../support/tokens.ts';

const KEY = rsaKey('key-1');
const OTHER = rsaKey('key-2');
const EC = ecKey('key-ec');
const JWKS = jwksBytes(KEY.jwk, OTHER.jwk, EC.jwk);
const HEADER = { alg: 'RS256', kid: 'key-1', typ: 'JWT' };
const GOOD = token(KEY, GITHUB_CLAIMS);
const REQUEST = { target: 'prod' };

function authenticator(options: Partial<OidcAuthenticatorOptions> = {}) {
  return createOidcAuthenticator({
    provider: 'github-actions',
    issuer: GITHUB_CLAIMS.iss,
    audience: GITHUB_CLAIMS.aud,
    algorithms: ['RS256'],
    maxTokenAgeSeconds: 900,
    requiredClaims: ['jti', 'nbf'],
    jwks: jwksSource(JWKS),
    now: () => (ISSUED_AT + 10) * 1000,
    ...options,
  });
}

function authenticate(jwt: string, options: Partial<OidcAuthenticatorOptions> = {}) {
  const auth = { identity: GITHUB_IDENTITY, algorithm: 'OIDC-JWT', signature: jwt };
  return authenticator(options).authenticate(REQUEST, auth);
}

async function codeOf(answer: Promise<unknown>, jwt = ''): Promise<unknown> {
  const error = await rejectionOf(answer);
  expect(error).toBeInstanceOf(AuthenticationError);
  const shown = error instanceof Error ? `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}` : '';
  for (const part of jwt.split('.').filter((text) => text.length > 8)) {
    expect(shown).not.toContain(part);
  }
  return error instanceof AuthenticationError ? error.code : undefined;
}

describe('a true token', () => {
  it('authenticates the runner and says what is proven', async () => {
    const auth = oidcProof(GITHUB_IDENTITY, GOOD);
    expect(auth.key_id).toBe('key-1');
    const runner = await authenticator().authenticate(REQUEST, auth);
    expect(runner).toEqual({
      method: 'oidc',
      identity: GITHUB_IDENTITY,
      keyId: 'key-1',
      verified: ['provider', 'repository', 'workflow', 'run_id', 'run_attempt', 'ref', 'sha', 'actor'],
      unverified: ['job', 'runner_name'],
      claims: GITHUB_CLAIMS,
      notes: [expect.stringContaining('not remembered')],
    });
  });

  it.each([
    ['a list of exactly our audience', { ...GITHUB_CLAIMS, aud: [GITHUB_CLAIMS.aud] }, {}],
    ['an end that is far away', { ...GITHUB_CLAIMS, exp: 253_402_300_799 }, {}],
    ['an issuer whose clock is 60 s ahead', GITHUB_CLAIMS, { now: () => (ISSUED_AT - 60) * 1000 }],
    ['the last moment before its end', GITHUB_CLAIMS, { now: () => (ISSUED_AT + 300) * 1000 }],
    ['the greatest age', { ...GITHUB_CLAIMS, exp: ISSUED_AT + 9_999 }, { now: () => (ISSUED_AT + 900) * 1000 }],
  ])('is accepted with %s', async (_, claims, options) => {
    await expect(authenticate(token(KEY, claims), options)).resolves.toMatchObject({ keyId: 'key-1' });
  });

  it('is accepted with ES256 only where that is pinned', async () => {
    const jwt = token(EC, GITHUB_CLAIMS, { alg: 'ES256', kid: 'key-ec' });
    await expect(authenticate(jwt, { algorithms: ['RS256', 'ES256'] })).resolves.toMatchObject({ keyId: 'key-ec' });
    expect(await codeOf(authenticate(jwt), jwt)).toBe('CAVRA-E316');
  });
});

/** HS256 with the public key, as it is published, for the secret. */
function confusedToken(): string {
  const input = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(GITHUB_CLAIMS)}`;
  const secret = JSON.stringify(KEY.jwk);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const [HEAD = '', BODY = '', SIGNATURE = ''] = GOOD.split('.');
const claimsText = JSON.stringify(GITHUB_CLAIMS);
const deep = '['.repeat(200_000);

describe('a lie', () => {
  it.each<[string, string, string]>([
    ['alg none', token(KEY, GITHUB_CLAIMS, { ...HEADER, alg: 'none' }), 'CAVRA-E316'],
    ['alg none without signature', `${encode({ ...HEADER, alg: 'none' })}.${BODY}.`, 'CAVRA-E315'],
    ['HS256 under the public key', confusedToken(), 'CAVRA-E316'],
    ['RS512', token(KEY, GITHUB_CLAIMS, { ...HEADER, alg: 'RS512' }), 'CAVRA-E316'],
    ['alg in other case', token(KEY, GITHUB_CLAIMS, { ...HEADER, alg: 'rs256' }), 'CAVRA-E316'],
    ['a foreign key under a known kid', token({ ...rsaKey('key-1') }, GITHUB_CLAIMS), 'CAVRA-E316'],
    ['the kid of another key', token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: 'key-2' }), 'CAVRA-E316'],
    ['the kid of an EC key', token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: 'key-ec' }), 'CAVRA-E316'],
    ['an unknown kid', token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: 'nobody' }), 'CAVRA-E316'],
    ['no kid', token(KEY, GITHUB_CLAIMS, { alg: 'RS256' }), 'CAVRA-E315'],
    ['an empty kid', token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: '' }), 'CAVRA-E315'],
    ['a kid that is a number', token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: 1 }), 'CAVRA-E315'],
    ['a kid twice', token(KEY, GITHUB_CLAIMS, '{"alg":"RS256","kid":"key-2","kid":"key-1"}'), 'CAVRA-E315'],
    ['a jku header', token(KEY, GITHUB_CLAIMS, { ...HEADER, jku: 'https://evil.example/jwks' }), 'CAVRA-E315'],
    ['an x5u header', token(KEY, GITHUB_CLAIMS, { ...HEADER, x5u: 'https://evil.example/x5u' }), 'CAVRA-E315'],
    ['a jwk header', token(OTHER, GITHUB_CLAIMS, { ...HEADER, kid: 'mine', jwk: OTHER.jwk }), 'CAVRA-E315'],
    ['an x5c header', token(KEY, GITHUB_CLAIMS, { ...HEADER, x5c: ['AAAA'] }), 'CAVRA-E315'],
    ['an unknown crit', token(KEY, GITHUB_CLAIMS, { ...HEADER, crit: ['exp'], exp: 1 }), 'CAVRA-E315'],
    ['an unencoded payload', token(KEY, GITHUB_CLAIMS, { ...HEADER, b64: false }), 'CAVRA-E315'],
    ['another type', token(KEY, GITHUB_CLAIMS, { ...HEADER, typ: 'dpop+jwt' }), 'CAVRA-E315'],
    ['a foreign issuer', token(KEY, { ...GITHUB_CLAIMS, iss: 'https://github.com.evil.example' }), 'CAVRA-E317'],
    [
      'an issuer that begins like ours',
      token(KEY, { ...GITHUB_CLAIMS, iss: `${GITHUB_CLAIMS.iss}.evil` }),
      'CAVRA-E317',
    ],
    ['a trailing slash', token(KEY, { ...GITHUB_CLAIMS, iss: `${GITHUB_CLAIMS.iss}/` }), 'CAVRA-E317'],
    ['an issuer in other case', token(KEY, { ...GITHUB_CLAIMS, iss: GITHUB_CLAIMS.iss.toUpperCase() }), 'CAVRA-E317'],
    ['an issuer that is a list', token(KEY, { ...GITHUB_CLAIMS, iss: [GITHUB_CLAIMS.iss] }), 'CAVRA-E315'],
    ['no issuer', token(KEY, { ...GITHUB_CLAIMS, iss: undefined }), 'CAVRA-E315'],
    ['another audience', token(KEY, { ...GITHUB_CLAIMS, aud: 'sts.amazonaws.com' }), 'CAVRA-E317'],
    ['two audiences', token(KEY, { ...GITHUB_CLAIMS, aud: [GITHUB_CLAIMS.aud, 'other'] }), 'CAVRA-E317'],
    ['our audience twice', token(KEY, { ...GITHUB_CLAIMS, aud: [GITHUB_CLAIMS.aud, GITHUB_CLAIMS.aud] }), 'CAVRA-E317'],
    ['no audience in the list', token(KEY, { ...GITHUB_CLAIMS, aud: [] }), 'CAVRA-E317'],
    ['an audience within a list', token(KEY, { ...GITHUB_CLAIMS, aud: [[GITHUB_CLAIMS.aud]] }), 'CAVRA-E315'],
    ['no audience', token(KEY, { ...GITHUB_CLAIMS, aud: undefined }), 'CAVRA-E315'],
    ['no sub', token(KEY, { ...GITHUB_CLAIMS, sub: undefined }), 'CAVRA-E315'],
    ['no jti', token(KEY, { ...GITHUB_CLAIMS, jti: undefined }), 'CAVRA-E315'],
    ['no nbf', token(KEY, { ...GITHUB_CLAIMS, nbf: undefined }), 'CAVRA-E315'],
    ['no exp', token(KEY, { ...GITHUB_CLAIMS, exp: undefined }), 'CAVRA-E315'],
    ['no iat', token(KEY, { ...GITHUB_CLAIMS, iat: undefined }), 'CAVRA-E315'],
    ['exp as a string', token(KEY, { ...GITHUB_CLAIMS, exp: String(GITHUB_CLAIMS.exp) }), 'CAVRA-E315'],
    ['exp with a fraction', token(KEY, { ...GITHUB_CLAIMS, exp: GITHUB_CLAIMS.exp + 0.5 }), 'CAVRA-E315'],
    ['exp as 1e400', token(KEY, claimsText.replace(`"exp":${GITHUB_CLAIMS.exp}`, '"exp":1e400')), 'CAVRA-E315'],
    ['exp null', token(KEY, { ...GITHUB_CLAIMS, exp: null }), 'CAVRA-E315'],
    ['an end in the past', token(KEY, { ...GITHUB_CLAIMS, exp: ISSUED_AT + 9 }), 'CAVRA-E318'],
    ['a negative end', token(KEY, { ...GITHUB_CLAIMS, exp: -1 }), 'CAVRA-E318'],
    ['an issue in the future', token(KEY, { ...GITHUB_CLAIMS, iat: ISSUED_AT + 71 }), 'CAVRA-E318'],
    ['a start in the future', token(KEY, { ...GITHUB_CLAIMS, nbf: ISSUED_AT + 71 }), 'CAVRA-E318'],
    ['a far too old issue', token(KEY, { ...GITHUB_CLAIMS, iat: ISSUED_AT - 891 }), 'CAVRA-E318'],
    ['an issue in 1970', token(KEY, { ...GITHUB_CLAIMS, iat: 0 }), 'CAVRA-E318'],
    ['a claim twice', token(KEY, claimsText.replace('{', '{"repository":"attacker/repo",')), 'CAVRA-E315'],
    ['a claim twice, once escaped', token(KEY, claimsText.replace('{', '{"\\u0069ss":"x",')), 'CAVRA-E315'],
    ['a payload 200,000 deep', `${HEAD}.${encode(deep)}.${SIGNATURE}`, 'CAVRA-E315'],
    [
      'a payload 33 deep',
      token(KEY, { ...GITHUB_CLAIMS, x: JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`) }),
      'CAVRA-E315',
    ],
    ['10 MB', `${HEAD}.${encode('x'.repeat(7_500_000))}.${SIGNATURE}`, 'CAVRA-E315'],
    ['one byte too many', `${'x'.repeat(16 * 1024 - 1)}.${'y'}`, 'CAVRA-E315'],
    ['claims that are a list', token(KEY, [GITHUB_CLAIMS]), 'CAVRA-E315'],
    [
      'claims that are not UTF-8',
      `${HEAD}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${SIGNATURE}`,
      'CAVRA-E315',
    ],
    ['claims changed after signing', `${HEAD}.${encode({ ...GITHUB_CLAIMS, actor: 'me' })}.${SIGNATURE}`, 'CAVRA-E316'],
    ['another signature', `${HEAD}.${BODY}.${encode('x'.repeat(256))}`, 'CAVRA-E316'],
    ['no signature', `${HEAD}.${BODY}.`, 'CAVRA-E315'],
    ['padding', `${HEAD}.${BODY}.${SIGNATURE}==`, 'CAVRA-E315'],
    ['a line end inside', `${HEAD}.${BODY.slice(0, 40)}\n${BODY.slice(40)}.${SIGNATURE}`, 'CAVRA-E315'],
    ['a line end at the end', `${GOOD}\n`, 'CAVRA-E315'],
    ['blanks around', ` ${GOOD} `, 'CAVRA-E315'],
    ['four parts', `${GOOD}.`, 'CAVRA-E315'],
    ['five parts, as an encrypted token has', `${GOOD}.AAAA.AAAA`, 'CAVRA-E315'],
    ['two parts', `${HEAD}.${BODY}`, 'CAVRA-E315'],
    ['JSON serialization', JSON.stringify({ protected: HEAD, payload: BODY, signature: SIGNATURE }), 'CAVRA-E315'],
    ['nothing at all', '', 'CAVRA-E315'],
    ['another repository', token(KEY, { ...GITHUB_CLAIMS, repository: 'attacker/repo' }), 'CAVRA-E319'],
  ])('with %s is refused', async (_, jwt, code) => {
    expect(await codeOf(authenticate(jwt), jwt)).toBe(code);
  });

  it('is refused by its size before anything is decoded', async () => {
    const huge = `${'A'.repeat(100_000_000)}.A.A`;
    expect(await codeOf(authenticate(huge))).toBe('CAVRA-E315');
  });

  it('never makes the source look anywhere but at its own keys', async () => {
    const jwks = jwksSource(JWKS);
    await codeOf(authenticate(token(KEY, GITHUB_CLAIMS, { ...HEADER, jku: 'https://evil.example' }), { jwks }));
    await codeOf(authenticate(token(KEY, GITHUB_CLAIMS, { ...HEADER, kid: 'key-2' }), { jwks }));
    expect(jwks.refreshes).toBe(0);
  });

  it('about the key id, the algorithm or the provider is refused', async () => {
    const auth = oidcProof(GITHUB_IDENTITY, GOOD);
    const gate = authenticator();
    expect(await codeOf(gate.authenticate(REQUEST, { ...auth, key_id: 'key-2' }))).toBe('CAVRA-E319');
    expect(await codeOf(gate.authenticate(REQUEST, { ...auth, algorithm: 'HMAC-SHA256' }))).toBe('CAVRA-E306');
    const identity = { ...GITHUB_IDENTITY, provider: 'gitlab-ci' };
    expect(await codeOf(gate.authenticate(REQUEST, { ...auth, identity }))).toBe('CAVRA-E319');
    expect(await codeOf(gate.authenticate(REQUEST, undefined))).toBe('CAVRA-E301');
  });
});

describe('key rotation', () => {
  it('looks for an unknown key once more, and only once', async () => {
    const rotated = jwksSource(jwksBytes(OTHER.jwk), JWKS);
    await expect(authenticate(GOOD, { jwks: rotated })).resolves.toMatchObject({ keyId: 'key-1' });
    expect(rotated.refreshes).toBe(1);
    const stale = jwksSource(jwksBytes(OTHER.jwk));
    expect(await codeOf(authenticate(GOOD, { jwks: stale }))).toBe('CAVRA-E316');
    expect(stale.refreshes).toBe(1);
  });

  it('passes on that the keys cannot be had', async () => {
    const reason = new AuthenticationError('CAVRA-E314', 'no keys');
    expect(await codeOf(authenticate(GOOD, { jwks: { get: () => Promise.reject(reason) } }))).toBe('CAVRA-E314');
  });
});

describe('replay', () => {
  it('is noticed for the same request where token ids are remembered', async () => {
    const gate = authenticator({ replay: createNonceMemory(10) });
    const auth = oidcProof(GITHUB_IDENTITY, GOOD);
    await expect(gate.authenticate(REQUEST, auth)).resolves.toMatchObject({ notes: [] });
    await expect(gate.authenticate({ target: 'other' }, auth)).resolves.toMatchObject({ notes: [] });
    expect(await codeOf(gate.authenticate(REQUEST, auth))).toBe('CAVRA-E305');
  });

  it('cannot be ruled out when the memory is full, or the token has no id', async () => {
    const full = authenticator({ replay: createNonceMemory(0) });
    expect(await codeOf(full.authenticate(REQUEST, oidcProof(GITHUB_IDENTITY, GOOD)))).toBe('CAVRA-E308');
    const nameless = token(KEY, { ...GITHUB_CLAIMS, jti: undefined });
    const options = { requiredClaims: [], replay: createNonceMemory(10) };
    expect(await codeOf(authenticate(nameless, options))).toBe('CAVRA-E315');
  });
});

describe('createOidcAuthenticator', () => {
  it.each<[string, Partial<OidcAuthenticatorOptions>]>([
    ['no issuer', { issuer: '' }],
    ['no audience', { audience: '' }],
    ['no algorithm', { algorithms: [] }],
    ['no age', { maxTokenAgeSeconds: 0 }],
    ['an age that is no number', { maxTokenAgeSeconds: Number.NaN }],
  ])('refuses trust with %s', (_, options) => {
    const error = refusalOf(() => authenticator(options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E211' });
  });
});
