import { daysFromDate } from '../time/timestamp.ts';

/** A calendar quarter that a key id names. */
export interface Quarter {
  readonly year: number;
  readonly quarter: 1 | 2 | 3 | 4;
  /** First moment after the quarter, UTC, Unix milliseconds. */
  readonly endMs: number;
}

const QUARTER_AT_END = /(?:^|[^0-9])([0-9]{4})[-_.]?[qQ]([1-4])$/u;
const MONTHS_PER_QUARTER = 3;
const MS_PER_DAY = 86_400_000;

/** The quarter at the end of a key id such as `ci-evidence-2026-q4` (design.md section 5.3); undefined when it names none. */
export function quarterOf(keyId: string): Quarter | undefined {
  const match = QUARTER_AT_END.exec(keyId);
  if (match === null) {
    return undefined;
  }
  const year = Number(match[1]);
  const quarter = Number(match[2]) as Quarter['quarter'];
  return { year, quarter, endMs: startOfQuarterAfter(year, quarter) };
}

/** Whether a key id names a quarter that is over at `nowMs` (Unix milliseconds). An id without a quarter is never past. */
export function isPastQuarter(keyId: string, nowMs: number): boolean {
  const quarter = quarterOf(keyId);
  return quarter !== undefined && nowMs >= quarter.endMs;
}

function startOfQuarterAfter(year: number, quarter: number): number {
  const days = quarter === 4 ? daysFromDate(year + 1, 1, 1) : daysFromDate(year, quarter * MONTHS_PER_QUARTER + 1, 1);
  return days * MS_PER_DAY;
}
