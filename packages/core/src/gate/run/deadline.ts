import { RuntimeFailure } from '../../domain/diagnosis.ts';

/**
 * Runs `work` and gives up on it after `milliseconds`. What it had begun may still end later; nobody waits for it.
 *
 * @throws RuntimeFailure CAVRA-E504
 */
export async function withinDeadline<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RuntimeFailure('CAVRA-E504', `not finished after ${Math.round(milliseconds / 1000)} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    clearTimeout(timer);
  }
}
