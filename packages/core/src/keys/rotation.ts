import { ConfigurationError } from '../domain/diagnosis.ts';
import { quarterOf } from '../domain/keys/key-id.ts';
import { ROTATION_NOTICE_MS } from '../domain/limits.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';

/** A key that signs in this run. Times are Unix milliseconds. */
export interface RotatedKey {
  readonly id: string;
  /** First moment at which the keyring no longer lets it sign. */
  readonly notAfter?: number;
}

/**
 * What to say of the age of the keys that sign: key ids carry their quarter, keyrings a period (design.md section 5.3).
 *
 * @throws ConfigurationError CAVRA-E220 a key is past its quarter where that is enforced
 */
export function rotationNotes(
  mode: 'off' | 'warn' | 'enforce',
  keys: readonly RotatedKey[],
  nowMs: number,
): readonly string[] {
  if (mode === 'off') return [];
  const past = keys.filter(({ id }) => nowMs >= (quarterOf(id)?.endMs ?? Number.POSITIVE_INFINITY));
  if (past.length > 0 && mode === 'enforce') {
    throw new ConfigurationError('CAVRA-E220', past.map((key) => pastText(key)).join('; '));
  }
  return [
    ...past.map((key) => `${pastText(key)}: rotate it; with key-rotation enforce the gate would fail`),
    ...keys.filter((key) => !past.includes(key)).flatMap((key) => soonText(key, mode, nowMs)),
    ...keys.flatMap((key) => periodText(key, nowMs)),
  ];
}

function pastText({ id }: RotatedKey): string {
  const quarter = quarterOf(id);
  return `the key ${id} is past its quarter, which ended at ${quarter === undefined ? 'no time' : formatTimestamp(quarter.endMs)}`;
}

function soonText({ id }: RotatedKey, mode: 'warn' | 'enforce', nowMs: number): string[] {
  const endMs = quarterOf(id)?.endMs;
  if (endMs === undefined || endMs - nowMs > ROTATION_NOTICE_MS) return [];
  const consequence = mode === 'enforce' ? 'the gate will fail' : 'the gate will warn';
  return [`the quarter of the key ${id} ends soon: from ${formatTimestamp(endMs)} on ${consequence}; rotate it before`];
}

function periodText({ id, notAfter }: RotatedKey, nowMs: number): string[] {
  if (notAfter === undefined || notAfter - nowMs > ROTATION_NOTICE_MS) return [];
  return [
    `the period of the key ${id} ends soon: from ${formatTimestamp(notAfter)} on the gate will fail; rotate it before`,
  ];
}
