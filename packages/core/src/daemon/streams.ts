import { renameSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CavraError, RuntimeFailure } from '../domain/diagnosis.ts';
import { CLAIMS_FILE, claimsFileText, STREAM_FILE } from '../domain/evidence/files.ts';
import { DAEMON_REMEMBERED_HEADS } from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { continueOrSetAside } from '../io/evidence/earlier-evidence.ts';
import { openEvidenceFolder } from '../io/evidence/evidence-folder.ts';
import { syncFolder, writeFileDurably } from '../io/files/durable-file.ts';
import { type FileEvidenceRecorder, openEvidenceRecorder } from '../io/stream/evidence-recorder.ts';
import type { Engine } from './engine.ts';

/** Which stream: the folder's name, and whose it is. */
export interface StreamId {
  readonly name: string;
  /** Absent: the stream is of no run, but of those who could not prove anything. */
  readonly identity?: RunnerIdentity;
}

export interface StreamsOptions {
  /** Absolute, without links in it; the daemon's alone. */
  readonly root: string;
  readonly maxOpen: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** The keys and secrets with which streams are opened. */
export type StreamKeys = Pick<Engine, 'evidenceKey' | 'evidenceVerification' | 'searcher'>;

interface OpenStream {
  readonly recorder: Promise<FileEvidenceRecorder>;
  readonly keys: StreamKeys;
  users: number;
  /** Set once it is to be closed: no more users, and who wants the stream waits for this. */
  closing?: Promise<void>;
}

const LOCK_WAIT_MS = 500;

/**
 * The evidence streams of a daemon, one for each run. A bounded number is open at once; the one that was longest unused is closed for
 * the next. A stream that was changed from outside is not continued while this daemon lives.
 */
export class Streams {
  readonly #options: StreamsOptions;
  /** The one used last is at the end. */
  readonly #open = new Map<string, OpenStream>();
  /** Where streams ended when they were closed. */
  readonly #heads = new Map<string, string>();
  readonly #broken = new Set<string>();
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Streams open now. */
  get size(): number {
    return this.#open.size;
  }

  /** Absolute path of a stream's folder, whether it is there or not. */
  folderOf(name: string): string {
    return join(this.#options.root, name);
  }

  /** Whether anything was ever recorded in a stream. */
  async exists(name: string): Promise<boolean> {
    return this.#open.has(name) || (await sizeOf(this.folderOf(name))) > 0;
  }

  /**
   * Lends the recorder of a stream. Several may have it at once; it is only closed when nobody has it.
   *
   * @param keys the stream is opened anew when they are others than those it was opened with
   * @throws RuntimeFailure CAVRA-E503 the stream was changed from outside; otherwise as `openEvidenceRecorder` and `work`
   */
  async use<T>(id: StreamId, keys: StreamKeys, work: (recorder: FileEvidenceRecorder) => Promise<T>): Promise<T> {
    const stream = await this.#borrow(id, keys);
    try {
      return await work(await stream.recorder);
    } catch (error) {
      if (error instanceof CavraError && error.code === 'CAVRA-E503') {
        this.#broken.add(id.name);
        this.#retire(id.name, stream);
      }
      throw error;
    } finally {
      stream.users -= 1;
      this.#wakeWaiting();
    }
  }

  /**
   * Takes the evidence of a run away, unless it is open. Nothing can come between the look and the move, so that no record is ever
   * written to what is on its way out.
   *
   * @param target where to; in the same folder
   * @returns whether it did
   */
  takeAway(name: string, target: string): boolean {
    if (this.#open.has(name) || this.#closed) return false;
    renameSync(this.folderOf(name), this.folderOf(target));
    this.#heads.delete(name);
    this.#broken.delete(name);
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map(([name, stream]) => this.#retire(name, stream)));
  }

  async #borrow(id: StreamId, keys: StreamKeys): Promise<OpenStream> {
    for (;;) {
      this.#requireUsable(id.name);
      const known = this.#open.get(id.name);
      if (known === undefined) {
        if (this.#open.size < this.#options.maxOpen) return this.#openNew(id, keys);
        await this.#makeRoom();
      } else if (known.closing !== undefined) {
        await known.closing;
      } else if (known.keys !== keys) {
        await this.#retire(id.name, known);
      } else {
        // Now the one used last.
        this.#open.delete(id.name);
        this.#open.set(id.name, known);
        known.users += 1;
        return known;
      }
    }
  }

  #requireUsable(name: string): void {
    if (this.#closed) {
      throw new RuntimeFailure('CAVRA-E523', 'the daemon is stopping');
    }
    if (this.#broken.has(name)) {
      throw new RuntimeFailure('CAVRA-E503', 'the stream of this run was changed from outside, and is not continued');
    }
  }

  #openNew(id: StreamId, keys: StreamKeys): OpenStream {
    const stream: OpenStream = { recorder: this.#openRecorder(id, keys), keys, users: 1 };
    this.#open.set(id.name, stream);
    stream.recorder.catch(() => {
      if (this.#open.get(id.name) === stream) this.#open.delete(id.name);
      this.#wakeWaiting();
    });
    return stream;
  }

  async #openRecorder({ name, identity }: StreamId, keys: StreamKeys): Promise<FileEvidenceRecorder> {
    const { root, clock, randomBytes } = this.#options;
    const isNew = (await sizeOf(this.folderOf(name))) === 0;
    const { path: folder } = await openEvidenceFolder(name, { workspace: root });
    if (isNew) await syncFolder(root);
    const recorder = await openEvidenceRecorder({
      folder,
      clock,
      randomBytes,
      searcher: keys.searcher,
      signingKey: keys.evidenceKey,
      lockWaitMs: LOCK_WAIT_MS,
      ...(identity === undefined ? {} : { beforeOpening: () => requireOwn(folder, identity, keys) }),
    });
    try {
      this.#requireUnchanged(name, recorder);
      if (identity !== undefined && recorder.records === 0) {
        await writeFileDurably(folder, CLAIMS_FILE, Buffer.from(claimsFileText(identity), 'utf8'));
      }
      return recorder;
    } catch (error) {
      await recorder.close();
      throw error;
    }
  }

  #requireUnchanged(name: string, recorder: FileEvidenceRecorder): void {
    const head = this.#heads.get(name);
    if (head !== undefined && head !== headOf(recorder)) {
      throw new RuntimeFailure('CAVRA-E503', 'the stream of this run does not end as this daemon left it');
    }
  }

  async #makeRoom(): Promise<void> {
    for (const [name, stream] of this.#open) {
      if (stream.users === 0 && stream.closing === undefined) {
        await this.#retire(name, stream);
        return;
      }
    }
    // Each is in use or closing: one of them will soon be free.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Closes a stream as soon as nobody uses it. */
  #retire(name: string, stream: OpenStream): Promise<void> {
    stream.closing ??= this.#closeUnused(name, stream);
    return stream.closing;
  }

  async #closeUnused(name: string, stream: OpenStream): Promise<void> {
    while (stream.users > 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const recorder = await stream.recorder.catch(() => undefined);
    if (recorder !== undefined) {
      this.#rememberHead(name, headOf(recorder));
      await recorder.close().catch(() => undefined);
    }
    if (this.#open.get(name) === stream) this.#open.delete(name);
    this.#wakeWaiting();
  }

  #rememberHead(name: string, head: string): void {
    this.#heads.delete(name);
    this.#heads.set(name, head);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > DAEMON_REMEMBERED_HEADS && oldest !== undefined) this.#heads.delete(oldest);
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** A daemon's own stream always continues: what does not was changed while nobody looked, and is set aside as it was found. */
async function requireOwn(folder: string, identity: RunnerIdentity, keys: StreamKeys): Promise<readonly string[]> {
  const before = await sizeOf(folder);
  const notes = await continueOrSetAside({ folder, identity, keys: keys.evidenceVerification });
  if (before > 0 && (await sizeOf(folder)) === 0) {
    throw new RuntimeFailure('CAVRA-E503', `the stream of this run is not this daemon’s any more: ${notes.join('; ')}`);
  }
  return notes;
}

async function sizeOf(folder: string): Promise<number> {
  const found = await lstat(join(folder, STREAM_FILE)).catch(() => undefined);
  return found?.size ?? 0;
}

function headOf(recorder: FileEvidenceRecorder): string {
  return `${recorder.records} ${recorder.headHash}`;
}
