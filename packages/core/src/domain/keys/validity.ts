import type { HmacVerificationKey, KeyStatus } from './hmac-keys.ts';

export type KeyValidity = 'valid' | 'not_yet_valid' | 'expired' | 'revoked';

/** The members of a key that say when it counts. Times are Unix milliseconds. */
export type KeyPeriod = Pick<HmacVerificationKey, 'notBefore' | 'notAfter' | 'revokedAt'> & {
  readonly status: KeyStatus;
};

/**
 * Whether a signature that was made at `atMs` counts: the one rule for every kind of key and every verifier (design.md section 5.3).
 * A retired key keeps verifying what it signed within its period. A revoked key counts for nothing, because the time in a record is
 * the signer's own word, unless somebody else vouches for that time.
 *
 * @param atMs when the signature was made, Unix milliseconds
 * @param timeIsAnchored true only when `atMs` is not the signer's word alone, but under a checkpoint older than the revocation
 */
export function keyValidity(key: KeyPeriod, atMs: number, timeIsAnchored = false): KeyValidity {
  if (key.status === 'revoked' && !(timeIsAnchored && key.revokedAt !== undefined && atMs < key.revokedAt)) {
    return 'revoked';
  }
  // Written so that a time that is no number is in no period.
  if (key.notBefore !== undefined && !(atMs >= key.notBefore)) {
    return 'not_yet_valid';
  }
  if (key.notAfter !== undefined && !(atMs < key.notAfter)) {
    return 'expired';
  }
  return 'valid';
}
