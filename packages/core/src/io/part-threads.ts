import { availableParallelism } from 'node:os';
import { type PartJob, type PartVerifiers, partObservers } from '../app/part-job.ts';
import { verifyPart } from '../domain/evidence/part-verifier.ts';
import type { VerifiedPart } from '../domain/evidence/verifier.ts';
import { MAX_PART_THREADS, PART_BYTES } from '../domain/limits.ts';
import { serveThread, ThreadPool } from './thread-pool.ts';

/** A part of the stream, in shared memory. */
interface PartQuestion {
  readonly memory: Uint8Array;
  readonly length: number;
}

/** What tells a thread that it verifies parts. */
export interface PartThreadData {
  readonly kind: 'parts';
  readonly job: PartJob;
}

/** Little garbage survives a record: a small space for new objects stays in the processor's cache. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };

/**
 * Verifies the parts of one stream on as many cores as there are. The bytes of a part stay with whoever asks, and what a thread cannot
 * answer he verifies himself: no thread can make evidence valid, or invalid, by failing.
 *
 * @param program what a thread runs; it calls `runThread`
 * @returns undefined where there is only one core
 */
export function startPartThreads(program: URL, job: PartJob): PartVerifiers | undefined {
  const cores = availableParallelism();
  if (cores < 2) return undefined;
  const data: PartThreadData = { kind: 'parts', job };
  const threads = Math.min(cores, MAX_PART_THREADS);
  const pool = new ThreadPool<PartQuestion, VerifiedPart | undefined>({ program, data, threads, limits: LIMITS });
  return {
    concurrency: pool.size,
    allocate: () => new Uint8Array(new SharedArrayBuffer(PART_BYTES)),
    verify: (memory, length) => pool.ask({ memory, length }),
    close: () => pool.close(),
  };
}

/** What a thread does that `startPartThreads` started. */
export function servePartThread({ job }: PartThreadData): void {
  // Nobody else writes to a copy, and V8 reads memory that is not shared faster: that is worth more than the copy costs.
  const copy = Buffer.allocUnsafeSlow(PART_BYTES);
  serveThread<PartQuestion, VerifiedPart | undefined>(({ memory, length }) => {
    copy.set(memory.subarray(0, length));
    return verifyPart(copy.subarray(0, length), { signatures: job.signatures, observers: partObservers(job) });
  });
}
