import { MAX_STORY_BUCKETS } from '../limits.ts';
import type { Decision } from '../wire/messages.ts';

/** Some neighbouring records of a stream, counted. */
export interface RecordBucket {
  /** Number of the first record in it, from 1. */
  readonly from: number;
  /** Number of the last record that it has room for. */
  readonly to: number;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** Time of the last readable record in it, Unix milliseconds; undefined when there is none. */
  readonly time: number | undefined;
}

interface Counts {
  readonly decisions: Record<Decision, number>;
  time: number | undefined;
}

/**
 * Counts the records of a stream whose length nobody knows beforehand, in at most MAX_STORY_BUCKETS buckets of one width: when they
 * do not suffice, neighbours are merged and the width doubles.
 */
export class RecordBuckets {
  #counts: Counts[] = [];
  #width = 1;

  /** @param record its number in the stream, from 1; never smaller than the one before */
  add(record: number, decision: Decision, time: number): void {
    while (record > this.#width * MAX_STORY_BUCKETS) this.#merge();
    const index = Math.floor((record - 1) / this.#width);
    while (this.#counts.length <= index) this.#counts.push({ decisions: none(), time: undefined });
    const counts = this.#counts[index];
    if (counts === undefined) return;
    counts.decisions[decision] += 1;
    counts.time = time;
  }

  list(): readonly RecordBucket[] {
    return this.#counts.map(({ decisions, time }, index) => ({
      from: index * this.#width + 1,
      to: (index + 1) * this.#width,
      decisions: { ...decisions },
      time,
    }));
  }

  #merge(): void {
    this.#width *= 2;
    const merged: Counts[] = [];
    for (let index = 0; index < this.#counts.length; index += 2) {
      merged.push(both(this.#counts[index], this.#counts[index + 1]));
    }
    this.#counts = merged;
  }
}

function none(): Record<Decision, number> {
  return { allow: 0, require_approval: 0, block: 0 };
}

function both(a: Counts | undefined, b: Counts | undefined): Counts {
  const decisions = none();
  for (const part of [a, b]) {
    if (part === undefined) continue;
    decisions.allow += part.decisions.allow;
    decisions.require_approval += part.decisions.require_approval;
    decisions.block += part.decisions.block;
  }
  return { decisions, time: b?.time ?? a?.time };
}
