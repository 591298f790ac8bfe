import type { KeyObject } from 'node:crypto';

/** Keys as the core uses them, whatever file or variable they came from (design.md section 5.3). Times are Unix milliseconds. */

export type KeyPurpose = 'runner' | 'evidence' | 'attestation' | 'daemon';
export type KeyStatus = 'active' | 'retiring' | 'retired' | 'revoked';

/** An HMAC key that may check signatures. */
export interface HmacVerificationKey {
  /** Empty: the key has no name and stands for whatever single key id a stream carries. */
  readonly id: string;
  readonly secret: Uint8Array;
  readonly status: KeyStatus;
  /** First moment at which a signature of this key counts; absent: always. */
  readonly notBefore?: number;
  /** First moment at which it no longer counts; absent: never. */
  readonly notAfter?: number;
  /** From this moment on nothing that the key signed counts; only with status `revoked`. */
  readonly revokedAt?: number;
  /** Runner keys: exact repositories the key may speak for; absent: any. */
  readonly repositories?: readonly string[];
}

/** The one HMAC key that signs. At least MIN_SIGNING_KEY_BYTES. */
export interface HmacSigningKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The one Ed25519 key that signs checkpoints. */
export interface AttestationKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
