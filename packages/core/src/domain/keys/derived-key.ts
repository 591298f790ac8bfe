import { Buffer } from 'node:buffer';
import { hkdfSync, type KeyObject } from 'node:crypto';
import { ConfigurationError } from '../diagnosis.ts';
import { MAX_KEY_ID_LENGTH } from '../limits.ts';
import type { HmacSigningKey } from './hmac-keys.ts';

/**
 * The evidence key that an attestation key stands for, so that a job keeps one secret instead of two (docs/key-custody.md). The derivation
 * goes one way: whoever holds the HMAC key cannot sign checkpoints.
 */

const DERIVATION_INFO = 'cavra.release-governance.evidence-hmac.v1';
const DERIVED_KEY_BYTES = 32;
const SUFFIX = '.hmac';

/** The id of the evidence key that is derived from an attestation key. */
export function derivedKeyId(attestationKeyId: string): string {
  return `${attestationKeyId}${SUFFIX}`;
}

/** The id of the attestation key that an evidence key's id says it is derived from; undefined: it says no such thing. */
export function derivedFromId(keyId: string): string | undefined {
  return keyId.endsWith(SUFFIX) && keyId.length > SUFFIX.length ? keyId.slice(0, -SUFFIX.length) : undefined;
}

/**
 * Derives the evidence key: HKDF-SHA256 of the Ed25519 key's 32-byte seed, without salt, as 64 lower-case hex digits whose bytes are the
 * key. Text, so that it reaches a Go verifier through its environment.
 *
 * @throws ConfigurationError CAVRA-E207 its id would be too long
 */
export function deriveEvidenceKey(key: { readonly id: string; readonly privateKey: KeyObject }): HmacSigningKey {
  const id = derivedKeyId(key.id);
  if (id.length > MAX_KEY_ID_LENGTH) {
    const most = MAX_KEY_ID_LENGTH - SUFFIX.length;
    const message = `the id of the attestation key has ${key.id.length} characters; at most ${most} leave room for that of the evidence key derived from it`;
    throw new ConfigurationError('CAVRA-E207', message);
  }
  const seed = Buffer.from(key.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const derived = hkdfSync('sha256', seed, Buffer.alloc(0), DERIVATION_INFO, DERIVED_KEY_BYTES);
  return { id, secret: Buffer.from(Buffer.from(derived).toString('hex'), 'utf8') };
}
