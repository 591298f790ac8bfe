import { setTimeout as pause } from 'node:timers/promises';

/**
 * How long the tests wait for what should happen at once on a quiet machine, ms. Only what hangs reaches it: no test is about it, and
 * jest's own limit (jest.config.mjs) lies above it.
 */
export const HANGS_MS = 240_000;

const LOOK_MS = 5;

/**
 * Waits until `look` finds something, and returns that. For what announces itself to nobody: a file that grows, a process that goes.
 *
 * @param event completes the sentence "waited in vain until …"
 * @throws Error when it does not come
 */
export async function until<T>(event: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + HANGS_MS;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined && found !== null) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${event}`);
    await pause(LOOK_MS);
  }
}
