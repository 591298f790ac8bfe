import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';

const PREFIX = 'cavra.key-fingerprint.v1\n';
const OWN_ID_DIGITS = 16;

/**
 * SHA-256 over the line `cavra.key-fingerprint.v1` and the key's bytes, lower-case hex: `secret_sha256` of a keyring. The line in front
 * matters: HMAC itself takes the SHA-256 of a key above 64 bytes in its place, so that a plain digest would be the key.
 */
export function keyFingerprint(secret: Uint8Array): string {
  return createHash('sha256').update(PREFIX).update(secret).digest('hex');
}

/** Whether a key has this fingerprint. */
export function hasFingerprint(secret: Uint8Array, fingerprint: string): boolean {
  return timingSafeEqual(Buffer.from(keyFingerprint(secret)), Buffer.from(fingerprint));
}

/** The id of an HMAC key that was given none: `k-` and the first 16 digits of its fingerprint. */
export function ownKeyId(secret: Uint8Array): string {
  return `k-${keyFingerprint(secret).slice(0, OWN_ID_DIGITS)}`;
}
