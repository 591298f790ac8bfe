import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { ConfigurationError } from '../diagnosis.ts';
import { MAX_PUBLIC_KEYS } from '../limits.ts';

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

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/gu;

/**
 * Reads one or more Ed25519 public keys from the text of a file, each in SubjectPublicKeyInfo PEM, with any text between them that is
 * not PEM.
 *
 * @param what how messages call the file
 * @throws ConfigurationError CAVRA-E223 there is none, or a block is anything else
 */
export function ed25519PublicKeys(text: string, what: string): readonly KeyObject[] {
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.length === 0) throw refusal(what, 'holds no key in PEM (BEGIN PUBLIC KEY)');
  if (blocks.length > MAX_PUBLIC_KEYS) {
    throw refusal(what, `holds ${blocks.length} keys, at most ${MAX_PUBLIC_KEYS} are allowed`);
  }
  if (text.split('-----BEGIN').length !== blocks.length + 1) throw refusal(what, 'holds PEM that is cut or damaged');
  return blocks.map(([, label = '', body = '']) => keyOfBlock(label, body, what));
}

function keyOfBlock(label: string, body: string, what: string): KeyObject {
  if (label.includes('PRIVATE')) throw refusal(what, 'holds a private key, expected only the public one');
  if (label !== 'PUBLIC KEY') throw refusal(what, `holds a ${label}, expected BEGIN PUBLIC KEY`);
  const der = decodeBase64(body.replace(/\s+/gu, ''));
  const key = der === undefined ? undefined : importSpki(der);
  if (key === undefined) throw refusal(what, 'holds a key that cannot be read');
  if (key.asymmetricKeyType !== 'ed25519') {
    throw refusal(what, `holds a key of the type ${key.asymmetricKeyType}, expected Ed25519`);
  }
  return key;
}

function importSpki(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** SHA-256 of the key's SubjectPublicKeyInfo in DER, lower-case hex: the same key, however its PEM is written. */
export function publicKeySha256(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');
}

/** SubjectPublicKeyInfo in PEM, with a final line end. */
export function publicKeyPem(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'spki' }));
}

function refusal(what: string, reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E223', `${what} ${reason}`);
}
