import type { KeyObject } from 'node:crypto';

/** Keys as the core uses them, whatever file or variable they came from (docs/key-custody.md#the-keyring). Times are Unix milliseconds. */

export type KeyPurpose = 'runner' | 'evidence' | 'attestation' | 'daemon';
export type KeyAlgorithm = 'HMAC-SHA256' | 'Ed25519';
export type KeyStatus = 'active' | 'retiring' | 'retired' | 'revoked';

/** Each purpose has one algorithm: records and runner proofs are MACs, checkpoints and a daemon's answers public-key signatures. */
export const ALGORITHM_OF: Readonly<Record<KeyPurpose, KeyAlgorithm>> = {
  runner: 'HMAC-SHA256',
  evidence: 'HMAC-SHA256',
  attestation: 'Ed25519',
  daemon: 'Ed25519',
};

/** An HMAC key that may check signatures. */
export interface HmacVerificationKey {
  /** Empty: the key has no name and stands for whatever single key id a stream carries. */
  readonly id: string;
  readonly secret: Uint8Array;
  /** The same key in another spelling, which verifies as well: `secret` ends with a line end, and this does not. */
  readonly alternative?: Uint8Array;
  readonly status: KeyStatus;
  /** First moment at which a signature of this key counts; absent: always. */
  readonly notBefore?: number;
  /** First moment at which it no longer counts; absent: never. */
  readonly notAfter?: number;
  /** From this moment on nothing that the key signed counts; only with status `revoked`. */
  readonly revokedAt?: number;
  /** Runner keys: exact repositories the key may speak for; absent: any. */
  readonly repositories?: readonly string[];
  /** Whether a keyring fixes the secret by its fingerprint, so that no other secret can stand under this id. */
  readonly pinned?: boolean;
  /** Id of the attestation key that it is derived from. */
  readonly derivedFrom?: string;
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
