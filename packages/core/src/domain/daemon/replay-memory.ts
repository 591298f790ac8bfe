import { createHash } from 'node:crypto';
import { REPLAY_BUCKET_MS } from '../limits.ts';
import type { ProofUse } from '../trust/trust-decision.ts';
import { Shares } from './shares.ts';

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
  /** Among whom the memory is shared out; the empty string: not known any more. */
  readonly owner: string;
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
 * The proofs that may not count twice, until they are too old to count at all (docs/threat-model.md#replay). It never forgets one before
 * its time: when it is full of living ones, it takes no more. What room there is is shared out among the owners of the proofs.
 */
export class ReplayMemory {
  readonly #capacity: number;
  readonly #buckets = new Map<number, Map<string, Remembered>>();
  readonly #texts = new Map<string, string>();
  readonly #shares: Shares;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#shares = new Shares(capacity);
  }

  /** Proofs remembered now. */
  get size(): number {
    return this.#shares.taken;
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

  /** Whether one more proof of this owner can be remembered. */
  hasRoom(nowMs: number, owner: string): boolean {
    if (!this.#shares.hasRoom(owner)) {
      this.forgetExpired(nowMs);
    }
    return this.#shares.hasRoom(owner);
  }

  add(key: string, refusedFrom: number, remembered: Remembered): void {
    const bucket = replayBucket(refusedFrom);
    const entries = this.#buckets.get(bucket) ?? new Map<string, Remembered>();
    this.#buckets.set(bucket, entries);
    const before = entries.get(key);
    if (before !== undefined) this.#shares.giveBack(before.owner);
    this.#shares.take(remembered.owner);
    entries.set(key, remembered);
  }

  /** For a question that could not be answered, so that it may be asked again. */
  remove(key: string, refusedFrom: number): void {
    const entries = this.#buckets.get(replayBucket(refusedFrom));
    const known = entries?.get(key);
    if (known === undefined) return;
    entries?.delete(key);
    this.#shares.giveBack(known.owner);
  }

  /** Drops the periods that are over; returns them. */
  forgetExpired(nowMs: number): readonly number[] {
    const over = [...this.#buckets.keys()].filter((bucket) => bucketEnd(bucket) <= nowMs);
    for (const bucket of over) {
      for (const { owner } of this.#buckets.get(bucket)?.values() ?? []) this.#shares.giveBack(owner);
      this.#buckets.delete(bucket);
    }
    return over;
  }
}
