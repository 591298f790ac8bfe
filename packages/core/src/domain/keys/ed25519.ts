import { createPublicKey, type KeyObject } from 'node:crypto';

const PUBLIC_KEY_PEM = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/u;
/** An Ed25519 SubjectPublicKeyInfo has 44 bytes; this leaves room for any way to break lines. */
const MAX_PEM_LENGTH = 1_024;

/** Reads an Ed25519 public key from its SubjectPublicKeyInfo PEM; undefined when it is anything else, a private key included. */
export function ed25519PublicKey(pem: string): KeyObject | undefined {
  if (pem.length > MAX_PEM_LENGTH || !PUBLIC_KEY_PEM.test(pem)) {
    return undefined;
  }
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
