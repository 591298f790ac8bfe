import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Clock, RandomBytes } from '../app/ports.ts';

/** The machine's clock: milliseconds since the Unix epoch. The only place of the core that reads it. */
export const systemClock: Clock = () => Date.now();

/** The machine's cryptographic random source. */
export const systemRandomBytes: RandomBytes = (size) => randomBytes(size);

/** Waits `ms` milliseconds, or rejects as soon as the signal is aborted. */
export const systemSleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal === undefined ? {} : { signal });
