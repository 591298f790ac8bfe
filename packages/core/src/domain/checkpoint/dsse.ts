import { Buffer } from 'node:buffer';
import { type KeyObject, sign, verify } from 'node:crypto';

/** Dead Simple Signing Envelope, version 1.0.2 (secure-systems-lab/dsse). */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** Which key signed, as the signer says; the signature does not cover it. */
  readonly keyId: string;
}

export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The pre-authentication encoding: what is signed. Lengths are bytes of UTF-8, in decimal. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

/** Signs a payload with an Ed25519 key; the signature has 64 bytes. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  key: { readonly id: string; readonly privateKey: KeyObject },
): Envelope {
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), key.privateKey);
  return { payloadType, payload, signature, keyId: key.id };
}

/** Whether the envelope's signature is that of an Ed25519 key. */
export function isSignedBy({ payloadType, payload, signature }: Envelope, publicKey: KeyObject): boolean {
  // The algorithm is that of the key, never one that the envelope names.
  return (
    publicKey.asymmetricKeyType === 'ed25519' &&
    verify(null, preAuthenticationEncoding(payloadType, payload), publicKey, signature)
  );
}
