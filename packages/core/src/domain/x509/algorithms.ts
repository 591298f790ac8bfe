import { type KeyObject, verify } from 'node:crypto';

/** Which digests and signatures count in certificates and timestamps. SHA-1 does not. */

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

/** The digest comes from elsewhere: rsaEncryption as CMS has it, and Ed25519, which has its own. */
const NO_DIGEST = null;

const SIGNATURES: ReadonlyMap<string, { readonly keyType: string; readonly digest: string | null }> = new Map([
  ['1.2.840.113549.1.1.1', { keyType: 'rsa', digest: NO_DIGEST }],
  ['1.2.840.113549.1.1.11', { keyType: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyType: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyType: 'rsa', digest: 'sha512' }],
  ['1.2.840.10045.4.3.2', { keyType: 'ec', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyType: 'ec', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyType: 'ec', digest: 'sha512' }],
  ['1.3.101.112', { keyType: 'ed25519', digest: NO_DIGEST }],
]);

const MIN_RSA_BITS = 2048;

/** The name of a digest in node:crypto; undefined: it does not count. */
export function digestOf(oid: string): string | undefined {
  return DIGESTS.get(oid);
}

/** Whether certificates may be signed with this algorithm. */
export function isKnownSignature(oid: string): boolean {
  return SIGNATURES.has(oid);
}

/**
 * Whether data is signed by a key with the algorithm that is named; false for one that does not count or is not the key's.
 *
 * @param digest name in node:crypto; what an algorithm that names no digest takes
 */
export function isSigned(
  data: Uint8Array,
  signature: Uint8Array,
  { oid, digest, key }: { readonly oid: string; readonly digest: string; readonly key: KeyObject },
): boolean {
  const algorithm = SIGNATURES.get(oid);
  if (algorithm === undefined || algorithm.keyType !== key.asymmetricKeyType || !isStrong(key)) return false;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : (algorithm.digest ?? digest);
  try {
    return verify(hash, data, key, signature);
  } catch {
    return false;
  }
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}
