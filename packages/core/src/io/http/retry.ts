import { HTTP_ATTEMPT_MS, HTTP_MAX_ATTEMPTS, HTTP_RETRY_BASE_MS, HTTP_RETRY_CAP_MS } from '../../domain/limits.ts';
import type { RandomBytes } from '../../domain/ports.ts';

/** How often and how soon a request is tried again, all of it inside the request's deadline. */
export interface RetryPolicy {
  /** Tries, the first included. */
  readonly attempts: number;
  /** Longest time for one try, ms. */
  readonly attemptMs: number;
  /** Longest pause before the second try, ms; doubles with each further one. */
  readonly baseMs: number;
  /** Longest pause that is chosen here, ms. */
  readonly capMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: HTTP_MAX_ATTEMPTS,
  attemptMs: HTTP_ATTEMPT_MS,
  baseMs: HTTP_RETRY_BASE_MS,
  capMs: HTTP_RETRY_CAP_MS,
};

/**
 * The pause after the try number `attempt`, ms: half of the back-off is certain and half is random, so that jobs that failed together do
 * not come back together. A server's `retryAfterMs` is a minimum, with jitter on top.
 */
export function pauseAfter(
  attempt: number,
  policy: RetryPolicy,
  retryAfterMs: number | undefined,
  randomBytes: RandomBytes,
): number {
  const backOff = Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  const jitter = fraction(randomBytes);
  const own = (backOff / 2) * (1 + jitter);
  return Math.ceil(retryAfterMs === undefined ? own : Math.max(own, retryAfterMs + (policy.baseMs / 2) * jitter));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3): seconds or an IMF-fixdate.
 *
 * @returns ms from `now`, never negative; undefined for anything else
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = HTTP_DATE.exec(value);
  if (date === null) return undefined;
  const [, day, month, year, hours, minutes, seconds] = date;
  const monthIndex = MONTHS.indexOf(String(month));
  if (monthIndex < 0) return undefined;
  const time = Date.UTC(Number(year), monthIndex, Number(day), Number(hours), Number(minutes), Number(seconds));
  return Math.max(0, time - now);
}

/** A number in [0, 1). */
function fraction(randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(2);
  return (high * 256 + low) / 65_536;
}
