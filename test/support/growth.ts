import { expect } from '@jest/globals';

/** How many times longer the long input is. */
const FACTOR = 16;
const LOOKS = 5;

/** Some work, by the length of its input. */
export interface Work<T> {
  /** Length of the shorter input; long enough that the work takes a millisecond or more. */
  readonly length: number;
  /** Makes an input; not measured. */
  readonly make: (length: number) => T;
  readonly run: (input: T) => unknown;
  /** The work may grow with this power of the length; 1 unless said. */
  readonly power?: number;
}

/**
 * Expects that the work grows no faster than a power of its input's length, on a machine of any speed: an input that is 16 times longer
 * takes 16 times as long (that is, less than 128 times), not 256 times as with the next power.
 *
 * What is measured is the processor time of this process, so that others do not count, and the least of several looks at it, so that
 * neither a collection of garbage nor a compilation does.
 */
export async function expectGrowth<T>({ length, make, run, power = 1 }: Work<T>): Promise<void> {
  const [short, long] = [make(length), make(length * FACTOR)];
  const bound = FACTOR ** (power + 0.75);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let look = 0; look < LOOKS; look += 1) {
    least = Math.min(least, await processorTime(() => run(short)));
  }
  for (let look = 0; look < LOOKS && most > least * bound; look += 1) {
    most = Math.min(most, await processorTime(() => run(long)));
  }
  expect(most / Math.max(least, 1)).toBeLessThanOrEqual(bound);
}

/** µs. */
async function processorTime(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
