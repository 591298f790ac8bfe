import { ROTATION_NOTICE_MS } from '../limits.ts';
import { formatTimestamp } from '../time/timestamp.ts';
import { quarterOf } from './key-id.ts';
import type { KeyringKey } from './keyring-key.ts';

const MS_PER_DAY = 86_400_000;

/** How a key stands, and what to do with it next. */
export interface KeyAdvice {
  /** Days since its period began; undefined: the keyring does not say when. */
  readonly ageDays: number | undefined;
  /** For example `2026-q4`; undefined: its id names none. */
  readonly quarter: string | undefined;
  /** `now`: the gate warns or fails until it is done. */
  readonly urgency: 'none' | 'soon' | 'now';
  /** A sentence, without final period. */
  readonly next: string;
}

/** @param nowMs Unix milliseconds */
export function keyAdvice(key: KeyringKey, nowMs: number): KeyAdvice {
  const quarter = quarterOf(key.id);
  return {
    ageDays: key.notBefore === undefined ? undefined : Math.max(0, Math.floor((nowMs - key.notBefore) / MS_PER_DAY)),
    quarter: quarter === undefined ? undefined : `${quarter.year}-q${quarter.quarter}`,
    ...whatNext(key, nowMs),
  };
}

function whatNext(key: KeyringKey, nowMs: number): Pick<KeyAdvice, 'urgency' | 'next'> {
  switch (key.status) {
    case 'active':
      return activeNext(key, nowMs);
    case 'retiring':
      return { urgency: 'soon', next: 'retire it as soon as no job signs with it any more: keys retire' };
    case 'retired':
      return { urgency: 'none', next: 'keep it: it verifies what it signed' };
    case 'revoked':
      return { urgency: 'none', next: revokedText(key) };
  }
}

function activeNext({ id, notBefore, notAfter }: KeyringKey, nowMs: number): Pick<KeyAdvice, 'urgency' | 'next'> {
  const quarterEnd = quarterOf(id)?.endMs;
  if (notBefore !== undefined && nowMs < notBefore) {
    return { urgency: 'now', next: `it signs only from ${formatTimestamp(notBefore)} on; until then the gate fails` };
  }
  if (notAfter !== undefined && nowMs >= notAfter) {
    return {
      urgency: 'now',
      next: `its period ended at ${formatTimestamp(notAfter)} and the gate fails: rotate it now`,
    };
  }
  if (quarterEnd !== undefined && nowMs >= quarterEnd) {
    return { urgency: 'now', next: `its quarter ended at ${formatTimestamp(quarterEnd)}: rotate it now` };
  }
  const end = Math.min(quarterEnd ?? Number.POSITIVE_INFINITY, notAfter ?? Number.POSITIVE_INFINITY);
  if (end === Number.POSITIVE_INFINITY) {
    return { urgency: 'none', next: 'neither its id nor the keyring says when to rotate it: do so every quarter' };
  }
  return end - nowMs <= ROTATION_NOTICE_MS
    ? { urgency: 'soon', next: `rotate it before ${formatTimestamp(end)}` }
    : { urgency: 'none', next: `nothing until ${formatTimestamp(end - ROTATION_NOTICE_MS)}` };
}

function revokedText({ revokedAt }: KeyringKey): string {
  return revokedAt === undefined
    ? 'keep it: nothing that it signed counts'
    : `keep it: what it signed counts only under a checkpoint from before ${formatTimestamp(revokedAt)}`;
}
