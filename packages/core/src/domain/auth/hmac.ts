import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ConfigurationError } from '../diagnosis.ts';
import type { HmacSigningKey } from '../keys/hmac-keys.ts';
import { MIN_SIGNING_KEY_BYTES } from '../limits.ts';
import type { RunnerAuth, RunnerIdentity } from '../wire/messages.ts';
import { identityPayload, type RequestBinding, requestPayload } from './payload.ts';

/** Both HMAC forms of wire-format.md section 3: making and checking the bytes. When and by whom is the authenticator's question. */

export const HMAC_IDENTITY = 'HMAC-SHA256';
export const HMAC_REQUEST = 'HMAC-SHA256-REQUEST';

/**
 * Signs the identity alone (`HMAC-SHA256`). Whoever reads the proof can put it on another request: use it only towards a daemon that
 * knows no better.
 *
 * @throws ConfigurationError CAVRA-E207 when the key is shorter than MIN_SIGNING_KEY_BYTES
 * @throws AuthenticationError CAVRA-E302 when the identity cannot be signed
 */
export function signIdentity(key: HmacSigningKey, identity: RunnerIdentity): RunnerAuth {
  requireStrongKey(key);
  const signature = mac(key.secret, identityPayload(identity)).toString('hex');
  return { identity, algorithm: HMAC_IDENTITY, ...(key.id ? { key_id: key.id } : {}), signature };
}

/**
 * Signs the identity together with the request, a time and a nonce (`HMAC-SHA256-REQUEST`).
 *
 * @throws ConfigurationError CAVRA-E207 when the key is shorter than MIN_SIGNING_KEY_BYTES
 * @throws AuthenticationError CAVRA-E302 when a value cannot be signed
 */
export function signRequest(
  key: HmacSigningKey,
  identity: RunnerIdentity,
  binding: Omit<RequestBinding, 'keyId'>,
): RunnerAuth {
  requireStrongKey(key);
  const payload = requestPayload(identity, { ...binding, keyId: key.id });
  const signature = `v2.${binding.issuedAt}.${binding.nonce}.${mac(key.secret, payload).toString('hex')}`;
  return { identity, algorithm: HMAC_REQUEST, ...(key.id ? { key_id: key.id } : {}), signature };
}

const SHA256_HEX = /^[0-9a-fA-F]{64}$/u;

/**
 * Whether `signature` (64 hex digits of either case) is the `HMAC-SHA256` of this identity. An empty secret verifies nothing.
 *
 * @throws AuthenticationError CAVRA-E302 when the identity is incomplete or ambiguous
 */
export function verifyIdentitySignature(secret: Uint8Array, identity: RunnerIdentity, signature: string): boolean {
  const payload = identityPayload(identity);
  return SHA256_HEX.test(signature) && macMatches(secret, payload, Buffer.from(signature, 'hex'));
}

/** The parts of a `v2.<issued_at>.<nonce>.<mac>` signature. */
export interface RequestSignature {
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly nonce: string;
  /** 32 bytes. */
  readonly mac: Uint8Array;
}

/** Twelve digits reach the year 33658, and every such number is exact. */
const REQUEST_SIGNATURE = /^v2\.(0|[1-9][0-9]{0,11})\.([0-9a-f]{32})\.([0-9a-f]{64})$/u;

/** Takes a request-bound signature apart; undefined when it is not in the one canonical form. */
export function parseRequestSignature(signature: string): RequestSignature | undefined {
  const match = REQUEST_SIGNATURE.exec(signature);
  if (match === null) {
    return undefined;
  }
  const [, issuedAt = '', nonce = '', hex = ''] = match;
  return { issuedAt: Number(issuedAt), nonce, mac: Buffer.from(hex, 'hex') };
}

/**
 * Whether a request-bound signature covers this identity and binding. An empty secret verifies nothing.
 *
 * @throws AuthenticationError CAVRA-E302 when a value is ambiguous
 */
export function verifyRequestSignature(
  secret: Uint8Array,
  identity: RunnerIdentity,
  binding: RequestBinding,
  expected: Uint8Array,
): boolean {
  return macMatches(secret, requestPayload(identity, binding), expected);
}

function mac(secret: Uint8Array, payload: string): Buffer {
  return createHmac('sha256', secret).update(payload, 'utf8').digest();
}

function macMatches(secret: Uint8Array, payload: string, claimed: Uint8Array): boolean {
  const computed = mac(secret, payload);
  return secret.length > 0 && claimed.length === computed.length && timingSafeEqual(computed, claimed);
}

function requireStrongKey(key: HmacSigningKey): void {
  if (key.secret.length < MIN_SIGNING_KEY_BYTES) {
    throw new ConfigurationError(
      'CAVRA-E207',
      `the runner key has ${key.secret.length} bytes, expected at least ${MIN_SIGNING_KEY_BYTES}`,
    );
  }
}
