import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { ConfigurationError } from '../diagnosis.ts';
import { MAX_SECRET_FILE_BYTES } from '../limits.ts';

export interface Ed25519KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const ARMOUR = /^-----BEGIN ([A-Z0-9 ]{1,40})-----(.*)-----END \1-----$/su;
/** Line ends written out, which is how a PEM gets into one variable. */
const WRITTEN_LINE_END = /\\[rn]/gu;

/**
 * Reads an Ed25519 private key in PKCS#8, unencrypted: as PEM, also with its line ends lost or written out as `\n`, or as the base64 of
 * its DER in one line, which is what platforms that mask variables can hold.
 *
 * @param what how messages call it, for example the variable it came from
 * @throws ConfigurationError CAVRA-E222 it is anything else; no message holds a part of it
 */
export function ed25519PrivateKey(text: string, what: string): Ed25519KeyPair {
  const privateKey = importPkcs8(derOf(text, what), what);
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw refusal(what, `is a key of the type ${privateKey.asymmetricKeyType}, expected Ed25519`);
  }
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function derOf(text: string, what: string): Uint8Array {
  if (text.length > MAX_SECRET_FILE_BYTES) throw refusal(what, 'is too long for an Ed25519 key');
  const plain = text.replace(WRITTEN_LINE_END, '\n').trim();
  const [, label, body] = ARMOUR.exec(plain) ?? [];
  if (label !== undefined && label !== 'PRIVATE KEY') throw refusal(what, reasonAgainst(label));
  const der = decodeBase64((body ?? plain).replace(/\s+/gu, ''));
  if (der === undefined) throw refusal(what, 'is neither PEM (BEGIN PRIVATE KEY) nor base64');
  return der;
}

function reasonAgainst(label: string): string {
  switch (label) {
    case 'ENCRYPTED PRIVATE KEY':
      return 'is encrypted, expected one that is not: the secret store protects it';
    case 'PUBLIC KEY':
      return 'is a public key, expected the private one';
    case 'CERTIFICATE':
      return 'is a certificate, expected a private key';
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'DSA PRIVATE KEY':
      return `is a key of another algorithm (${label}), expected Ed25519 in PKCS#8`;
    case 'OPENSSH PRIVATE KEY':
      return 'is in the format of OpenSSH, expected PKCS#8 (BEGIN PRIVATE KEY)';
    default:
      return 'is PEM of something else, expected BEGIN PRIVATE KEY';
  }
}

function importPkcs8(der: Uint8Array, what: string): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    // Without the cause: what OpenSSL says of a key is of no help, and nobody has promised that it is no secret.
    throw refusal(what, 'is no private key in PKCS#8');
  }
}

function refusal(what: string, reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E222', `${what} ${reason}`);
}
