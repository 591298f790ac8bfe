import type { ReleaseGovernance } from '../wire/messages.ts';
import { stateWord } from './text.ts';

/** What in a record speaks against a release (docs/decision-rules.md: the critical signals, and the strict rules S1, S2 and S4). */

type StringMember = {
  [K in keyof ReleaseGovernance]-?: NonNullable<ReleaseGovernance[K]> extends string ? K : never;
}[keyof ReleaseGovernance];
type CountMember = {
  [K in keyof ReleaseGovernance]-?: NonNullable<ReleaseGovernance[K]> extends bigint ? K : never;
}[keyof ReleaseGovernance];

/** The words of each status that are a critical signal. */
export const BAD_WORDS = {
  alert_level: ['critical', 'blocked', 'breached'],
  drift_status: ['drifted', 'non_compliant'],
  handoff_status: ['blocked', 'failed'],
  verification_status: ['failed', 'blocked', 'mismatch'],
  integrity_status: ['failed', 'mismatch', 'tampered'],
  audit_export_status: ['failed', 'blocked'],
} as const satisfies Partial<Record<StringMember, readonly string[]>>;

/** S4: the word of `drift_status` that is a critical signal under the strict rules only. */
export const STRICT_DRIFT_WORD = 'drift_detected';

/** S2: the words of a status that say all is well; any other word must be one of its bad words. */
export const GOOD_WORDS: readonly string[] = [
  'passed',
  'verified',
  'valid',
  'ok',
  'success',
  'succeeded',
  'complete',
  'completed',
  'intact',
  'match',
  'matched',
  'exported',
  'not_applicable',
];

/** S2: the statuses whose words must be known. */
export const CHECKED_STATUSES = ['integrity_status', 'verification_status', 'audit_export_status'] as const;

const COUNTS = [
  'blocked_count',
  'critical_count',
  'breached_count',
  'failed_delivery_count',
  'connector_delivery_failure_count',
  'failed_verification_count',
  'integrity_failure_count',
] as const satisfies readonly CountMember[];

const INTEGRITY_STATUSES = ['integrity_status', 'verification_status'] as const;
const INTEGRITY_COUNTS = ['integrity_failure_count', 'failed_verification_count'] as const;

/** Row 8, and S4 when `strict`: each critical signal as `member value`, for example `drift_status drifted`. */
export function criticalSignals(record: ReleaseGovernance, strict: boolean): readonly string[] {
  const statuses = Object.keys(BAD_WORDS) as (keyof typeof BAD_WORDS)[];
  return [
    ...statuses.flatMap((member) => badWord(record, member, strict)),
    ...COUNTS.flatMap((member) => positive(record, member)),
  ];
}

/** S1: what says that integrity or verification failed, as `member value`. */
export function integrityFailures(record: ReleaseGovernance): readonly string[] {
  return [
    ...INTEGRITY_STATUSES.flatMap((member) => badWord(record, member, true)),
    ...INTEGRITY_COUNTS.flatMap((member) => positive(record, member)),
  ];
}

export interface UnknownStatus {
  readonly member: (typeof CHECKED_STATUSES)[number];
  readonly word: string;
}

/** S2: each status whose word is neither good nor bad. */
export function unknownStatuses(record: ReleaseGovernance): readonly UnknownStatus[] {
  return CHECKED_STATUSES.flatMap((member) => {
    const word = stateWord(record[member]);
    const known: readonly string[] = [...BAD_WORDS[member], ...GOOD_WORDS, ''];
    return known.includes(word) ? [] : [{ member, word }];
  });
}

function badWord(record: ReleaseGovernance, member: keyof typeof BAD_WORDS, strict: boolean): string[] {
  const word = stateWord(record[member]);
  const words: readonly string[] = BAD_WORDS[member];
  const bad = words.includes(word) || (strict && member === 'drift_status' && word === STRICT_DRIFT_WORD);
  return bad ? [`${member} ${word}`] : [];
}

function positive(record: ReleaseGovernance, member: CountMember): string[] {
  const count = record[member] ?? 0n;
  return count > 0n ? [`${member} ${count}`] : [];
}
