import { asCavraError } from '@cavra/release-governance-core';
import { annotate } from './workflow.ts';

/** Turns whatever nobody foresaw into one sentence and a failed step. */
export async function failClosed(work: () => Promise<0 | 1>): Promise<0 | 1> {
  try {
    return await work();
  } catch (error) {
    const { code, message, action } = asCavraError(error);
    annotate([{ level: 'error', title: 'CAVRA release gate', message: `${code}: ${message}. What to do: ${action}` }]);
    return 1;
  }
}

/** Waits until all that was written is with the reader: where a pipe is asynchronous, the end of the process would lose it. */
export function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/**
 * Runs a library's work that may also fail outside of its promise, in an event or a promise that nobody waits for. Node would end the
 * process on that, and with it a verdict that has nothing to do with it. From here on whatever is astray fails this work or nothing.
 */
export async function contained<T>(work: () => Promise<T>): Promise<T> {
  const stray = new Promise<never>((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  return await Promise.race([work(), stray]);
}
