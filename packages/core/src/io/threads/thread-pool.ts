import { parentPort, type ResourceLimits, Worker } from 'node:worker_threads';
import { THREAD_ARGUMENT } from './thread-argument.ts';

export interface ThreadPoolOptions {
  /** What a thread runs; with THREAD_ARGUMENT as its first argument it calls `serveThread`. */
  readonly program: URL;
  /** Given to each thread as its `workerData`. */
  readonly data: unknown;
  readonly threads: number;
  readonly limits?: ResourceLimits;
}

/** Threads that answer questions, each one after the other. Questions and answers are plain data. */
export class ThreadPool<Question, Answer> {
  readonly #threads: readonly Thread<Question, Answer>[];

  constructor({ program, data, threads, limits = {} }: ThreadPoolOptions) {
    this.#threads = Array.from({ length: threads }, () => {
      return new Thread(
        new Worker(program, { workerData: data, env: {}, argv: [THREAD_ARGUMENT], resourceLimits: limits }),
      );
    });
  }

  get size(): number {
    return this.#threads.length;
  }

  /** Asks the thread with the least to do; undefined when it dies before it answers. */
  ask(question: Question): Promise<Answer | undefined> {
    return leastBusy(this.#threads).ask(question);
  }

  /** Asks a thread that has started and owes fewer answers than this; undefined when there is none. */
  askFree(question: Question, answersOwed: number): Promise<Answer | undefined> | undefined {
    const started = this.#threads.filter((thread) => thread.isStarted && thread.load < answersOwed);
    return started.length === 0 ? undefined : leastBusy(started).ask(question);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

function leastBusy<Question, Answer>(threads: readonly Thread<Question, Answer>[]): Thread<Question, Answer> {
  return threads.reduce((best, thread) => (thread.load < best.load ? thread : best));
}

class Thread<Question, Answer> {
  readonly #worker: Worker;
  /** Those who wait for an answer, in the order of their questions. */
  readonly #waiting: ((answer: Answer | undefined) => void)[] = [];
  #isStarted = false;
  #isDead = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer | undefined) => {
      // The first message says that the thread has started.
      if (this.#isStarted) this.#waiting.shift()?.(answer);
      this.#isStarted = true;
    });
    worker.on('error', () => this.#die());
    worker.on('messageerror', () => this.#die());
    worker.on('exit', () => this.#die());
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  get load(): number {
    return this.#isDead ? Number.POSITIVE_INFINITY : this.#waiting.length;
  }

  ask(question: Question): Promise<Answer | undefined> {
    if (this.#isDead) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(question);
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

/** Answers the questions that this thread is asked, in their order. */
export function serveThread<Question, Answer>(answer: (question: Question) => Answer | Promise<Answer>): void {
  const port = parentPort;
  let last: Promise<void> = Promise.resolve();
  port?.on('message', (question: Question) => {
    last = last.then(async () => port.postMessage(await answer(question)));
  });
  port?.postMessage('started');
}
