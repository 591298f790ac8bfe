import type { AttemptFailure } from './failure.ts';

/**
 * A promise that ends with the signal at the latest. `start` begins the work and returns what stops it; it is stopped on every end but
 * success.
 */
export async function settle<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: AttemptFailure) => void) => () => void,
): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  let onAbort = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      stop = start(resolve, reject);
    });
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
