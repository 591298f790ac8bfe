import { daysFromDate, daysInMonth } from './timestamp.ts';

/** RFC 3339 `date-time`: upper-case letters, up to nine fraction digits, `Z` or an offset. */
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/u;

const MS_PER_MINUTE = 60_000;
const MINUTES_PER_DAY = 1_440;

/**
 * Reads an RFC 3339 date and time as configuration files have it, for example `2026-10-01T00:00:00Z`.
 *
 * @returns Unix milliseconds, smaller fractions cut; undefined when it is no such time. Leap seconds are not accepted.
 */
export function parseInstant(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) {
    return undefined;
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offset = offsetMinutes(match[8], match[9], match[10]);
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!isDate || hour > 23 || minute > 59 || second > 59 || offset === undefined) {
    return undefined;
  }
  const minutes = daysFromDate(year, month, day) * MINUTES_PER_DAY + hour * 60 + minute - offset;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return minutes * MS_PER_MINUTE + second * 1000 + milliseconds;
}

function offsetMinutes(sign: string | undefined, hours = '00', minutes = '00'): number | undefined {
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour > 23 || minute > 59) {
    return undefined;
  }
  return (sign === '-' ? -1 : 1) * (hour * 60 + minute);
}
