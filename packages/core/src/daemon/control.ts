import { join } from 'node:path';
import type { DaemonIdentity, StatusBody } from '../domain/daemon/answers.ts';
import { CavraError, ConfigurationError, RuntimeFailure } from '../domain/diagnosis.ts';
import { DAEMON_START_MS, DAEMON_STOP_MS, DAEMON_THREADS, MAX_CONFIGURATION_FILE_BYTES } from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import { lazyHttpClient } from '../io/http/network.ts';
import { DaemonClient } from '../io/socket/daemon-client.ts';
import { openPrivateFolder } from '../io/socket/private-folder.ts';
import { systemSleep } from '../io/system/system.ts';
import type { Environment } from '../settings/credentials.ts';
import { verifierIdentity } from '../verify/create-verifier.ts';
import { CONTROL_FILE, type LoadedConfiguration, readAnswerKey, readDaemonConfiguration } from './configuration.ts';
import { loadEngine } from './create-engine.ts';
import { startDetached } from './detached.ts';

export interface DaemonControlOptions {
  /** Absolute path of the configuration. */
  readonly configuration: string;
  readonly environment: Environment;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
}

export type DaemonStatus = StatusBody & { readonly daemon: DaemonIdentity; readonly socket: string };

/** In the state folder: the log of a daemon that was started by `daemon start`. */
export const LOG_FILE = 'daemon.log';

const POLL_MS = 50;
/** What waits for a stopping daemon waits a little longer than that takes. */
const STOP_MARGIN_MS = 2_000;

/**
 * Asks a running daemon about itself. That it is the daemon of this configuration is proven by its key, and that the caller may ask, by
 * a secret that only the daemon's user can read.
 *
 * @throws RuntimeFailure CAVRA-E520 it does not run, CAVRA-E521 somebody else listens on the socket
 */
export async function daemonStatus(options: DaemonControlOptions): Promise<DaemonStatus> {
  const { loaded, client } = await openClient(options);
  const status = await client.status(await readControlSecret(loaded.paths.state));
  return { ...status, socket: loaded.paths.socket };
}

/**
 * Stops the daemon of this configuration over its socket, and waits until it is gone. No process is ever signalled: only the daemon
 * itself, having proven itself by its key, ends itself (weakness row 27).
 *
 * @throws RuntimeFailure CAVRA-E520 it does not run, CAVRA-E521 somebody else listens, CAVRA-E526 it does not end
 */
export async function stopDaemon(options: DaemonControlOptions): Promise<DaemonIdentity> {
  const { loaded, client } = await openClient(options);
  const daemon = await client.stop(await readControlSecret(loaded.paths.state));
  const until = options.now() + DAEMON_STOP_MS + STOP_MARGIN_MS;
  while (options.now() < until) {
    if ((await controlInstance(loaded.paths.state)) !== daemon.instance) return daemon;
    await systemSleep(POLL_MS);
  }
  throw new RuntimeFailure(
    'CAVRA-E526',
    `the daemon has not ended within ${(DAEMON_STOP_MS + STOP_MARGIN_MS) / 1000} s`,
  );
}

/**
 * Starts the daemon of this configuration in the background, and waits until it answers.
 *
 * @param command the program and its arguments that run the daemon in the foreground, logging to `logPath`
 * @throws ConfigurationError what is wrong with the configuration; RuntimeFailure CAVRA-E522 it runs already, CAVRA-E526 it did not start
 */
export async function startDaemon(
  options: DaemonControlOptions,
  command: (logPath: string) => readonly string[],
): Promise<{ readonly daemon: DaemonIdentity; readonly log: string }> {
  await requireStartable(options);
  const { loaded, client } = await openClient(options);
  await requireNotRunning(client, loaded.paths.socket);
  const state = await openPrivateFolder(loaded.paths.state, 'the state folder');
  const log = join(state, LOG_FILE);
  const child = await startDetached(command(log), { UV_THREADPOOL_SIZE: DAEMON_THREADS, ...options.environment }, log);
  let exit: number | null | undefined;
  child.ended.then(
    (status) => {
      exit = status;
    },
    () => {
      exit = null;
    },
  );
  const until = options.now() + DAEMON_START_MS;
  while (options.now() < until) {
    const { daemon } = await client.hello().catch(() => ({ daemon: undefined }));
    if (daemon !== undefined && daemon.instance === (await controlInstance(state))) return { daemon, log };
    if (exit !== undefined) throw new RuntimeFailure('CAVRA-E526', `the daemon ended with status ${exit}; see ${log}`);
    await systemSleep(POLL_MS);
  }
  throw new RuntimeFailure('CAVRA-E526', `the daemon has not answered within ${DAEMON_START_MS / 1000} s; see ${log}`);
}

/** What is wrong with the configuration is told here, and not only in a log. */
async function requireStartable({ configuration, environment, now, randomBytes, version }: DaemonControlOptions) {
  const http = lazyHttpClient(environment, {}, { now, randomBytes, version });
  await loadEngine({ configuration, environment, now, http, verifier: verifierIdentity(version) });
}

async function requireNotRunning(client: DaemonClient, socket: string): Promise<void> {
  const running = await client.hello().catch((error: unknown) => {
    if (error instanceof CavraError && error.code === 'CAVRA-E520') return undefined;
    throw error;
  });
  if (running !== undefined) {
    throw new RuntimeFailure('CAVRA-E522', `the daemon ${running.daemon.name} runs already on ${socket}`);
  }
}

async function openClient(options: DaemonControlOptions) {
  const loaded: LoadedConfiguration = await readDaemonConfiguration(options.configuration);
  const { publicKey } = await readAnswerKey(loaded, options.environment);
  const { now, randomBytes } = options;
  // Whether it runs is asked once; to wait for it is for the caller.
  const client = new DaemonClient({
    path: loaded.paths.socket,
    publicKeys: [publicKey],
    now,
    randomBytes,
    patienceMs: 0,
  });
  return { loaded, client };
}

async function readControlSecret(state: string): Promise<Uint8Array> {
  const { secret } = await readControl(state);
  if (secret === undefined) {
    throw new RuntimeFailure('CAVRA-E520', 'the daemon does not run, or its state folder is another one');
  }
  return Buffer.from(secret, 'hex');
}

async function controlInstance(state: string): Promise<string | undefined> {
  return (await readControl(state)).instance;
}

async function readControl(state: string): Promise<{ readonly instance?: string; readonly secret?: string }> {
  try {
    const bytes = await readRegularFile(join(state, CONTROL_FILE), MAX_CONFIGURATION_FILE_BYTES);
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as { instance?: unknown; secret?: unknown };
    const { instance, secret } = value;
    return typeof instance === 'string' && typeof secret === 'string' ? { instance, secret } : {};
  } catch (error) {
    if (error instanceof FileProblem && error.code !== 'missing') {
      throw new ConfigurationError('CAVRA-E230', `the state folder cannot be read: ${CONTROL_FILE} ${error.message}`, {
        cause: error,
      });
    }
    return {};
  }
}
