import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketEnd, type RecordedAnswer, replayBucket } from '../../domain/daemon/replay-memory.ts';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import type { Clock } from '../../domain/ports.ts';
import { describeSystemError } from '../system/system-error.ts';
import { AppendQueue } from './append-queue.ts';
import { StreamFile } from './stream-file.ts';

/** One used proof on disk. */
export interface JournalEntry {
  /** As `replayKey` gives it. */
  readonly key: string;
  /** Unix milliseconds. */
  readonly refusedFrom: number;
  readonly answer: RecordedAnswer;
}

const NAME = /^replay-([0-9]{1,12})\.jsonl$/;
const KEY = /^[0-9a-f]{32}$/;

/**
 * What a daemon remembers of used proofs, so that it survives the daemon. Entries are only ever appended, to one file for each period in
 * which they expire: a file whose period is over is removed whole, so that nothing is ever rewritten and the size stays bounded by what
 * is alive. Each append is durable before it counts; those that wait together are made durable together.
 */
export class ReplayJournal {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #open = new Map<number, Promise<AppendQueue>>();

  private constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /**
   * Opens the journal and reads what is still alive in it.
   *
   * @param folder the daemon's own
   * @param take gets each entry
   * @throws ConfigurationError CAVRA-E230 it cannot be read: what was used before would not be known
   */
  static async open(folder: string, clock: Clock, take: (entry: JournalEntry) => void): Promise<ReplayJournal> {
    const journal = new ReplayJournal(folder, clock);
    try {
      for (const name of await readdir(folder)) {
        const bucket = bucketOf(name);
        if (bucket === undefined) {
          continue;
        }
        if (bucketEnd(bucket) <= clock()) {
          await rm(join(folder, name), { force: true });
        } else {
          await journal.#load(bucket, take);
        }
      }
      return journal;
    } catch (error) {
      await journal.close();
      const reason = error instanceof ConfigurationError || error instanceof RuntimeFailure ? error.message : undefined;
      const message = `the memory of used proofs cannot be read: ${reason ?? describeSystemError(error)}`;
      throw new ConfigurationError('CAVRA-E230', message, { cause: error });
    }
  }

  /**
   * Resolves once the entry is durable.
   *
   * @throws RuntimeFailure CAVRA-E501 it is not, CAVRA-E503 the file was removed or replaced
   */
  async append({ key, refusedFrom, answer }: JournalEntry): Promise<void> {
    const queue = await this.#queue(replayBucket(refusedFrom));
    const { stream, recordId, trustRule } = answer;
    await queue.append(`${JSON.stringify([key, refusedFrom, stream, recordId, trustRule])}\n`);
  }

  /** Removes the files whose period is over. */
  async forgetExpired(): Promise<void> {
    const now = this.#clock();
    for (const [bucket, queue] of this.#open) {
      if (bucketEnd(bucket) <= now) {
        this.#open.delete(bucket);
        await (await queue).close().catch(() => undefined);
        await rm(join(this.#folder, fileName(bucket)), { force: true }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    const queues = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    await Promise.all(queues.map((queue) => (queue.status === 'fulfilled' ? queue.value.close() : undefined)));
  }

  #queue(bucket: number): Promise<AppendQueue> {
    const known = this.#open.get(bucket);
    if (known !== undefined) {
      return known;
    }
    const opening = StreamFile.open(this.#folder, fileName(bucket)).then((file) => new AppendQueue(file));
    this.#open.set(bucket, opening);
    // What cannot be opened now may be opened later.
    opening.catch(() => this.#open.delete(bucket));
    return opening;
  }

  async #load(bucket: number, take: (entry: JournalEntry) => void): Promise<void> {
    const file = await StreamFile.open(this.#folder, fileName(bucket));
    this.#open.set(bucket, Promise.resolve(new AppendQueue(file)));
    const whole = await readEntries(file, take);
    if (whole < file.size) {
      // The end of a write that a crash cut short; its answer was never given.
      await file.truncate(whole);
    }
  }
}

/** Returns how many bytes whole lines take up. */
async function readEntries(file: StreamFile, take: (entry: JournalEntry) => void): Promise<number> {
  const chunk = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
  let rest = '';
  let whole = 0;
  for (let position = 0; position < file.size; ) {
    const length = await file.read(chunk.subarray(0, Math.min(chunk.length, file.size - position)), position);
    if (length === 0) {
      break;
    }
    position += length;
    // Entries are ASCII but for the names of rules, which `latin1` only passes through.
    const lines = `${rest}${chunk.toString('latin1', 0, length)}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      take(parseEntry(line));
      whole += line.length + 1;
    }
  }
  return whole;
}

function parseEntry(line: string): JournalEntry {
  const [key, refusedFrom, stream, recordId, trustRule] = parseList(line);
  if (
    typeof key !== 'string' ||
    !KEY.test(key) ||
    typeof refusedFrom !== 'number' ||
    typeof stream !== 'string' ||
    typeof recordId !== 'string' ||
    typeof trustRule !== 'string'
  ) {
    throw new ConfigurationError('CAVRA-E230', 'a line of it is no entry; somebody changed it');
  }
  return { key, refusedFrom, answer: { stream, recordId, trustRule } };
}

function parseList(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function bucketOf(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function fileName(bucket: number): string {
  return `replay-${bucket}.jsonl`;
}
