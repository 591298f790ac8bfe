import type { Clock } from '../app/ports.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../domain/limits.ts';

const TOLERANCE_MS = CLOCK_TOLERANCE_SECONDS * 1000;

/**
 * A clock whose time does not go back when the machine's is corrected a little: it stands still until that has caught up. A greater
 * correction is followed, since a time known to be wrong must not go into evidence; what was written before it then has the later
 * time, which is reported.
 */
export class SteadyClock {
  readonly #clock: Clock;
  readonly #report: (note: string) => void;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, report: (note: string) => void) {
    this.#clock = clock;
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
      this.#report(
        `the clock was set back by ${seconds} s while evidence was written; earlier records have later times`,
      );
    }
    this.#latest = time;
    return time;
  }
}
