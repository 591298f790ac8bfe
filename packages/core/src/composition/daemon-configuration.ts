import { createHash, type KeyObject } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../app/credentials.ts';
import { type DaemonConfiguration, parseDaemonConfiguration } from '../domain/daemon/configuration.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { ed25519PrivateKey } from '../domain/keys/ed25519-private.ts';
import type { SecretReference } from '../domain/keys/keyring-key.ts';
import { MAX_SECRET_FILE_BYTES } from '../domain/limits.ts';
import { readConfigurationFile } from '../io/configuration-file.ts';
import { FileProblem, readRegularFile } from '../io/read-regular-file.ts';
import { resolveSocketPath } from '../io/socket/socket-path.ts';

/** A daemon's configuration as read from its file, with absolute paths. */
export interface LoadedConfiguration {
  readonly configuration: DaemonConfiguration;
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly paths: DaemonPaths;
}

export interface DaemonPaths {
  readonly socket: string;
  readonly state: string;
  readonly evidence: string;
  readonly keyring: string;
  readonly trustPolicy: string;
}

/** In the state folder: what only the daemon's own user may read, to speak with it about itself. */
export const CONTROL_FILE = 'control.json';

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Reads the configuration file alone, without what it names.
 *
 * @param path absolute
 * @throws ConfigurationError CAVRA-E216 it cannot be read, CAVRA-E230 everything that is wrong with it
 */
export async function readDaemonConfiguration(path: string): Promise<LoadedConfiguration> {
  await requireUnchangeable(path, `the configuration ${path}`);
  const bytes = await readConfigurationFile(path, `the configuration ${path}`);
  const configuration = parseDaemonConfiguration(bytes, path);
  const folder = dirname(path);
  const absolute = (text: string) => resolve(folder, text);
  return {
    configuration,
    path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    paths: {
      socket: resolveSocketPath(folder, configuration.socket.path),
      state: absolute(configuration.stateFolder),
      evidence: absolute(configuration.evidenceFolder),
      keyring: absolute(configuration.keyring),
      trustPolicy: absolute(configuration.trustPolicy.file),
    },
  };
}

/**
 * Refuses a file that others than its owner may write: it says whom the daemon believes. Windows has no such permissions.
 *
 * @throws ConfigurationError CAVRA-E230
 */
export async function requireUnchangeable(path: string, what: string): Promise<void> {
  if (process.platform === 'win32') return;
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  const owners = [0, process.geteuid?.()];
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 || !owners.includes(stats.uid)) {
    throw new ConfigurationError('CAVRA-E230', `${what} may be written by others than the daemon’s user and root`);
  }
}

export interface AnswerKeyPair {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As it was written; a secret. */
  readonly text: string;
}

/**
 * Reads the key with which the daemon signs its answers.
 *
 * @throws ConfigurationError CAVRA-E222 it is no Ed25519 private key, CAVRA-E230 it is not there
 */
export async function readAnswerKey(loaded: LoadedConfiguration, environment: Environment): Promise<AnswerKeyPair> {
  const { id, privateKey: reference } = loaded.configuration.signingKey;
  const text = await readSecretText(reference, dirname(loaded.path), environment);
  return { id, text, ...ed25519PrivateKey(text, 'the signing key of the daemon') };
}

async function readSecretText(reference: SecretReference, folder: string, environment: Environment): Promise<string> {
  if ('env' in reference) {
    const text = environment[reference.env];
    if (text) return text;
    throw missingKey(`the variable ${reference.env} is not set`);
  }
  try {
    return Buffer.from(await readRegularFile(resolve(folder, reference.file), MAX_SECRET_FILE_BYTES)).toString('utf8');
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw missingKey(`${join(folder, reference.file)} ${error.message}`, error);
  }
}

function missingKey(reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E230', `the signing key of the daemon is not here: ${reason}`, { cause });
}
