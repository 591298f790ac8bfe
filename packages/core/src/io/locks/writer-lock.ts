import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CavraError, ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { LOCK_REFRESH_MS, LOCK_RETRY_CAP_MS, LOCK_STALE_MS, LOCK_WAIT_MS } from '../../domain/limits.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import { formatTimestamp } from '../../domain/time/timestamp.ts';
import { currentPlace, currentStartTime, type ProcessPlace, processState } from '../system/process-state.ts';
import { systemSleep } from '../system/system.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';
import { lockFileName, lockNote, lockPrefix, OtherLockFile, OwnLockFile } from './lock-file.ts';

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
    const held = contender.attempt();
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

  attempt(): WriterLock | OtherLockFile {
    // A contender that looks first does not get in the way of those who wait as well. It proves nothing.
    const first = this.#guarded(() => this.#findOther(undefined));
    if (first !== undefined) {
      return first;
    }
    const own = this.#guarded(() => this.#create());
    try {
      const other = this.#guarded(() => this.#findOther(own));
      if (other === undefined) {
        return new HeldLock(own);
      }
      own.remove();
      return other;
    } catch (error) {
      own.remove();
      throw error;
    }
  }

  #create(): OwnLockFile {
    const { folder, stream, clock, randomBytes } = this.#options;
    const name = { pid: process.pid, startTime: this.#startTime, place: this.#place.digest };
    const random = Buffer.from(randomBytes(16)).toString('hex');
    const note = lockNote(this.#place, formatTimestamp(clock()));
    return OwnLockFile.create(join(folder, lockFileName(stream, name, random)), note);
  }

  /** Any other living contender, after the files of dead ones were removed. */
  #findOther(own: OwnLockFile | undefined): OtherLockFile | undefined {
    const { folder, stream } = this.#options;
    const prefix = lockPrefix(stream);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!name.startsWith(prefix) || path === own?.path) {
        continue;
      }
      const other = new OtherLockFile(path, name.slice(prefix.length));
      if (this.#isAlive(other, own)) {
        return other;
      }
    }
    return undefined;
  }

  #isAlive(other: OtherLockFile, own: OwnLockFile | undefined): boolean {
    const changed = other.changedAt();
    if (changed === undefined) {
      return false;
    }
    const local = other.name?.place === this.#place.digest ? other.name : undefined;
    const state = local === undefined ? 'uncertain' : processState(local.pid, local.startTime);
    // Both times are the file system's own, so that the clocks of two machines need not agree.
    const silent = state === 'uncertain' && own !== undefined && own.createdAt - changed > LOCK_STALE_MS;
    if (state === 'gone' || silent) {
      other.remove();
      return false;
    }
    // Whether an uncertain one is silent can only be told by a file of one's own.
    return state === 'running' || own !== undefined;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof CavraError) {
        throw error;
      }
      const message = `cannot lock ${this.#options.stream}: ${describeSystemError(error)}`;
      if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(errorCode(error))) {
        throw new ConfigurationError('CAVRA-E208', message, { cause: error });
      }
      throw new RuntimeFailure('CAVRA-E501', message, { cause: error });
    }
  }
}

class HeldLock implements WriterLock {
  readonly #file: OwnLockFile;
  readonly #timer: NodeJS.Timeout;

  constructor(file: OwnLockFile) {
    this.#file = file;
    this.#timer = setInterval(() => void file.refresh(), LOCK_REFRESH_MS).unref();
  }

  isHeld(): boolean {
    return this.#file.isThere();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#file.remove();
  }
}

function jitter(pause: number, randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(2);
  return 1 + Math.floor((pause * (high * 256 + low)) / 65_536);
}
