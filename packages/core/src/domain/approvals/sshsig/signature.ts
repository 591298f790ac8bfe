import type { Buffer } from 'node:buffer';
import { printableName } from '../../text/printable.ts';
import { removeArmor } from './armor.ts';
import { SshSignatureError } from './error.ts';
import { readSshPublicKey, type SshKeyType, type SshPublicKey } from './public-key.ts';
import { SshReader } from './wire.ts';

export const SSHSIG_MAGIC = 'SSHSIG';
const SSHSIG_VERSION = 1;

export const SSH_HASHES = ['sha256', 'sha512'] as const;
export type SshHash = (typeof SSH_HASHES)[number];

/** Which signatures a key of each type can make. */
const SIGNATURE_TYPES = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ssh-rsa': ['rsa-sha2-256', 'rsa-sha2-512'],
  'sk-ssh-ed25519@openssh.com': ['sk-ssh-ed25519@openssh.com'],
  'sk-ecdsa-sha2-nistp256@openssh.com': [
    'sk-ecdsa-sha2-nistp256@openssh.com',
    'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
  ],
} as const satisfies Record<SshKeyType, readonly string[]>;

export type SshSignatureType = (typeof SIGNATURE_TYPES)[SshKeyType][number];

/** What a FIDO authenticator signed beside the message; true only once the signature is verified. */
export interface Authenticator {
  /** All eight, as they are signed. */
  readonly flags: number;
  /** Somebody touched it. */
  readonly userPresence: boolean;
  /** Somebody gave a PIN or a fingerprint. */
  readonly userVerification: boolean;
  readonly counter: number;
  /** Of a signature that a browser made; null: OpenSSH made it. */
  readonly browser: {
    readonly origin: string;
    /** JSON as the browser wrote it. */
    readonly clientData: Buffer;
    readonly extensions: Buffer;
  } | null;
}

/** A signature as read; nothing of it is verified. */
export interface SshSignature {
  readonly publicKey: SshPublicKey;
  readonly namespace: string;
  readonly hash: SshHash;
  readonly type: SshSignatureType;
  /** Of Ed25519 and RSA as it is, of ECDSA the reader's string with r and s. */
  readonly value: Buffer;
  /** Null for a key that is a file or in an agent. */
  readonly authenticator: Authenticator | null;
}

/**
 * Reads a signature in the armor of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig), and verifies nothing of it.
 *
 * @throws SshSignatureError unreadable, certificate, key_type, key_unusable, signature_type, hash
 */
export function readSshSignature(armored: Uint8Array): SshSignature {
  const reader = new SshReader(removeArmor(armored), 'the signature');
  if (reader.raw(SSHSIG_MAGIC.length).toString('latin1') !== SSHSIG_MAGIC) throw unreadable('is no SSHSIG');
  const version = reader.uint32();
  if (version !== SSHSIG_VERSION) throw unreadable(`has the version ${version}, expected ${SSHSIG_VERSION}`);
  const publicKey = readSshPublicKey(reader.string());
  const namespace = reader.name();
  if (namespace === '') throw unreadable('has no namespace');
  if (reader.string().length > 0) throw unreadable('has something in the member `reserved`');
  const hash = readHash(reader.name());
  const inner = new SshReader(reader.string(), 'the signature');
  reader.end();
  const type = readType(inner.name(), publicKey.type);
  const value = inner.string();
  const authenticator = publicKey.application === null ? null : readAuthenticator(inner, type);
  inner.end();
  return { publicKey, namespace, hash, type, value, authenticator };
}

function readHash(name: string): SshHash {
  const hash = SSH_HASHES.find((each) => each === name);
  if (hash !== undefined) return hash;
  throw new SshSignatureError('hash', `the message is hashed with ${printableName(name)}, expected sha256 or sha512`);
}

function readType(name: string, keyType: SshKeyType): SshSignatureType {
  const types: readonly SshSignatureType[] = SIGNATURE_TYPES[keyType];
  const type = types.find((each) => each === name);
  if (type !== undefined) return type;
  const expected = types.join(' or ');
  throw new SshSignatureError(
    'signature_type',
    `the signature is of the type ${printableName(name)}, expected ${expected}`,
  );
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

/** OpenSSH's PROTOCOL.u2f, "SSH U2F signatures". */
function readAuthenticator(reader: SshReader, type: SshSignatureType): Authenticator {
  const flags = reader.byte();
  const counter = reader.uint32();
  const browser = type.startsWith('webauthn-')
    ? { origin: reader.string().toString('utf8'), clientData: reader.string(), extensions: reader.string() }
    : null;
  const userPresence = (flags & USER_PRESENT) !== 0;
  const userVerification = (flags & USER_VERIFIED) !== 0;
  return { flags, userPresence, userVerification, counter, browser };
}

function unreadable(problem: string): SshSignatureError {
  return new SshSignatureError('unreadable', `the signature ${problem}`);
}
