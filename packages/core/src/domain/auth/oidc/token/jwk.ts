import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonList, JsonObject, type JsonValue } from '../../../json/value.ts';
import { MAX_RSA_KEY_BITS, MIN_RSA_KEY_BITS } from '../../../limits.ts';
import { decodeBase64url } from './base64url.ts';

/** The signature algorithms that a configuration may pin. */
export type SignatureAlgorithm = 'RS256' | 'ES256';

/** One key of a JWKS after inspection. `kid` is undefined when it has none, and then no token can name it. */
export type VettedKey = { readonly kid: string | undefined } & (
  | { readonly usable: true; readonly algorithm: SignatureAlgorithm; readonly publicKey: KeyObject }
  | { readonly usable: false; readonly reason: string }
);

/**
 * Inspects one JSON Web Key (RFC 7517, RFC 7518 section 6): an RSA key of 2048 to 4096 bits with e = 65537, or a P-256 key, meant for
 * verifying signatures. Never throws: a key set may hold keys that are not for us.
 */
export function vetJwk(value: JsonValue): VettedKey {
  if (!(value instanceof JsonObject)) {
    return { kid: undefined, usable: false, reason: 'it is not an object' };
  }
  const id = value.get('kid');
  const kid = typeof id === 'string' ? id : undefined;
  const result = vetPurpose(value) ?? readKey(value);
  return typeof result === 'string' ? { kid, usable: false, reason: result } : { kid, usable: true, ...result };
}

/** Members that only a private or a symmetric key has. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** What keeps the key from verifying signatures; undefined: nothing. */
function vetPurpose(jwk: JsonObject): string | undefined {
  if (SECRET_MEMBERS.some((name) => jwk.has(name))) {
    return 'it holds more than a public key';
  }
  if (jwk.has('use') && jwk.get('use') !== 'sig') {
    return 'its use is not sig';
  }
  const operations = jwk.get('key_ops');
  if (operations !== undefined && !includesVerify(operations)) {
    return 'its key_ops do not include verify';
  }
  return undefined;
}

function includesVerify(operations: JsonValue): boolean {
  return (
    operations !== null && typeof operations === 'object' && isJsonList(operations) && operations.includes('verify')
  );
}

interface ReadKey {
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: KeyObject;
}

/** The key, or why it is none. */
function readKey(jwk: JsonObject): ReadKey | string {
  const kty = jwk.get('kty');
  if (kty === 'RSA') {
    return readRsa(jwk);
  }
  return kty === 'EC' ? readEc(jwk) : 'its kty is neither RSA nor EC';
}

const PUBLIC_EXPONENT = 65_537n;

function readRsa(jwk: JsonObject): ReadKey | string {
  if (jwk.has('alg') && jwk.get('alg') !== 'RS256') {
    return 'its alg is not RS256';
  }
  const modulus = readNumber(jwk, 'n');
  const exponent = readNumber(jwk, 'e');
  if (modulus === undefined || exponent === undefined) {
    return 'its n or e is missing or not base64url';
  }
  const bits = modulus.toString(2).length;
  if (bits < MIN_RSA_KEY_BITS || bits > MAX_RSA_KEY_BITS) {
    return `its modulus has ${bits} bits, expected ${MIN_RSA_KEY_BITS} to ${MAX_RSA_KEY_BITS}`;
  }
  if (exponent !== PUBLIC_EXPONENT) {
    return `its public exponent is not ${PUBLIC_EXPONENT}`;
  }
  if (modulus % 2n === 0n) {
    return 'its modulus is even';
  }
  return importKey('RS256', { kty: 'RSA', n: text(jwk, 'n'), e: text(jwk, 'e') });
}

/** Reads a Base64urlUInt. Leading zero octets, which RFC 7518 section 2 forbids, are harmless and occur, so they are accepted. */
function readNumber(jwk: JsonObject, name: string): bigint | undefined {
  const encoded = text(jwk, name);
  // Far longer than any modulus that is allowed, and short enough to cost nothing.
  if (encoded.length > MAX_RSA_KEY_BITS) {
    return undefined;
  }
  const bytes = decodeBase64url(encoded);
  return bytes === undefined ? undefined : BigInt(`0x${bytes.toString('hex')}`);
}

const P256_COORDINATE_BYTES = 32;

function readEc(jwk: JsonObject): ReadKey | string {
  if (jwk.get('crv') !== 'P-256') {
    return 'its curve is not P-256';
  }
  if (jwk.has('alg') && jwk.get('alg') !== 'ES256') {
    return 'its alg is not ES256';
  }
  const coordinates = ['x', 'y'].map((name) => decodeBase64url(text(jwk, name)));
  if (coordinates.some((bytes) => bytes?.length !== P256_COORDINATE_BYTES)) {
    return 'its x or y is missing or not 32 bytes of base64url';
  }
  return importKey('ES256', { kty: 'EC', crv: 'P-256', x: text(jwk, 'x'), y: text(jwk, 'y') });
}

function importKey(algorithm: SignatureAlgorithm, jwk: Record<string, string>): ReadKey | string {
  try {
    return { algorithm, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch {
    return 'it is not a valid key';
  }
}

function text(jwk: JsonObject, name: string): string {
  const value = jwk.get(name);
  return typeof value === 'string' ? value : '';
}
