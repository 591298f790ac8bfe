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

/** Signs a payload with an Ed25519 key, whose signatures have 64 bytes, or one on P-256 with SHA-256, whose signatures are DER. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  key: { readonly id: string; readonly privateKey: KeyObject },
): Envelope {
  const digest = key.privateKey.asymmetricKeyType === 'ec' ? 'sha256' : null;
  const signature = sign(digest, preAuthenticationEncoding(payloadType, payload), key.privateKey);
  return { payloadType, payload, signature, keyId: key.id };
}

/** Whether the envelope's signature is that of an Ed25519 key, or of one on P-256. */
export function isSignedBy({ payloadType, payload, signature }: Envelope, publicKey: KeyObject): boolean {
  // The algorithm is that of the key, never one that the envelope names.
  const digest = digestFor(publicKey);
  return digest !== undefined && verify(digest, preAuthenticationEncoding(payloadType, payload), publicKey, signature);
}

/** Undefined: a key of this kind signs nothing here. */
function digestFor({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): 'sha256' | null | undefined {
  if (asymmetricKeyType === 'ed25519') return null;
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'sha256' : undefined;
}
