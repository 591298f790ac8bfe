import { constants, lstatSync } from 'node:fs';
import { lstat, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, RandomBytes } from '../app/ports.ts';
import { ConfigurationError, RuntimeFailure } from '../domain/diagnosis.ts';
import { formatTimestamp } from '../domain/evidence/timestamp.ts';
import { LOCK_REFRESH_MS, LOCK_RETRY_CAP_MS, LOCK_STALE_MS, LOCK_WAIT_MS } from '../domain/limits.ts';
import { NO_FOLLOW, writeAll } from './durable-file.ts';
import { currentPlace, currentStartTime, type ProcessPlace, processState } from './process-state.ts';
import { readRegularFile } from './read-regular-file.ts';
import { systemSleep } from './system.ts';
import { describeSystemError, errorCode } from './system-error.ts';

/**
 * One writer at a time for each evidence stream, across processes and without locks of the operating system, which differ too much.
 *
 * Whoever wants to write creates a file with a name that nobody ever used, `<stream>.lock-<pid>-<start time>-<place>-<random>`, and
 * only then looks for others. Of two that come at the same time at least one sees the other, and who sees a living one takes its
 * own away: so at most one goes on. Since a name is never used again, the file of a dead process can be removed at any time without
 * hitting a living one. Nothing is left to clean up by hand after a crash.
 */
export interface WriterLock {
  /** Whether the lock's file is still there. A writer asks before it writes: it may have been suspended and taken for dead. */
  isHeld(): boolean;
  release(): Promise<void>;
}

export interface WriterLockOptions {
  /** Absolute; the folder of the stream. */
  readonly folder: string;
  /** Name of the stream's file. */
  readonly stream: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** How long to wait for another writer; LOCK_WAIT_MS unless given. */
  readonly waitMs?: number;
}

/** Who holds a lock, for people; what of it is not known is left out. */
interface HolderNote {
  readonly pid?: number;
  readonly host?: string;
  readonly pid_namespace?: string;
  readonly created_at?: string;
}

interface LockName {
  readonly pid: number;
  readonly startTime: string;
  readonly place: string;
}

const NAME_END = /^([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-f]{16})-[0-9a-f]{32}$/;
const MAX_PID = 2 ** 31 - 1;
const MAX_NOTE_BYTES = 4096;
const FIRST_PAUSE_MS = 5;

/**
 * Becomes the only writer of a stream, or waits a little for the one there is.
 *
 * @throws RuntimeFailure CAVRA-E502 another one writes, and which; CAVRA-E501 the lock's file cannot be written
 * @throws ConfigurationError CAVRA-E208 the folder is not writable
 */
export async function acquireWriterLock(options: WriterLockOptions): Promise<WriterLock> {
  const contender = new Contender(options);
  const waitMs = options.waitMs ?? LOCK_WAIT_MS;
  let waited = 0;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LOCK_RETRY_CAP_MS)) {
    const held = await contender.attempt();
    if ('release' in held) {
      return held;
    }
    if (waited >= waitMs) {
      throw new RuntimeFailure('CAVRA-E502', `${options.stream} is being written by ${await held.describe()}`);
    }
    const jittered = jitter(pause, options.randomBytes);
    await systemSleep(jittered);
    waited += jittered;
  }
}

class Contender {
  readonly #options: WriterLockOptions;
  readonly #place: ProcessPlace = currentPlace();
  readonly #startTime = currentStartTime();

  constructor(options: WriterLockOptions) {
    this.#options = options;
  }

  async attempt(): Promise<WriterLock | OtherWriter> {
    // A contender that looks first does not get in the way of those who wait as well. It proves nothing.
    const first = await this.#guarded(() => this.#findOther(undefined));
    if (first !== undefined) {
      return first;
    }
    const own = await this.#guarded(() => this.#create());
    try {
      const other = await this.#guarded(() => this.#findOther(own));
      if (other === undefined) {
        return new HeldLock(own);
      }
      await own.remove();
      return other;
    } catch (error) {
      await own.remove();
      throw error;
    }
  }

  async #create(): Promise<OwnFile> {
    const { folder, stream, clock, randomBytes } = this.#options;
    const random = Buffer.from(randomBytes(16)).toString('hex');
    const path = join(folder, `${stream}.lock-${process.pid}-${this.#startTime}-${this.#place.digest}-${random}`);
    const note: HolderNote = {
      pid: process.pid,
      host: this.#place.host,
      ...(this.#place.pidNamespace === '' ? {} : { pid_namespace: this.#place.pidNamespace }),
      created_at: formatTimestamp(clock()),
    };
    return OwnFile.create(path, `${JSON.stringify(note)}\n`);
  }

  /** Any other living contender, after the files of dead ones were removed. */
  async #findOther(own: OwnFile | undefined): Promise<OtherWriter | undefined> {
    const { folder, stream } = this.#options;
    const prefix = `${stream}.lock-`;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (!name.startsWith(prefix) || path === own?.path) {
        continue;
      }
      const other = new OtherWriter(path, parseName(name.slice(prefix.length)));
      if (await this.#isAlive(other, own)) {
        return other;
      }
    }
    return undefined;
  }

  async #isAlive(other: OtherWriter, own: OwnFile | undefined): Promise<boolean> {
    const changed = await other.changedAt();
    if (changed === undefined) {
      return false;
    }
    const local = other.name?.place === this.#place.digest ? other.name : undefined;
    const state = local === undefined ? 'uncertain' : processState(local.pid, local.startTime);
    // Both times are the file system's own, so that the clocks of two machines need not agree.
    const silent = state === 'uncertain' && own !== undefined && own.createdAt - changed > LOCK_STALE_MS;
    if (state === 'gone' || silent) {
      await rm(other.path, { force: true });
      return false;
    }
    // Whether an uncertain one is silent can only be told by a file of one's own.
    return state === 'running' || own !== undefined;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const message = `cannot lock ${this.#options.stream}: ${describeSystemError(error)}`;
      if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(errorCode(error))) {
        throw new ConfigurationError('CAVRA-E208', message, { cause: error });
      }
      throw new RuntimeFailure('CAVRA-E501', message, { cause: error });
    }
  }
}

class OwnFile {
  readonly path: string;
  readonly content: string;
  /** Milliseconds of the file system's clock. */
  readonly createdAt: number;

  private constructor(path: string, content: string, createdAt: number) {
    this.path = path;
    this.content = content;
    this.createdAt = createdAt;
  }

  static async create(path: string, content: string): Promise<OwnFile> {
    const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
    try {
      await writeAll(handle, Buffer.from(content), 0);
      return new OwnFile(path, content, (await handle.stat()).mtimeMs);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

class HeldLock implements WriterLock {
  readonly #file: OwnFile;
  readonly #timer: NodeJS.Timeout;

  constructor(file: OwnFile) {
    this.#file = file;
    this.#timer = setInterval(() => void this.#refresh(), LOCK_REFRESH_MS).unref();
  }

  isHeld(): boolean {
    return lstatSync(this.#file.path, { throwIfNoEntry: false })?.isFile() === true;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#file.remove();
  }

  /** Moves the file's time on. When that fails the lock ages, and `isHeld` tells when somebody took it. */
  async #refresh(): Promise<void> {
    await writeFile(this.#file.path, this.#file.content, { flag: constants.O_WRONLY | NO_FOLLOW }).catch(
      () => undefined,
    );
  }
}

/** The lock's file of another writer, dead or alive. */
class OtherWriter {
  readonly path: string;
  /** Undefined: not a name of ours; perhaps of another version, so it is not simply passed over. */
  readonly name: LockName | undefined;

  constructor(path: string, name: LockName | undefined) {
    this.path = path;
    this.name = name;
  }

  /** Milliseconds of the file system's clock; undefined when there is no such file (any more). */
  async changedAt(): Promise<number | undefined> {
    try {
      const stats = await lstat(this.path);
      // A writer's file is created as a regular one; nobody can have put anything else in its place.
      return stats.isFile() ? stats.mtimeMs : undefined;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  async describe(): Promise<string> {
    const note = await this.#readNote();
    const pid = this.name?.pid ?? note.pid;
    const parts = [
      pid === undefined ? 'another process' : `process ${pid}`,
      typeof note.host === 'string' ? ` on ${printable(note.host)}` : '',
      typeof note.created_at === 'string' ? ` since ${printable(note.created_at)}` : '',
    ];
    return parts.join('');
  }

  async #readNote(): Promise<HolderNote> {
    try {
      const note: unknown = JSON.parse(Buffer.from(await readRegularFile(this.path, MAX_NOTE_BYTES)).toString('utf8'));
      return typeof note === 'object' && note !== null ? note : {};
    } catch {
      return {};
    }
  }
}

function parseName(end: string): LockName | undefined {
  const [, pid, startTime, place] = NAME_END.exec(end) ?? [];
  if (pid === undefined || startTime === undefined || place === undefined || Number(pid) > MAX_PID) {
    return undefined;
  }
  return { pid: Number(pid), startTime, place };
}

/** A name from a file, as it may stand in a message. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 64);
}

function jitter(pause: number, randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(2);
  return 1 + Math.floor((pause * (high * 256 + low)) / 65_536);
}
