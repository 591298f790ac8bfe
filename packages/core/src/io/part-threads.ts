import { availableParallelism } from 'node:os';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { type PartJob, type PartVerifiers, partObservers } from '../app/part-job.ts';
import { verifyPart } from '../domain/evidence/part-verifier.ts';
import type { VerifiedPart } from '../domain/evidence/verifier.ts';
import { MAX_PART_THREADS, PART_BYTES } from '../domain/limits.ts';

/** What is sent to a thread: a part of the stream in shared memory. It answers each with its VerifiedPart or undefined. */
interface PartMessage {
  readonly memory: Uint8Array;
  readonly length: number;
}

/**
 * Verifies the parts of one stream on as many cores as there are.
 *
 * @param program what a thread runs; it calls `runPartThread`
 * @returns undefined where there is only one core
 */
export function startPartThreads(program: URL, job: PartJob): PartVerifiers | undefined {
  const cores = availableParallelism();
  if (cores < 2) return undefined;
  const threads = Array.from({ length: Math.min(cores, MAX_PART_THREADS) }, () => {
    return new PartThread(new Worker(program, { workerData: job, env: {}, argv: [], resourceLimits: THREAD_LIMITS }));
  });
  return {
    concurrency: threads.length,
    allocate: () => new Uint8Array(new SharedArrayBuffer(PART_BYTES)),
    verify: (memory, length) => leastBusy(threads).verify({ memory, length }),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function leastBusy(threads: readonly PartThread[]): PartThread {
  return threads.reduce((least, thread) => (thread.load < least.load ? thread : least));
}

/** Little garbage survives a record: a small space for new objects stays in the processor's cache. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };

class PartThread {
  readonly #worker: Worker;
  /** Those who wait for an answer, in the order of their questions. */
  readonly #waiting: ((part: VerifiedPart | undefined) => void)[] = [];
  #isDead = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (part: VerifiedPart | undefined) => this.#waiting.shift()?.(part));
    // The bytes of a part stay with whoever asked, and he verifies himself what nobody else has: no thread can make evidence valid by
    // failing, nor can it make it invalid.
    worker.on('error', () => this.#die());
    worker.on('messageerror', () => this.#die());
    worker.on('exit', () => this.#die());
  }

  get load(): number {
    return this.#isDead ? Number.POSITIVE_INFINITY : this.#waiting.length;
  }

  verify(message: PartMessage): Promise<VerifiedPart | undefined> {
    if (this.#isDead) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(message);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #die(): void {
    this.#isDead = true;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}

/** What a thread does that was started by `startPartThreads`. */
export function runPartThread(): void {
  if (parentPort !== null) servePartJob(parentPort, workerData as PartJob);
}

function servePartJob(port: MessagePort, job: PartJob): void {
  // Nobody else writes to a copy, and V8 reads memory that is not shared faster: that is worth more than the copy costs.
  const copy = Buffer.allocUnsafeSlow(PART_BYTES);
  port.on('message', ({ memory, length }: PartMessage) => {
    copy.set(memory.subarray(0, length));
    const bytes = copy.subarray(0, length);
    port.postMessage(verifyPart(bytes, { signatures: job.signatures, observers: partObservers(job) }));
  });
}
