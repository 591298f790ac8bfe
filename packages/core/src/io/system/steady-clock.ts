import { CLOCK_TOLERANCE_SECONDS } from '../../domain/limits.ts';
import type { Clock } from '../../domain/ports.ts';

const TOLERANCE_MS = CLOCK_TOLERANCE_SECONDS * 1000;

/**
 * A clock whose time does not go back when the machine's is corrected a little: it stands still until that has caught up. A greater
 * correction is followed, since a time known to be wrong must not go into evidence; what was written before it then has the later
 * time, which is reported.
 */
export class SteadyClock {
  readonly #clock: Clock;
  readonly #report: (note: string) => void;
  #latest: number;

  /** @param latest time of the record before, in milliseconds since the Unix epoch; undefined: there is none */
  constructor(clock: Clock, latest: number | undefined, report: (note: string) => void) {
    this.#clock = clock;
    this.#latest = latest ?? Number.NEGATIVE_INFINITY;
    this.#report = report;
  }

  /** Milliseconds since the Unix epoch. */
  now(): number {
    const time = this.#clock();
    const behind = this.#latest - time;
    if (behind > 0 && behind <= TOLERANCE_MS) {
      return this.#latest;
    }
    if (behind > TOLERANCE_MS) {
      const seconds = Math.round(behind / 1000);
      this.#report(`the clock is ${seconds} s behind the last record in the stream: the times in it go back`);
    }
    this.#latest = time;
    return time;
  }
}
