import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeBase64url } from '../../../../../src/domain/auth/oidc/token/base64url.ts';
import { parseJwks, selectKey } from '../../../../../src/domain/auth/oidc/token/jwks.ts';
import { AuthenticationError } from '../../../../../src/domain/diagnosis.ts';
import { refusalOf } from '../../../../support/refusal.ts';
import { ecKey, jwksBytes, rsaKey } from '../../../../support/tokens.ts';

const RSA = rsaKey('k').jwk;
const EC = ecKey('k').jwk;

function select(jwk: unknown, algorithm: 'RS256' | 'ES256' = 'RS256') {
  return selectKey(parseJwks(jwksBytes(jwk)), 'k', algorithm);
}

/** A modulus of this many bits; only its size is looked at. */
function modulus(bits: number): string {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  bytes[0] = 2 ** (((bits - 1) % 8) + 1) - 1;
  return bytes.toString('base64url');
}

describe('selectKey', () => {
  it.each<[string, object]>([
    ['as it is', {}],
    ['without alg and use', { alg: undefined, use: undefined }],
    ['with key_ops that include verify', { key_ops: ['sign', 'verify'] }],
    ['with members that are not known', { x5t: 'AAAA', x5c: ['AAAA'], issuer: 'https://example.org' }],
    [
      'with a leading zero octet',
      { n: Buffer.concat([Buffer.alloc(1), Buffer.from(String(RSA['n']), 'base64url')]).toString('base64url') },
    ],
    ['of 2048 bits', { n: modulus(2048) }],
    ['of 4096 bits', { n: modulus(4096) }],
  ])('finds an RSA key %s', (_, members) => {
    expect(select({ ...RSA, ...members })).toMatchObject({ found: true });
  });

  it('finds a P-256 key for ES256 only', () => {
    expect(select(EC, 'ES256')).toMatchObject({ found: true });
    expect(select(EC)).toMatchObject({ found: false, unknown: false });
    expect(select(RSA, 'ES256')).toMatchObject({ found: false, unknown: false });
  });

  it.each<[string, unknown, RegExp]>([
    ['for encryption', { ...RSA, use: 'enc' }, /use/],
    ['whose use is no string', { ...RSA, use: ['sig'] }, /use/],
    ['that only signs', { ...RSA, key_ops: ['sign'] }, /key_ops/],
    ['whose key_ops are text', { ...RSA, key_ops: 'verify' }, /key_ops/],
    ['for another algorithm', { ...RSA, alg: 'RS512' }, /alg/],
    ['for PSS', { ...RSA, alg: 'PS256' }, /alg/],
    ['of 1024 bits', { ...RSA, n: modulus(1024) }, /1024 bits/],
    ['of 2047 bits', { ...RSA, n: modulus(2047) }, /2047 bits/],
    ['of 4097 bits', { ...RSA, n: modulus(4097) }, /4097 bits/],
    ['of a million bits', { ...RSA, n: modulus(1_000_000) }, /missing or not base64url/],
    [
      'padded up to size',
      { ...RSA, n: Buffer.concat([Buffer.alloc(200), Buffer.alloc(64, 0xff)]).toString('base64url') },
      /512 bits/,
    ],
    ['with e = 3', { ...RSA, e: 'Aw' }, /exponent/],
    ['with e = 1', { ...RSA, e: 'AQ' }, /exponent/],
    ['without e', { ...RSA, e: undefined }, /missing/],
    ['without n', { ...RSA, n: undefined }, /missing/],
    ['with n in base64', { ...RSA, n: `${String(RSA['n']).slice(0, -1)}+` }, /base64url/],
    ['with padding', { ...RSA, n: `${RSA['n']}==` }, /base64url/],
    ['with an even modulus', { ...RSA, n: Buffer.alloc(256, 0xfe).toString('base64url') }, /even/],
    ['with its private half', { ...RSA, d: 'AAAA' }, /more than a public key/],
    ['that is symmetric', { kid: 'k', kty: 'oct', k: 'AAAA' }, /more than a public key/],
    ['of another type', { kid: 'k', kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }, /kty/],
    ['of a type in lower case', { ...RSA, kty: 'rsa' }, /kty/],
    ['on another curve', ecKey('k', 'P-384').jwk, /P-256/],
    ['beside its curve', { ...EC, y: EC['x'] }, /not a valid key/],
    ['with a short coordinate', { ...EC, x: 'AAAA' }, /32 bytes/],
    ['of EC for RS256', { ...EC, alg: 'RS256' }, /alg/],
  ])('refuses a key %s', (_, jwk, reason) => {
    expect(select(jwk)).toEqual({ found: false, unknown: false, reason: expect.stringMatching(reason) });
  });

  it.each<[string, unknown]>([
    ['has another id', { ...RSA, kid: 'K' }],
    ['has no id', { ...RSA, kid: undefined }],
    ['has a number for its id', { ...RSA, kid: 7 }],
    ['is no object', 'k'],
    ['is null', null],
  ])('does not know a key that %s', (_, jwk) => {
    expect(select(jwk)).toMatchObject({ found: false, unknown: true });
  });

  it('uses neither of two keys of one id, even when only one could be used', () => {
    const jwks = parseJwks(jwksBytes(RSA, { ...RSA, use: 'enc' }, rsaKey('other').jwk));
    expect(selectKey(jwks, 'k', 'RS256')).toEqual({
      found: false,
      unknown: false,
      reason: expect.stringContaining('more than one key'),
    });
    expect(selectKey(jwks, 'other', 'RS256')).toMatchObject({ found: true });
  });

  it('takes a key of exponent 3 for what it is', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    expect(select({ ...publicKey.export({ format: 'jwk' }), kid: 'k' })).toMatchObject({ found: false });
  });
});

describe('parseJwks', () => {
  it.each<[string, string, RegExp]>([
    ['HTML', '<html>maintenance</html>', /not valid JSON/],
    ['nothing', '', /not valid JSON/],
    ['a list', '[]', /no list of keys/],
    ['null', 'null', /no list of keys/],
    ['no keys', '{}', /no list of keys/],
    ['keys that are null', '{"keys":null}', /no list of keys/],
    ['keys in an object', '{"keys":{}}', /no list of keys/],
    ['keys twice', '{"keys":[],"keys":[]}', /two members of this name/],
    ['a deep one', `{"keys":${'['.repeat(100_000)}`, /nested deeper/],
    ['more keys than any issuer has', JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) }), /101 keys/],
    ['too large a one', ' '.repeat(256 * 1024 + 1), /bytes/],
  ])('refuses %s', (_, text, message) => {
    const error = refusalOf(() => parseJwks(Buffer.from(text)));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'CAVRA-E314', message: expect.stringMatching(message) });
  });
});

describe('decodeBase64url', () => {
  it.each(['AA', 'AAA', 'AAAA', '-_-_'])('decodes %j', (text) => {
    expect(decodeBase64url(text)?.toString('base64url')).toBe(text);
  });

  it.each(['', 'A', 'AB', 'AAB', 'AA==', 'AAA=', '+/+/', 'AA AA', 'AAAA\n', 'ÄÄÄÄ', 'AAAAA'])('refuses %j', (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});
