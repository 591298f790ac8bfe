import { resolve } from 'node:path';
import { keyAdvice } from '../domain/keys/advice.ts';
import type { KeyPurpose, KeyStatus } from '../domain/keys/hmac-keys.ts';
import { KEY_PURPOSES, type KeyringKey } from '../domain/keys/keyring-key.ts';
import type { Clock } from '../domain/ports.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';
import { readKeyringFile } from '../io/files/keyring-file.ts';
import type { Environment } from '../settings/credentials.ts';

export interface KeyStatusOptions {
  /** Path of a keyring; undefined: the keys that the environment names. */
  readonly keyring: string | undefined;
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
}

/** How the keys stand; stable JSON. */
export interface KeyStatusReport {
  readonly keys: readonly KeyStatusRow[];
  /** Purposes for which the keyring has no key that signs. */
  readonly without_active: readonly KeyPurpose[];
}

export interface KeyStatusRow {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly status: KeyStatus;
  /** For example `2026-q4`; null: the id names none. */
  readonly quarter: string | null;
  /** Days since its period began; null: not known. */
  readonly age_days: number | null;
  readonly not_before: string | null;
  readonly not_after: string | null;
  readonly revoked_at: string | null;
  readonly urgency: 'none' | 'soon' | 'now';
  readonly next: string;
}

/**
 * Tells age, quarter and next step of each key. No secret is read.
 *
 * @throws ConfigurationError CAVRA-E209 the keyring
 */
export async function keyStatus(options: KeyStatusOptions): Promise<KeyStatusReport> {
  const { keyring, environment, workingDirectory, now } = options;
  if (keyring === undefined) return { keys: namedKeys(environment).map((key) => row(key, now())), without_active: [] };
  const { keys } = (await readKeyringFile(resolve(workingDirectory, keyring))).keyring;
  const used = KEY_PURPOSES.filter((purpose) => keys.some((key) => key.purpose === purpose));
  return {
    keys: keys.map((key) => row(key, now())),
    without_active: used.filter((purpose) => !keys.some((key) => key.purpose === purpose && key.status === 'active')),
  };
}

const NAMED: readonly (readonly [purpose: KeyPurpose, variable: string])[] = [
  ['runner', 'CAVRA_RUNNER_AUTH_KEY_ID'],
  ['evidence', 'CAVRA_DAEMON_EVIDENCE_KEY_ID'],
  ['attestation', 'CAVRA_ATTESTATION_KEY_ID'],
];

function namedKeys(environment: Environment): readonly KeyringKey[] {
  return NAMED.flatMap(([purpose, variable]) => {
    const id = environment[variable];
    return id ? [{ id, purpose, algorithm: 'HMAC-SHA256' as const, status: 'active' as const }] : [];
  });
}

function row(key: KeyringKey, nowMs: number): KeyStatusRow {
  const { ageDays, quarter, urgency, next } = keyAdvice(key, nowMs);
  const time = (instant: number | undefined) => (instant === undefined ? null : formatTimestamp(instant));
  return {
    id: key.id,
    purpose: key.purpose,
    status: key.status,
    quarter: quarter ?? null,
    age_days: ageDays ?? null,
    not_before: time(key.notBefore),
    not_after: time(key.notAfter),
    revoked_at: time(key.revokedAt),
    urgency,
    next,
  };
}
