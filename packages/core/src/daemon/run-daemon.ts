import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplayMemory } from '../domain/daemon/replay-memory.ts';
import { asCavraError, CavraError, ConfigurationError, EXIT, RuntimeFailure } from '../domain/diagnosis.ts';
import {
  DAEMON_DRAIN_MS,
  DAEMON_OPEN_STREAMS,
  DAEMON_STOP_MS,
  MAX_CONFIGURATION_FILE_BYTES,
  MAX_DAEMON_LINE_BYTES,
  MAX_DAEMON_OPERATIONS,
} from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';
import type { VerifierIdentity } from '../domain/verification/report.ts';
import { writeFileDurably } from '../io/files/durable-file.ts';
import { readRegularFile } from '../io/files/read-regular-file.ts';
import { openRotatingLog } from '../io/files/rotating-log.ts';
import { lazyHttpClient, type NetworkOptions, refuseUnverifiedTls } from '../io/http/network.ts';
import { acquireWriterLock, type WriterLock } from '../io/locks/writer-lock.ts';
import { LineServer } from '../io/socket/line-server.ts';
import { openPrivateFolder } from '../io/socket/private-folder.ts';
import {
  clearSocketPath,
  groupId,
  markSocket,
  prepareSocketPlace,
  type SocketMark,
  type SocketPlace,
} from '../io/socket/socket-path.ts';
import { ReplayJournal } from '../io/stream/replay-journal.ts';
import type { RunningProgram } from '../io/system/program.ts';
import type { Environment } from '../settings/credentials.ts';
import { programIdentity } from '../verify/create-verifier.ts';
import { CONTROL_FILE } from './configuration.ts';
import { Conversation } from './conversation.ts';
import { type LoadedEngine, loadEngine } from './create-engine.ts';
import { Deliveries } from './delivery.ts';
import type { Engine } from './engine.ts';
import { DaemonEvaluator } from './evaluator.ts';
import { type DaemonLog, DaemonLogWriter, errorFields } from './log.ts';
import { Retention } from './retention.ts';
import { Streams } from './streams.ts';

/** What an entry file hands over to run the resident daemon. */
export interface RunDaemonOptions {
  /** Absolute path of the configuration. */
  readonly configuration: string;
  readonly environment: Environment;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  readonly pid: number;
  /** Gets the log, in whole lines ... */
  readonly log: (lines: string) => void;
  /** ... unless it goes to this file, absolute, which does not grow without end. */
  readonly logFile?: string | undefined;
  /** Calls back for each signal: `stop` (SIGTERM, SIGINT) or `reload` (SIGHUP). Returns what ends that. */
  readonly onSignal: (signal: (name: 'stop' | 'reload') => void) => () => void;
  readonly network?: NetworkOptions;
  /** The running program, whose digest reports and checkpoints name. */
  readonly program?: RunningProgram;
}

/** In the state folder: the socket that was made last. */
const SOCKET_FILE = 'socket.json';
const HOUSEKEEPING_MS = 30_000;
const RETENTION_MS = 60 * 60 * 1000;
const LOCK_WAIT_MS = 300;
const CONTROL_SECRET_BYTES = 32;
const INSTANCE_BYTES = 16;

/**
 * Runs the resident daemon until it is told to stop.
 *
 * @returns exit status 0; 5 when it had to end because its socket was taken away
 * @throws ConfigurationError CAVRA-E230 the configuration, CAVRA-E231 the socket; RuntimeFailure CAVRA-E522 another daemon runs
 */
export async function runDaemon(options: RunDaemonOptions): Promise<number> {
  refuseUnverifiedTls(options.environment);
  const { environment, now, randomBytes, version, network = {} } = options;
  const http = lazyHttpClient(environment, network, { now, randomBytes, version });
  const verifier = await programIdentity(options);
  const load = () => loadEngine({ configuration: options.configuration, environment, now, http, verifier });
  const loaded = await load();
  let { engine } = loaded;
  const write = options.logFile === undefined ? options.log : openRotatingLog(options.logFile);
  const lines = new DaemonLogWriter({ write, now, searcher: () => engine.searcher });
  const { log } = lines;
  const reload = async () => {
    try {
      const next = await load();
      requireSamePlaces(loaded, next);
      engine = next.engine;
      log('info', 'reloaded', { configuration: next.sha256 });
    } catch (error) {
      log('error', 'reload_refused', errorFields(error));
    }
  };
  let daemon: ResidentDaemon | undefined;
  let reloading = Promise.resolve();
  let isToStop = false;
  // From the beginning: a signal that nobody listens to would end the process.
  const endSignals = options.onSignal((name) => {
    if (name === 'stop') {
      isToStop = true;
      daemon?.stop();
    } else {
      reloading = reloading.then(reload);
    }
  });
  try {
    daemon = await ResidentDaemon.open(options, loaded, { engine: () => engine, log, verifier });
    if (isToStop) daemon.stop();
    return await daemon.ended;
  } finally {
    endSignals();
    lines.flush();
  }
}

/** What is open cannot move: for that, the daemon must be started anew. */
function requireSamePlaces(first: LoadedEngine, next: LoadedEngine): void {
  const place = ({ paths, configuration: { socket, limits } }: LoadedEngine) => ({
    socket: paths.socket,
    'socket.group': String(socket.group),
    state_folder: paths.state,
    evidence_folder: paths.evidence,
    'limits.connections': String(limits.connections),
    'limits.remembered_proofs': String(limits.rememberedProofs),
  });
  const [before, after] = [place(first), place(next)];
  const moved = Object.entries(before).filter(([name, value]) => Reflect.get(after, name) !== value);
  if (moved.length > 0) {
    const names = moved.map(([name]) => name).join(', ');
    throw new ConfigurationError('CAVRA-E230', `${names} cannot be changed while the daemon runs; start it anew`);
  }
}

interface DaemonContext {
  /** The present configuration's. */
  readonly engine: () => Engine;
  readonly log: DaemonLog;
  readonly verifier: VerifierIdentity;
}

class ResidentDaemon {
  /** Resolves with the exit status once everything is closed. */
  readonly ended: Promise<number>;
  readonly #engine: () => Engine;
  readonly #log: DaemonLog;
  readonly #verifier: VerifierIdentity;
  readonly #state: string;
  readonly #locks: readonly WriterLock[];
  readonly #streams: Streams;
  readonly #journal: ReplayJournal;
  readonly #memory: ReplayMemory;
  readonly #retention: Retention;
  #nextRetention = 0;
  #server: LineServer | undefined;
  #housekeeping: NodeJS.Timeout | undefined;
  #stopping = false;
  #end: (status: number) => void = () => undefined;

  private constructor(parts: OpenParts, now: Clock, { engine, log, verifier }: DaemonContext) {
    this.#engine = engine;
    this.#log = log;
    this.#verifier = verifier;
    this.#state = parts.state;
    this.#locks = parts.locks;
    this.#streams = parts.streams;
    this.#journal = parts.journal;
    this.#memory = parts.memory;
    this.#retention = new Retention({ root: parts.evidence, streams: parts.streams, now, log });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  static async open(options: RunDaemonOptions, loaded: LoadedEngine, context: DaemonContext): Promise<ResidentDaemon> {
    const parts = await openParts(options, loaded);
    const daemon = new ResidentDaemon(parts, options.now, context);
    try {
      await daemon.#listen(options, loaded);
      return daemon;
    } catch (error) {
      await daemon.#closeParts();
      throw error;
    }
  }

  stop(status: number = EXIT.pass): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log('info', 'stopping', { connections: this.#server?.connections ?? 0 });
    // Whatever hangs, the process is gone in time: its evidence is durable already.
    const late = setTimeout(() => {
      this.#log('error', 'stopped_late');
      this.#end(EXIT.runtimeFailed);
    }, DAEMON_STOP_MS - LATE_MARGIN_MS);
    void this.#shutDown().then(() => {
      clearTimeout(late);
      this.#log('info', 'stopped');
      this.#end(status);
    });
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#housekeeping);
    await this.#server?.close(DAEMON_DRAIN_MS);
    await this.#closeParts();
  }

  async #closeParts(): Promise<void> {
    const close = async (work: () => Promise<void>) => {
      await work().catch((error: unknown) => this.#log('error', 'not_closed', errorFields(error)));
    };
    await close(() => this.#streams.close());
    await close(() => this.#journal.close());
    await close(() => rm(join(this.#state, CONTROL_FILE), { force: true }));
    for (const lock of this.#locks) await close(() => lock.release());
  }

  async #listen(options: RunDaemonOptions, loaded: LoadedEngine): Promise<void> {
    const { now, randomBytes, version, pid } = options;
    const { socket, limits } = loaded.configuration;
    const group = socket.group === undefined ? undefined : await groupId(socket.group);
    const place = await prepareSocketPlace(loaded.paths.socket, group);
    await clearSocketPath(place, await readMark(this.#state));

    const startedAt = formatTimestamp(now());
    const identity = { instance: hex(randomBytes(INSTANCE_BYTES)), version };
    const controlSecret = Buffer.from(randomBytes(CONTROL_SECRET_BYTES));
    const control = { instance: identity.instance, pid, secret: controlSecret.toString('hex') };
    await writeFileDurably(this.#state, CONTROL_FILE, Buffer.from(`${JSON.stringify(control)}\n`));
    const conversation = new Conversation({
      identity,
      startedAt,
      engine: this.#engine,
      evaluator: new DaemonEvaluator({
        streams: this.#streams,
        memory: this.#memory,
        remember: (entry) => this.#journal.append(entry),
        now,
        randomBytes,
      }),
      deliveries: new Deliveries({ streams: this.#streams, now, verifier: this.#verifier }),
      now,
      log: this.#log,
      controlSecret,
      stop: () => this.stop(),
      status: (engine) => ({
        pid,
        started_at: startedAt,
        configuration_sha256: engine.configurationSha256,
        key_id: engine.answerKey.id,
        connections: this.#server?.connections ?? 0,
        requests: conversation.counts.requests,
        refused: conversation.counts.refused,
        open_streams: this.#streams.size,
        remembered_proofs: this.#memory.size,
        draining: this.#stopping,
      }),
    });
    this.#server = await listen(place, limits.connections, conversation, this.#log, async () => {
      const mark = await markSocket(place);
      await writeFileDurably(this.#state, SOCKET_FILE, Buffer.from(`${JSON.stringify(mark)}\n`));
      this.#housekeeping = setInterval(() => void this.#keepHouse(mark, now), HOUSEKEEPING_MS);
    });
    this.#log('info', 'started', { socket: place.path, pid, ...identity, configuration: loaded.sha256 });
  }

  async #keepHouse(mark: SocketMark, now: Clock): Promise<void> {
    this.#memory.forgetExpired(now());
    await this.#journal.forgetExpired();
    if (now() >= this.#nextRetention) {
      this.#nextRetention = now() + RETENTION_MS;
      await this.#retention.run(this.#engine().limits.evidenceDays);
    }
    if (process.platform === 'win32' || this.#stopping) return;
    const found = await lstat(mark.path, { bigint: true }).catch(() => undefined);
    if (found === undefined || String(found.ino) !== mark.ino || String(found.dev) !== mark.dev) {
      // Nobody can reach this daemon any more; a supervisor can start it anew.
      this.#log('error', 'socket_lost', { socket: mark.path });
      this.stop(EXIT.runtimeFailed);
    }
  }
}

const LATE_MARGIN_MS = 300;

interface OpenParts {
  readonly state: string;
  readonly evidence: string;
  readonly locks: readonly WriterLock[];
  readonly streams: Streams;
  readonly memory: ReplayMemory;
  readonly journal: ReplayJournal;
}

async function openParts({ now, randomBytes }: RunDaemonOptions, loaded: LoadedEngine): Promise<OpenParts> {
  const { paths, configuration } = loaded;
  const state = await openPrivateFolder(paths.state, 'the state folder');
  const evidence = await openPrivateFolder(paths.evidence, 'the evidence folder');
  const locks = await lockFolders([...new Set([state, evidence])], now, randomBytes);
  try {
    const { connections, rememberedProofs } = configuration.limits;
    const memory = new ReplayMemory(rememberedProofs);
    const journal = await ReplayJournal.open(state, now, ({ key, refusedFrom, answer: { stream, ...rest } }) => {
      const answer = rest.recordId === '' ? undefined : { stream: memory.shared(stream), ...rest };
      memory.add(key, refusedFrom, { answer, pending: undefined });
    });
    const maxOpen = Math.max(DAEMON_OPEN_STREAMS, connections);
    return {
      state,
      evidence,
      locks,
      memory,
      journal,
      streams: new Streams({ root: evidence, maxOpen, clock: now, randomBytes }),
    };
  } catch (error) {
    for (const lock of locks) await lock.release();
    throw error;
  }
}

/** One daemon for each state folder and each evidence folder. */
async function lockFolders(folders: readonly string[], clock: Clock, randomBytes: RandomBytes): Promise<WriterLock[]> {
  const locks: WriterLock[] = [];
  try {
    for (const folder of folders) {
      locks.push(await acquireWriterLock({ folder, stream: 'daemon', clock, randomBytes, waitMs: LOCK_WAIT_MS }));
    }
    return locks;
  } catch (error) {
    for (const lock of locks) await lock.release();
    if (error instanceof CavraError && error.code === 'CAVRA-E502') {
      throw new RuntimeFailure('CAVRA-E522', error.message.replace(/^daemon is being written/, 'the folder is held'), {
        cause: error,
      });
    }
    throw error;
  }
}

function listen(
  { path }: SocketPlace,
  maxConnections: number,
  conversation: Conversation,
  log: DaemonLog,
  bound: () => Promise<void>,
): Promise<LineServer> {
  const options = {
    path,
    maxConnections,
    maxLineBytes: MAX_DAEMON_LINE_BYTES,
    maxLines: MAX_DAEMON_OPERATIONS,
    answer: conversation.answer.bind(conversation),
    farewell: conversation.farewell.bind(conversation),
    // A client that only looks whether somebody listens is no event.
    ended: (end: string) => (end === 'nothing_sent' ? undefined : log('warning', 'connection_ended', { reason: end })),
  };
  return LineServer.listen(options, bound).catch((error: unknown) => {
    if (error instanceof CavraError) throw error;
    const failure = asCavraError(error);
    throw new ConfigurationError('CAVRA-E231', `cannot listen on ${path}: ${failure.message}`, { cause: error });
  });
}

/** The mark of the socket made last; what cannot be read marks nothing. */
async function readMark(state: string): Promise<SocketMark | undefined> {
  try {
    const bytes = await readRegularFile(join(state, SOCKET_FILE), MAX_CONFIGURATION_FILE_BYTES);
    const mark = JSON.parse(Buffer.from(bytes).toString('utf8')) as SocketMark;
    return typeof mark?.path === 'string' && typeof mark.ino === 'string' ? mark : undefined;
  } catch {
    return undefined;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
