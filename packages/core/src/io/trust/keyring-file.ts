import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { deriveEvidenceKey } from '../../domain/keys/derived-key.ts';
import { ed25519PublicKey, publicKeySha256 } from '../../domain/keys/ed25519.ts';
import { type Ed25519KeyPair, ed25519PrivateKey } from '../../domain/keys/ed25519-private.ts';
import { hasFingerprint, keyFingerprint } from '../../domain/keys/fingerprint.ts';
import type { HmacSigningKey, HmacVerificationKey, KeyPurpose } from '../../domain/keys/hmac-keys.ts';
import { type KeyValue, keyFault, withoutLineEnd } from '../../domain/keys/key-form.ts';
import { KEY_VARIABLES } from '../../domain/keys/key-variables.ts';
import { type Keyring, parseKeyring } from '../../domain/keys/keyring/keyring.ts';
import type { KeyringKey } from '../../domain/keys/keyring/keyring-key.ts';
import { signingSecret, verificationSecrets } from '../../domain/keys/signing-secret.ts';
import { keyValidity } from '../../domain/keys/validity.ts';
import { MAX_CONFIGURATION_FILE_BYTES, MAX_SECRET_FILE_BYTES } from '../../domain/limits.ts';
import { readKeyValue } from '../files/key-value.ts';
import { FileProblem, readRegularFile } from '../files/read-regular-file.ts';
import { readTrustFile } from './trust-file.ts';

/** A keyring and where it came from: paths in it are relative to its folder. */
export interface KeyringFile {
  readonly keyring: Keyring;
  readonly path: string;
}

/**
 * Reads a keyring file: regular, no link, at most MAX_CONFIGURATION_FILE_BYTES. No secret is read yet.
 *
 * @param reference its path; `FILE@sha256:HEX` pins it
 * @throws ConfigurationError CAVRA-E209 naming everything that is wrong; CAVRA-E218 it is not the pinned file
 */
export async function readKeyringFile(reference: string): Promise<KeyringFile> {
  const { path, bytes } = await readTrustFile(reference, {
    what: `the keyring ${reference}`,
    maxBytes: MAX_CONFIGURATION_FILE_BYTES,
    code: 'CAVRA-E209',
  });
  return { keyring: parseKeyring(bytes, path), path };
}

/** Where the secrets are that a keyring refers to. */
export interface SecretSource {
  /** What `{"env": NAME}` refers to. */
  readonly environment: Environment;
  /** Absolute; a variable that names a file in it gives no key. */
  readonly workspace?: string;
}

/** The HMAC keys of one purpose. */
export interface ResolvedKeys {
  readonly keys: readonly HmacVerificationKey[];
  /**
   * Ids whose secret is not here: its variable is not set or holds no key, or its file does not exist. A job need not hold every key of the
   * keyring; what is signed by these cannot be checked and is not accepted.
   */
  readonly unresolved: readonly string[];
}

/**
 * Reads the secrets of the HMAC keys of one purpose, so that they can verify.
 *
 * @throws ConfigurationError CAVRA-E209 a secret is there but cannot be used: an empty one, a link, a folder, too large, unreadable;
 *   CAVRA-E207 a runner key that can be guessed: what it proves now proves nothing
 */
export async function resolveHmacKeys(
  file: KeyringFile,
  purpose: KeyPurpose,
  source: SecretSource,
): Promise<ResolvedKeys> {
  const keys: HmacVerificationKey[] = [];
  const unresolved: string[] = [];
  for (const key of file.keyring.keys) {
    if (key.purpose !== purpose || key.algorithm !== 'HMAC-SHA256') {
      continue;
    }
    const value = await readSecret(file, key, source);
    if (value === undefined || value.fault?.kind === 'known') {
      unresolved.push(key.id);
    } else {
      if (purpose === 'runner') refuseGuessable(file, key, value);
      keys.push(verificationKey(key, verificationSecrets(value.bytes)));
    }
  }
  return { keys, unresolved };
}

function refuseGuessable(file: KeyringFile, key: KeyringKey, { fault }: KeyValue): void {
  const isLive = key.status === 'active' || key.status === 'retiring';
  if (isLive && fault !== undefined) throw problem('CAVRA-E207', file, key, `holds ${fault.is}, and no key`);
}

/**
 * Reads the active HMAC key of one purpose, the only one that signs; undefined when the keyring has none.
 *
 * @param nowMs Unix milliseconds
 * @throws ConfigurationError CAVRA-E209 its secret cannot be read or is not here; CAVRA-E207 it is no key, too short, or outside of
 *   its period
 */
export async function resolveSigningKey(
  file: KeyringFile,
  purpose: KeyPurpose,
  source: SecretSource,
  nowMs: number,
): Promise<KeyringSigningKey | undefined> {
  const key = activeKey(file, purpose);
  if (key === undefined || key.algorithm !== 'HMAC-SHA256') {
    return undefined;
  }
  const value = await readActive(file, key, source, nowMs);
  const { secret, notes } = signingSecret(value, nameOf(file, key));
  return { key: { id: key.id, secret }, notes };
}

/** The key of a keyring that signs, and what a reader should know of it, one sentence each. */
export interface KeyringSigningKey {
  readonly key: HmacSigningKey;
  readonly notes: readonly string[];
}

/**
 * Reads the secret of the active key of one purpose; undefined when there is none, or the keyring does not say where its secret is.
 *
 * @param nowMs Unix milliseconds
 * @throws ConfigurationError CAVRA-E209 its secret cannot be read or is not here; CAVRA-E207 it is outside of its period
 */
export async function readActiveSecret(
  file: KeyringFile,
  purpose: KeyPurpose,
  source: SecretSource,
  nowMs: number,
): Promise<(KeyValue & { readonly id: string }) | undefined> {
  const key = activeKey(file, purpose);
  return key?.secret === undefined ? undefined : { id: key.id, ...(await readActive(file, key, source, nowMs)) };
}

function activeKey({ keyring }: KeyringFile, purpose: KeyPurpose): KeyringKey | undefined {
  return keyring.keys.find((one) => one.purpose === purpose && one.status === 'active');
}

async function readActive(file: KeyringFile, key: KeyringKey, source: SecretSource, nowMs: number): Promise<KeyValue> {
  const value = await readSecret(file, key, source);
  if (value === undefined) {
    throw problem('CAVRA-E209', file, key, 'is active, but its secret is not here');
  }
  const validity = keyValidity(key, nowMs);
  if (validity !== 'valid') {
    throw problem('CAVRA-E207', file, key, `is active, but ${validity.replaceAll('_', ' ')}`);
  }
  return value;
}

/** A key of the keyring together with its secret, ready to verify. The secret is the one that the keyring fixes, if it fixes one. */
export function verificationKey(
  key: KeyringKey,
  secrets: Pick<HmacVerificationKey, 'secret' | 'alternative'>,
): HmacVerificationKey {
  return {
    id: key.id,
    ...secrets,
    status: key.status,
    ...(key.notBefore === undefined ? {} : { notBefore: key.notBefore }),
    ...(key.notAfter === undefined ? {} : { notAfter: key.notAfter }),
    ...(key.revokedAt === undefined ? {} : { revokedAt: key.revokedAt }),
    ...(key.repositories === undefined ? {} : { repositories: key.repositories }),
    ...(key.secretSha256 === undefined ? {} : { pinned: true }),
    ...(key.derivedFrom === undefined ? {} : { derivedFrom: key.derivedFrom }),
  };
}

/** The secret; undefined when nothing is there. */
async function readSecret(file: KeyringFile, key: KeyringKey, source: SecretSource): Promise<KeyValue | undefined> {
  if (key.derivedFrom !== undefined) return readDerivedSecret(file, key, source);
  const reference = key.secret;
  if (reference === undefined) return undefined;
  const value =
    'env' in reference ? await readVariable(reference.env, source) : await readSecretFile(file, key, reference.file);
  if (value !== undefined && (withoutLineEnd(value.bytes) ?? value.bytes).length === 0)
    throw problem('CAVRA-E209', file, key, 'has an empty secret');
  if (value !== undefined) refuseOtherSecret(file, key, value.bytes);
  return value;
}

/**
 * Refuses a secret that is not the one which the keyring fixes: whoever can set a variable would otherwise choose the key.
 *
 * @throws ConfigurationError CAVRA-E240
 */
export function refuseOtherSecret(file: KeyringFile, key: KeyringKey, bytes: Uint8Array): void {
  const { secretSha256: expected } = key;
  // The key is what stands before a line end.
  const secret = withoutLineEnd(bytes) ?? bytes;
  if (expected === undefined || hasFingerprint(secret, expected)) return;
  const message = `has the fingerprint ${keyFingerprint(secret)} here, and the keyring pins ${expected} (secret_sha256)`;
  throw problem('CAVRA-E240', file, key, message);
}

/** A derived key is given as it is where its id is given too, and is otherwise derived from its attestation key. */
async function readDerivedSecret(
  file: KeyringFile,
  key: KeyringKey,
  source: SecretSource,
): Promise<KeyValue | undefined> {
  const { evidence, attestation } = KEY_VARIABLES;
  const given = source.environment[evidence.id] === key.id ? await readVariable(evidence.key, source) : undefined;
  if (given !== undefined) return given;
  const origin = file.keyring.keys.find(({ purpose, id }) => purpose === 'attestation' && id === key.derivedFrom);
  const publicKey = origin?.publicKey === undefined ? undefined : ed25519PublicKey(origin.publicKey);
  if (origin === undefined || publicKey === undefined) return undefined;
  const stated = await readVariable(attestation.key, source);
  const own = await readSecret(file, origin, source);
  const pairs = [
    ...(stated === undefined ? [] : [privateKeyOf(stated, attestation.key)]),
    ...(own === undefined ? [] : [privateKeyOf(own, nameOf(file, origin))]),
  ];
  // What is derived must be derived from the very key that the keyring has.
  const pair = pairs.find((each) => publicKeySha256(each.publicKey) === publicKeySha256(publicKey));
  if (pair === undefined) return undefined;
  const { secret } = deriveEvidenceKey({ id: origin.id, privateKey: pair.privateKey });
  return { bytes: secret, fault: undefined };
}

function privateKeyOf({ bytes, fault }: KeyValue, what: string): Ed25519KeyPair {
  return ed25519PrivateKey(Buffer.from(bytes).toString('latin1'), what, fault);
}

/** An empty variable is an unset one: CI platforms give the empty string for a secret that does not exist. */
async function readVariable(name: string, { environment, workspace }: SecretSource): Promise<KeyValue | undefined> {
  const value = environment[name];
  return value ? readKeyValue(value, workspace) : undefined;
}

async function readSecretFile(file: KeyringFile, key: KeyringKey, path: string): Promise<KeyValue | undefined> {
  try {
    const bytes = await readRegularFile(resolve(dirname(file.path), path), MAX_SECRET_FILE_BYTES);
    return { bytes, fault: keyFault(bytes), isFile: true };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    if (error.code === 'missing') return undefined;
    throw problem('CAVRA-E209', file, key, `has a secret file that ${error.message}`, { cause: error });
  }
}

function problem(
  code: 'CAVRA-E207' | 'CAVRA-E209' | 'CAVRA-E240',
  file: KeyringFile,
  key: KeyringKey,
  text: string,
  options?: ErrorOptions,
): ConfigurationError {
  return new ConfigurationError(code, `${nameOf(file, key)} ${text}`, options);
}

function nameOf({ path }: KeyringFile, { purpose, id }: KeyringKey): string {
  return `${path}: the ${purpose} key ${id}`;
}
