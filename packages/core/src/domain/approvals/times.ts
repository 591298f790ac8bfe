import { parseInstant } from '../time/instant.ts';
import { formatTimestamp } from '../time/timestamp.ts';

const TIME_FORM = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/u;

/** Reads a time as approvals have it, whole seconds in UTC; undefined when it is none. Unix milliseconds. */
export function parseApprovalTime(text: string): number | undefined {
  return TIME_FORM.test(text) ? parseInstant(text) : undefined;
}

/** Writes such a time; a part of a second is cut. */
export function formatApprovalTime(ms: number): string {
  return formatTimestamp(Math.floor(ms / 1_000) * 1_000);
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export const DURATION_FORM = /^([1-9][0-9]{0,4})([mhd])$/u;

/** Reads a length of time like `90m`, `72h` or `3d`; undefined when it is none. Milliseconds. */
export function parseDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = DURATION_FORM.exec(text) ?? [];
  return count === '' ? undefined : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** The same in words of a message, in the largest unit that fits. */
export function formatDuration(ms: number): string {
  const unit = ms % UNIT_MS.d === 0 ? 'd' : ms % UNIT_MS.h === 0 ? 'h' : 'm';
  return `${Math.round(ms / UNIT_MS[unit])}${unit}`;
}
