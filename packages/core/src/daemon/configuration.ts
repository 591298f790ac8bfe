import { createHash, type KeyObject } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type DaemonConfiguration, parseDaemonConfiguration } from '../domain/daemon/configuration.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { ed25519PrivateKey } from '../domain/keys/ed25519-private.ts';
import type { SecretReference } from '../domain/keys/keyring-key.ts';
import { MAX_SECRET_FILE_BYTES } from '../domain/limits.ts';
import { readConfigurationFile } from '../io/files/configuration-file.ts';
import type { KeyringFile } from '../io/files/keyring-file.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import { changeableAncestor, isOurs, mayOthersWrite } from '../io/files/writable-by-others.ts';
import { groupId, resolveSocketPath } from '../io/socket/socket-path.ts';
import type { Environment } from '../settings/credentials.ts';

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

const PERMISSIONS = 0o777;

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
 * Refuses a file that others than the daemon's user and root may write, or put another one in the place of: it says whom the daemon
 * believes. Windows has no such permissions.
 *
 * @throws ConfigurationError CAVRA-E230
 */
export async function requireUnchangeable(path: string, what: string): Promise<void> {
  if (process.platform === 'win32') return;
  const stats = await lstat(path).catch(() => undefined);
  // What cannot be read is told where it is read.
  if (stats === undefined || stats.isSymbolicLink()) return;
  if (mayOthersWrite(stats)) {
    throw wrong(`${what} may be written by others than the daemon’s user and root`);
  }
  const folder = await changeableAncestor(path);
  if (folder !== undefined) {
    throw wrong(`${what} may be replaced by others than the daemon’s user and root: they may write to ${folder}`);
  }
}

/** What others than the daemon's user, its group and root may do with a key; the daemon is there so that jobs cannot read it. */
const NOT_FOR_A_KEY = 0o027;
const READABLE_BY_GROUP = 0o040;

/**
 * Refuses the file of a key that others may read. A group may, for keys that an administrator gives to the daemon's; but not the group
 * of the jobs.
 *
 * @throws ConfigurationError CAVRA-E230
 */
async function requireKept(path: string, what: string, jobs: DaemonConfiguration['socket']['group']): Promise<void> {
  if (process.platform === 'win32') return;
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || stats.isSymbolicLink()) return;
  const ofJobs =
    jobs !== undefined &&
    (stats.mode & READABLE_BY_GROUP) !== 0 &&
    stats.gid === (await groupId(jobs).catch(() => undefined));
  if (ofJobs || !isOurs(stats.uid) || (stats.mode & NOT_FOR_A_KEY) !== 0) {
    const mode = (stats.mode & PERMISSIONS).toString(8).padStart(4, '0');
    const why = ofJobs ? 'the group of the jobs may read it' : 'others than the daemon’s user may read or change it';
    throw wrong(`the file of ${what} has mode ${mode}: ${why}; expected 0600 and the daemon’s user as owner`);
  }
}

/**
 * Refuses to keep keys in files that others may read. For the daemon itself: whoever asks it something may be root.
 *
 * @throws ConfigurationError CAVRA-E230 naming each of them
 */
export async function requireKeptKeys(loaded: LoadedConfiguration, { keyring, path }: KeyringFile): Promise<void> {
  const { socket, signingKey } = loaded.configuration;
  const keys = [
    { what: 'the signing key', folder: dirname(loaded.path), reference: signingKey.privateKey },
    ...keyring.keys.map(({ id, secret }) => ({ what: `the key ${id}`, folder: dirname(path), reference: secret })),
  ];
  const checks = keys.map(async ({ what, folder, reference }) => {
    if (reference === undefined || 'env' in reference) return;
    await requireKept(resolve(folder, reference.file), what, socket.group);
  });
  const failed = (await Promise.allSettled(checks)).flatMap((each) =>
    each.status === 'rejected' ? [each.reason as ConfigurationError] : [],
  );
  if (failed.length > 0) throw wrong(failed.map(({ message }) => message).join('; '), failed[0]);
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
  return wrong(`the signing key of the daemon is not here: ${reason}`, cause);
}

function wrong(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E230', message, { cause });
}
