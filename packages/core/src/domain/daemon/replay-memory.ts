import { createHash } from 'node:crypto';
import { REPLAY_BUCKET_MS } from '../limits.ts';
import type { ProofUse } from '../trust/trust-decision.ts';

/** Where the answer to a question was recorded. */
export interface RecordedAnswer {
  /** Folder of the stream. */
  readonly stream: string;
  readonly recordId: string;
  /** The rule of the trust policy that let the runner pass; the empty string: none did. */
  readonly trustRule: string;
}

/** A proof that was used. */
export interface Remembered {
  /** Undefined: the question is being answered, or the answer is not needed again. */
  answer: RecordedAnswer | undefined;
  /** Settles when the question was answered; undefined when nobody answers it any more. */
  pending: Promise<RecordedAnswer | undefined> | undefined;
}

const KEY_BYTES = 16;
const MAX_SHARED_TEXTS = 10_000;

/** A proof's name in the memory: as unique as the proof, and nothing of it can be read back. */
export function replayKey({ kind, id }: ProofUse): string {
  // Not cut from a longer text, which would be kept with it.
  return createHash('sha256').update(`${kind}\n${id}`).digest().toString('hex', 0, KEY_BYTES);
}

/** The period in which a proof expires; what expires in one is forgotten together. */
export function replayBucket(refusedFrom: number): number {
  return Math.floor(refusedFrom / REPLAY_BUCKET_MS);
}

/** First moment after a period, Unix milliseconds. */
export function bucketEnd(bucket: number): number {
  return (bucket + 1) * REPLAY_BUCKET_MS;
}

/**
 * The proofs that may not count twice, until they are too old to count at all (design.md section 4, replay). It never forgets one before
 * its time: when it is full of living ones, it takes no more.
 */
export class ReplayMemory {
  readonly #capacity: number;
  readonly #buckets = new Map<number, Map<string, Remembered>>();
  readonly #texts = new Map<string, string>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Proofs remembered now. */
  get size(): number {
    return this.#size;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** The same text for all that hold an equal one: the proofs of a run all name its stream. */
  shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      return known;
    }
    if (this.#texts.size >= MAX_SHARED_TEXTS) {
      this.#texts.clear();
    }
    this.#texts.set(text, text);
    return text;
  }

  find(key: string): Remembered | undefined {
    for (const bucket of this.#buckets.values()) {
      const found = bucket.get(key);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** Whether one more can be remembered. */
  hasRoom(nowMs: number): boolean {
    if (this.#size >= this.#capacity) {
      this.forgetExpired(nowMs);
    }
    return this.#size < this.#capacity;
  }

  add(key: string, refusedFrom: number, remembered: Remembered): void {
    const bucket = replayBucket(refusedFrom);
    const entries = this.#buckets.get(bucket) ?? new Map<string, Remembered>();
    this.#buckets.set(bucket, entries);
    if (!entries.has(key)) {
      this.#size += 1;
    }
    entries.set(key, remembered);
  }

  /** For a question that could not be answered, so that it may be asked again. */
  remove(key: string, refusedFrom: number): void {
    if (this.#buckets.get(replayBucket(refusedFrom))?.delete(key) === true) {
      this.#size -= 1;
    }
  }

  /** Drops the periods that are over; returns them. */
  forgetExpired(nowMs: number): readonly number[] {
    const over = [...this.#buckets.keys()].filter((bucket) => bucketEnd(bucket) <= nowMs);
    for (const bucket of over) {
      this.#size -= this.#buckets.get(bucket)?.size ?? 0;
      this.#buckets.delete(bucket);
    }
    return over;
  }
}
