import { applyDefaults, hasFieldSet, RELEASE_GOVERNANCE_ACTION } from '../decision/defaults.ts';
import { KNOWN_KINDS } from '../decision/kinds.ts';
import { unknownStatuses } from '../decision/signals.ts';
import { stateWord, trimSpace } from '../decision/text.ts';
import { printable } from '../json/pointer.ts';
import type { EvaluateRequest, ReleaseGovernance } from '../wire/messages.ts';
import { APPROVAL_STATES } from './members.ts';
import { plainName } from './trust-members.ts';

export type RequestWarningCode =
  /** action_type is not the one that this product decides on. */
  | 'other_action'
  /** There is no release record, or nothing in it. */
  | 'empty_record'
  | 'unknown_kind'
  | 'unknown_status'
  | 'unknown_approval_state'
  /** Approved, but by nothing that can be looked up. */
  | 'approval_without_id'
  /** A count below 0, which no rule takes for anything. */
  | 'negative_count';

export interface RequestWarning {
  readonly code: RequestWarningCode;
  /** JSON Pointer. */
  readonly path: string;
  readonly message: string;
}

const RECORD = '/release_governance';

/** What in a valid request is most likely not what was meant. */
export function lintRecord(request: EvaluateRequest): readonly RequestWarning[] {
  const { action_type, target, release_governance: record } = applyDefaults(request);
  if (request.action_type && action_type !== RELEASE_GOVERNANCE_ACTION) {
    const message = `is not ${RELEASE_GOVERNANCE_ACTION}, so that no release rule is asked`;
    return [{ code: 'other_action', path: '/action_type', message }];
  }
  if (record === undefined || !hasFieldSet(record)) {
    return [
      { code: 'empty_record', path: RECORD, message: 'is missing or empty, so that there is nothing to decide on' },
    ];
  }
  return [...lintKind(record, target), ...lintApproval(record), ...lintStatuses(record), ...lintCounts(record)];
}

function lintKind(record: ReleaseGovernance, target: string): readonly RequestWarning[] {
  const kind = trimSpace(record.metadata_kind ?? '') || target;
  if (KNOWN_KINDS.has(kind)) return [];
  const meant = [...KNOWN_KINDS].find((known) => plainName(known) === plainName(kind));
  const hint = meant === undefined ? '' : `; it is spelt ${meant}`;
  return [
    { code: 'unknown_kind', path: `${RECORD}/metadata_kind`, message: `${printable(kind)} is not a known kind${hint}` },
  ];
}

function lintApproval(record: ReleaseGovernance): readonly RequestWarning[] {
  const state = stateWord(record.approval_state);
  if (state !== '' && !APPROVAL_STATES.includes(state)) {
    const message = `${printable(state)} is not a known state; known are ${APPROVAL_STATES.join(', ')}`;
    return [{ code: 'unknown_approval_state', path: `${RECORD}/approval_state`, message }];
  }
  if (state === 'approved' && trimSpace(record.approval_id ?? '') === '') {
    const message = 'is missing, though the state is approved: say where the approval is recorded';
    return [{ code: 'approval_without_id', path: `${RECORD}/approval_id`, message }];
  }
  return [];
}

function lintStatuses(record: ReleaseGovernance): readonly RequestWarning[] {
  return unknownStatuses(record).map(({ member, word }) => ({
    code: 'unknown_status',
    path: `${RECORD}/${member}`,
    message: `${printable(word)} is not a known word, which the strict rules do not let pass`,
  }));
}

function lintCounts(record: ReleaseGovernance): readonly RequestWarning[] {
  return Object.entries(record).flatMap(([name, value]) =>
    typeof value === 'bigint' && value < 0n
      ? [{ code: 'negative_count' as const, path: `${RECORD}/${name}`, message: 'is negative, which counts as 0' }]
      : [],
  );
}
