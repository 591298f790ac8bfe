import { randomFillSync } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Clock, RandomBytes } from '../../domain/ports.ts';

/** The machine's clock: milliseconds since the Unix epoch. The only place of the core that reads it. */
export const systemClock: Clock = () => Date.now();

/** Asking the system costs the same for a few bytes as for so many. */
const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** The machine's cryptographic random source. What was given out is kept nowhere else. */
export const systemRandomBytes: RandomBytes = (size) => {
  const bytes = Buffer.allocUnsafeSlow(size);
  if (size > POOL_BYTES) {
    return randomFillSync(bytes);
  }
  if (used + size > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(bytes, 0, used, used + size);
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
};

/** Waits `ms` milliseconds, or rejects as soon as the signal is aborted. */
export const systemSleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal === undefined ? {} : { signal });
