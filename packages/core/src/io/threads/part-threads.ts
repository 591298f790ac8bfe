import { availableParallelism } from 'node:os';
import { MAX_PART_THREADS, PART_BYTES } from '../../domain/limits.ts';
import { verifyPart } from '../../domain/verification/part-verifier.ts';
import type { VerifiedPart } from '../../domain/verification/verifier.ts';
import { type PartJob, type PartVerifiers, partObservers } from './part-job.ts';
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

/**
 * Little garbage survives a record: a small space for new objects stays in the processor's cache. What does survive is collected before
 * it is much, however long the stream is.
 */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32 };

/** Parts that wait for a thread: it goes on with them while this thread is busy with one of its own. */
const PARTS_PER_THREAD = 12;
/** Parts whose answers may be waited for. */
const LOOKAHEAD_PER_THREAD = 2 * PARTS_PER_THREAD;

/**
 * Verifies the parts of one stream on as many cores as there are: this thread reads and hashes the stream, and verifies what the other
 * threads have no time for. The bytes of a part stay with whoever asks, and what a thread cannot answer he verifies himself: no thread
 * can make evidence valid, or invalid, by failing.
 *
 * @param program what a thread runs; it calls `runThread`
 * @returns undefined where there is only one core
 */
export function startPartThreads(program: URL, job: PartJob): PartVerifiers | undefined {
  const cores = availableParallelism();
  if (cores < 2) return undefined;
  const data: PartThreadData = { kind: 'parts', job };
  const threads = Math.min(cores - 1, MAX_PART_THREADS);
  const pool = new ThreadPool<PartQuestion, VerifiedPart | undefined>({ program, data, threads, limits: LIMITS });
  const verifyHere = partVerifier(job);
  return {
    lookahead: threads * LOOKAHEAD_PER_THREAD,
    allocate: () => new Uint8Array(new SharedArrayBuffer(PART_BYTES)),
    verify: async (memory, length) => {
      const question = { memory, length };
      // A thread that is still starting would be waited for before this one has anything to wait for.
      const elsewhere = pool.askFree(question, PARTS_PER_THREAD);
      if (elsewhere !== undefined) return elsewhere;
      const part = verifyHere(question);
      await answersOfThreads();
      return part;
    },
    close: () => pool.close(),
  };
}

/** What a thread does that `startPartThreads` started. */
export function servePartThread({ job }: PartThreadData): void {
  serveThread<PartQuestion, VerifiedPart | undefined>(partVerifier(job));
}

function partVerifier(job: PartJob): (question: PartQuestion) => VerifiedPart | undefined {
  return ({ memory, length }) =>
    verifyPart(memory.subarray(0, length), { signatures: job.signatures, observers: partObservers(job) });
}

/** Lets those answers in that came while this thread was busy. */
function answersOfThreads(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
