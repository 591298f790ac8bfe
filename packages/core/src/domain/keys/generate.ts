import { Buffer } from 'node:buffer';
import { formatTimestamp } from '../time/timestamp.ts';
import { publicKeyPem } from './ed25519.ts';
import { ed25519PrivateKey } from './ed25519-private.ts';
import type { KeyPurpose } from './hmac-keys.ts';
import { ALGORITHM_OF, type KeyAlgorithm } from './keyring-key.ts';

/** Random bytes that a new key is made of: 256 bit for either algorithm. */
export const KEY_SEED_BYTES = 32;

/** What comes before the seed of an Ed25519 private key in PKCS#8 (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PEM_LINE = /.{1,64}/gu;

/** A new key. */
export interface GeneratedKey {
  readonly algorithm: KeyAlgorithm;
  /** HMAC: 64 hex digits, whose UTF-8 bytes are the key. Ed25519: the private key in PKCS#8 as PEM. */
  readonly secret: string;
  /** The secret in one line, as a variable can hold it. */
  readonly oneLine: string;
  /** Ed25519: SubjectPublicKeyInfo as PEM. */
  readonly publicKey: string | undefined;
}

/** @param seed KEY_SEED_BYTES random bytes */
export function generateKey(purpose: KeyPurpose, seed: Uint8Array): GeneratedKey {
  const algorithm = ALGORITHM_OF[purpose];
  if (algorithm === 'HMAC-SHA256') {
    const secret = Buffer.from(seed).toString('hex');
    return { algorithm, secret, oneLine: secret, publicKey: undefined };
  }
  const oneLine = Buffer.concat([PKCS8_PREFIX, seed]).toString('base64');
  const body = oneLine.match(PEM_LINE)?.join('\n') ?? '';
  const { publicKey } = ed25519PrivateKey(oneLine, 'the new key');
  return {
    algorithm,
    secret: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
    oneLine,
    publicKey: publicKeyPem(publicKey),
  };
}

const MONTHS_PER_QUARTER = 3;

/** The id that a key of this purpose and quarter gets, for example `ci-evidence-2026-q4`. */
export function defaultKeyId(purpose: KeyPurpose, nowMs: number): string {
  const [year = '', month = ''] = formatTimestamp(nowMs).split('-');
  return `ci-${purpose}-${year}-q${Math.ceil(Number(month) / MONTHS_PER_QUARTER)}`;
}
