import { Buffer } from 'node:buffer';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { HmacSigningKey, HmacVerificationKey, KeyPurpose } from '../../domain/keys/hmac-keys.ts';
import { type Keyring, parseKeyring } from '../../domain/keys/keyring.ts';
import type { KeyringKey } from '../../domain/keys/keyring-key.ts';
import { keyValidity } from '../../domain/keys/validity.ts';
import { MAX_CONFIGURATION_FILE_BYTES, MAX_SECRET_FILE_BYTES, MIN_SIGNING_KEY_BYTES } from '../../domain/limits.ts';
import { isUnexpanded } from '../../domain/secrets/unexpanded.ts';
import { FileProblem, readRegularFile } from './read-regular-file.ts';

/** A keyring and where it came from: paths in it are relative to its folder. */
export interface KeyringFile {
  readonly keyring: Keyring;
  readonly path: string;
}

/**
 * Reads a keyring file: regular, no link, at most MAX_CONFIGURATION_FILE_BYTES. No secret is read yet.
 *
 * @throws ConfigurationError CAVRA-E209 naming everything that is wrong
 */
export async function readKeyringFile(path: string): Promise<KeyringFile> {
  const bytes = await readFile(path, MAX_CONFIGURATION_FILE_BYTES, `the keyring ${path}`);
  return { keyring: parseKeyring(bytes, path), path };
}

/** The HMAC keys of one purpose. */
export interface ResolvedKeys {
  readonly keys: readonly HmacVerificationKey[];
  /**
   * Ids whose secret is not here: its variable is not set or its file does not exist. A job need not hold every key of the keyring;
   * what is signed by these cannot be checked and is not accepted.
   */
  readonly unresolved: readonly string[];
}

/**
 * Reads the secrets of the HMAC keys of one purpose, so that they can verify.
 *
 * @param env the environment that `{"env": NAME}` refers to
 * @throws ConfigurationError CAVRA-E209 a secret is there but cannot be used: an empty one, a link, a folder, too large, unreadable
 */
export async function resolveHmacKeys(file: KeyringFile, purpose: KeyPurpose, env: Environment): Promise<ResolvedKeys> {
  const keys: HmacVerificationKey[] = [];
  const unresolved: string[] = [];
  for (const key of file.keyring.keys) {
    if (key.purpose !== purpose || key.algorithm !== 'HMAC-SHA256') {
      continue;
    }
    const secret = await readSecret(file, key, env);
    if (secret === undefined) {
      unresolved.push(key.id);
    } else {
      keys.push(verificationKey(key, secret));
    }
  }
  return { keys, unresolved };
}

/**
 * Reads the active HMAC key of one purpose, the only one that signs; undefined when the keyring has none.
 *
 * @param nowMs Unix milliseconds
 * @throws ConfigurationError CAVRA-E209 its secret cannot be read or is not here; CAVRA-E207 it is too short or outside of its period
 */
export async function resolveSigningKey(
  file: KeyringFile,
  purpose: KeyPurpose,
  env: Environment,
  nowMs: number,
): Promise<HmacSigningKey | undefined> {
  const key = activeKey(file, purpose);
  if (key === undefined || key.algorithm !== 'HMAC-SHA256') {
    return undefined;
  }
  const { secret } = await readSigningSecret(file, key, env, nowMs);
  if (secret.length < MIN_SIGNING_KEY_BYTES) {
    const size = `has ${secret.length} bytes; a key that signs needs at least ${MIN_SIGNING_KEY_BYTES}`;
    throw problem('CAVRA-E207', file, key, size);
  }
  return { id: key.id, secret };
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
  env: Environment,
  nowMs: number,
): Promise<HmacSigningKey | undefined> {
  const key = activeKey(file, purpose);
  return key?.secret === undefined ? undefined : readSigningSecret(file, key, env, nowMs);
}

function activeKey({ keyring }: KeyringFile, purpose: KeyPurpose): KeyringKey | undefined {
  return keyring.keys.find((one) => one.purpose === purpose && one.status === 'active');
}

async function readSigningSecret(
  file: KeyringFile,
  key: KeyringKey,
  env: Environment,
  nowMs: number,
): Promise<HmacSigningKey> {
  const secret = await readSecret(file, key, env);
  if (secret === undefined) {
    throw problem('CAVRA-E209', file, key, 'is active, but its secret is not here');
  }
  const validity = keyValidity(key, nowMs);
  if (validity !== 'valid') {
    throw problem('CAVRA-E207', file, key, `is active, but ${validity.replaceAll('_', ' ')}`);
  }
  return { id: key.id, secret };
}

/** A key of the keyring together with its secret, ready to verify. */
export function verificationKey(key: KeyringKey, secret: Uint8Array): HmacVerificationKey {
  return {
    id: key.id,
    secret,
    status: key.status,
    ...(key.notBefore === undefined ? {} : { notBefore: key.notBefore }),
    ...(key.notAfter === undefined ? {} : { notAfter: key.notAfter }),
    ...(key.revokedAt === undefined ? {} : { revokedAt: key.revokedAt }),
    ...(key.repositories === undefined ? {} : { repositories: key.repositories }),
  };
}

/** The secret's bytes; undefined when nothing is there. */
async function readSecret(file: KeyringFile, key: KeyringKey, env: Environment): Promise<Uint8Array | undefined> {
  const reference = key.secret;
  if (reference === undefined) {
    return undefined;
  }
  const secret =
    'env' in reference ? readVariable(reference.env, env) : await readSecretFile(file, key, reference.file);
  if (secret?.length === 0) {
    throw problem('CAVRA-E209', file, key, 'has an empty secret');
  }
  return secret;
}

/** An empty variable is an unset one: CI platforms give the empty string, or the reference as it stands, for a secret that does not exist. */
function readVariable(name: string, env: Environment): Uint8Array | undefined {
  const value = env[name];
  return value && !isUnexpanded(value) ? Buffer.from(value, 'utf8') : undefined;
}

async function readSecretFile(file: KeyringFile, key: KeyringKey, path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readRegularFile(resolve(dirname(file.path), path), MAX_SECRET_FILE_BYTES);
    return withoutLineEnd(bytes);
  } catch (error) {
    if (!(error instanceof FileProblem)) {
      throw error;
    }
    if (error.code === 'missing') {
      return undefined;
    }
    throw problem('CAVRA-E209', file, key, `has a secret file that ${error.message}`, { cause: error });
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** Editors and `openssl rand -hex` end a file with a line end that is no part of the key. */
function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  const end = bytes.at(-1) === LF ? bytes.length - 1 : bytes.length;
  return bytes.subarray(0, end < bytes.length && bytes[end - 1] === CR ? end - 1 : end);
}

async function readFile(path: string, maxBytes: number, what: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, maxBytes);
  } catch (error) {
    if (!(error instanceof FileProblem)) {
      throw error;
    }
    throw new ConfigurationError('CAVRA-E209', `${what} ${error.message}`, { cause: error });
  }
}

function problem(
  code: 'CAVRA-E207' | 'CAVRA-E209',
  file: KeyringFile,
  key: KeyringKey,
  text: string,
  options?: ErrorOptions,
): ConfigurationError {
  return new ConfigurationError(code, `${file.path}: the ${key.purpose} key ${key.id} ${text}`, options);
}
