import type { Buffer } from 'node:buffer';
import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../base64.ts';
import { MAX_SSH_RSA_KEY_BITS, MIN_SSH_RSA_KEY_BITS } from '../../limits.ts';
import { printableName } from '../../text/printable.ts';
import { SshSignatureError } from './error.ts';
import { SshReader } from './wire.ts';

/** The accepted types of keys, by OpenSSH's names. `sk-`: on a FIDO authenticator. */
export const SSH_KEY_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;

export type SshKeyType = (typeof SSH_KEY_TYPES)[number];

/** A public key that OpenSSH made, in its one encoding. */
export interface SshPublicKey {
  readonly type: SshKeyType;
  /** As OpenSSH encodes it: what two keys are compared by. */
  readonly blob: Buffer;
  readonly key: KeyObject;
  /** `sk-` keys: what the authenticator knows the key for, usually `ssh:`; of a browser, its relying party. */
  readonly application: string | null;
}

/** A line of a `.pub` file: the type, the key in base64, and a comment that means nothing. */
const TEXT_FORM = /^(\S{1,64}) ([A-Za-z0-9+/]{1,8192}={0,2})(?: [^\n\r]{0,1024})?$/u;

/**
 * Reads a public key as a `.pub` file has it, without the line end. A comment is left alone.
 *
 * @throws SshSignatureError unreadable, certificate, key_type, key_unusable
 */
export function parseSshPublicKey(text: string): SshPublicKey {
  const [, type = '', base64 = ''] = TEXT_FORM.exec(text) ?? [];
  if (type === '') throw new SshSignatureError('unreadable', 'expected the type of a public key and its base64');
  checkType(type);
  const blob = decodeBase64(base64);
  if (blob === undefined) throw new SshSignatureError('unreadable', 'the public key is not canonical base64');
  const key = readSshPublicKey(blob);
  if (key.type !== type) {
    throw new SshSignatureError('key_type', `the key is called ${printableName(type)}, but is of the type ${key.type}`);
  }
  return key;
}

/**
 * Reads a public key's blob (RFC 4253 section 6.6, RFC 5656 section 3.1, OpenSSH's PROTOCOL.u2f).
 *
 * @throws SshSignatureError unreadable, certificate, key_type, key_unusable
 */
export function readSshPublicKey(blob: Buffer): SshPublicKey {
  const reader = new SshReader(blob, 'the public key');
  const type = checkType(reader.name());
  const jwk = READERS[type](reader);
  const application = type.startsWith('sk-') ? reader.name() : null;
  reader.end();
  if (application === '') throw new SshSignatureError('unreadable', 'the public key names no application');
  return { type, blob, key: importKey(jwk), application };
}

/** The type and the base64 of its blob: a `.pub` line without comment. */
export function sshPublicKeyText({ type, blob }: SshPublicKey): string {
  return `${type} ${blob.toString('base64')}`;
}

/** SHA-256 of the blob, lower-case hex. */
export function sshPublicKeySha256({ blob }: SshPublicKey): string {
  return createHash('sha256').update(blob).digest('hex');
}

function checkType(type: string): SshKeyType {
  const known = SSH_KEY_TYPES.find((each) => each === type);
  if (known !== undefined) return known;
  if (/-cert-v[0-9]+@openssh\.com$/u.test(type)) {
    throw new SshSignatureError('certificate', 'the key is in an SSH certificate; give the plain public key');
  }
  const accepted = SSH_KEY_TYPES.join(', ');
  throw new SshSignatureError(
    'key_type',
    `the key type ${printableName(type)} is not accepted; accepted are ${accepted}`,
  );
}

const ED25519_BYTES = 32;

const READERS: Readonly<Record<SshKeyType, (reader: SshReader) => JsonWebKey>> = {
  'ssh-ed25519': readEd25519,
  'ecdsa-sha2-nistp256': (reader) => readEcdsa(reader, 'nistp256'),
  'ecdsa-sha2-nistp384': (reader) => readEcdsa(reader, 'nistp384'),
  'ssh-rsa': readRsa,
  'sk-ssh-ed25519@openssh.com': readEd25519,
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) => readEcdsa(reader, 'nistp256'),
};

function readEd25519(reader: SshReader): JsonWebKey {
  const x = reader.string();
  if (x.length !== ED25519_BYTES) throw unusable(`an Ed25519 key has ${ED25519_BYTES} bytes, not ${x.length}`);
  return { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') };
}

const CURVES = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
} as const;
const UNCOMPRESSED_POINT = 4;

function readEcdsa(reader: SshReader, name: keyof typeof CURVES): JsonWebKey {
  const { crv, bytes } = CURVES[name];
  if (reader.name() !== name) throw unusable(`the key is not on the curve ${name} of its type`);
  const point = reader.string();
  if (point[0] !== UNCOMPRESSED_POINT || point.length !== 1 + 2 * bytes) {
    throw unusable('the key is no uncompressed point of its curve');
  }
  const coordinate = (start: number) => point.subarray(start, start + bytes).toString('base64url');
  return { kty: 'EC', crv, x: coordinate(1), y: coordinate(1 + bytes) };
}

const F4 = '010001';

function readRsa(reader: SshReader): JsonWebKey {
  const exponent = reader.positiveInteger();
  const modulus = reader.positiveInteger();
  if (exponent.toString('hex') !== F4) throw unusable('an RSA key must have the exponent 65537');
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < MIN_SSH_RSA_KEY_BITS || bits > MAX_SSH_RSA_KEY_BITS) {
    throw unusable(`an RSA key must have ${MIN_SSH_RSA_KEY_BITS} to ${MAX_SSH_RSA_KEY_BITS} bits, this has ${bits}`);
  }
  return { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') };
}

function importKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (error) {
    throw new SshSignatureError('key_unusable', 'the public key is not one of its type', { cause: error });
  }
}

function unusable(problem: string): SshSignatureError {
  return new SshSignatureError('key_unusable', problem);
}
