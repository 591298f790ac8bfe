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
