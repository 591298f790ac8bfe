import { createHash, type KeyObject, verify } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { JsonObject } from '../json/value.ts';
import { ed25519PublicKey, publicKeySha256 } from '../keys/ed25519.ts';

/** The detached signature of one file of a package (wire-format.md section 9). */
export interface PackageSignature {
  readonly subject: string;
  readonly subject_sha256: string;
  readonly key_id: string;
  readonly signer: string;
  readonly public_key_sha256: string;
  readonly public_key_pem: string;
  readonly value: string;
}

export const PACKAGE_SIGNATURE_VERSION = 'cavra.go-release.signature.v1';

const MEMBERS = [
  'subject',
  'subject_sha256',
  'key_id',
  'signer',
  'public_key_sha256',
  'public_key_pem',
  'value',
] as const satisfies readonly (keyof PackageSignature)[];
const MAX_SIGNATURE_BYTES = 16 * 1024;
const SIGNATURE_BYTES = 64;

/** Whose signatures are believed: public keys, or the SHA-256 of one's PEM text, as the configuration pins them. */
export interface PackagePin {
  readonly keys: readonly KeyObject[];
  /** Of the SubjectPublicKeyInfo PEM text, lower-case hex. */
  readonly pemSha256?: string;
}

/**
 * Reads a signature file.
 *
 * @param name of the file, for messages
 * @throws ConfigurationError CAVRA-E233
 */
export function parsePackageSignature(bytes: Uint8Array, name: string): PackageSignature {
  const object = parse(bytes, name);
  if (object.get('schema_version') !== PACKAGE_SIGNATURE_VERSION) {
    throw refusal(name, `is not of the version ${PACKAGE_SIGNATURE_VERSION}`);
  }
  if (object.get('algorithm') !== 'Ed25519') {
    throw refusal(name, 'is of another algorithm than Ed25519');
  }
  const texts = MEMBERS.map((member) => {
    const value = object.get(member);
    if (typeof value !== 'string') {
      throw refusal(name, `has no text as ${member}`);
    }
    return [member, value] as const;
  });
  return Object.fromEntries(texts) as unknown as PackageSignature;
}

/**
 * Checks the signature of a file. The public key that it carries proves nothing: it must be the pinned one.
 *
 * @param path of the file in the package
 * @throws ConfigurationError CAVRA-E233 with the first thing that is wrong
 */
export function checkPackageSignature(
  signature: PackageSignature,
  path: string,
  bytes: Uint8Array,
  pin: PackagePin,
): void {
  const name = `${path}.sig.json`;
  if (signature.subject !== path) {
    throw refusal(name, 'is the signature of another file');
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (signature.subject_sha256 !== sha256) {
    throw refusal(name, `is about other content: ${path} has the SHA-256 ${sha256}`);
  }
  const key = pinnedKey(signature, name, pin);
  const value = decodeBase64(signature.value);
  if (value?.length !== SIGNATURE_BYTES || !verify(null, bytes, key, value)) {
    throw refusal(name, 'does not match: the file was not signed with this key');
  }
}

function pinnedKey(signature: PackageSignature, name: string, pin: PackagePin): KeyObject {
  const { public_key_pem: pem, public_key_sha256: claimed } = signature;
  const key = ed25519PublicKey(pem);
  const pemSha256 = createHash('sha256').update(pem, 'utf8').digest('hex');
  if (key === undefined || claimed !== pemSha256) {
    throw refusal(name, 'carries a public key that is not Ed25519, or not the one that it names');
  }
  const digest = publicKeySha256(key);
  const isPinned = pin.keys.some((pinned) => publicKeySha256(pinned) === digest) || pin.pemSha256 === pemSha256;
  if (!isPinned) {
    throw refusal(name, 'is by another key than the pinned one');
  }
  return key;
}

function parse(bytes: Uint8Array, name: string): JsonObject {
  try {
    const value = parseStrictJson(bytes, { maxBytes: MAX_SIGNATURE_BYTES });
    if (value instanceof JsonObject) {
      return value;
    }
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw refusal(name, `cannot be read: ${error.message}`, error);
  }
  throw refusal(name, 'is not a JSON object');
}

const PEM_SHA256 = /^[0-9a-f]{64}$/iu;

/** The SHA-256 of a public key's PEM text, when that is all that a file holds. */
export function pinnedDigest(text: string): string | undefined {
  const trimmed = text.trim();
  return PEM_SHA256.test(trimmed) ? trimmed.toLowerCase() : undefined;
}

function refusal(name: string, problem: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E233', `${name} ${problem}`, { cause });
}
