import type { ReleaseGovernance } from '../wire/messages.ts';
import { hasFieldSet } from './defaults.ts';
import { APPROVAL_KINDS, DELIVERY_KINDS } from './kinds.ts';
import { criticalSignals, integrityFailures, unknownStatuses } from './signals.ts';
import { stateWord, trimSpace } from './text.ts';

/** What was found of the approvals of a request whose trust policy asks for them. */
export interface ApprovalsFinding {
  /** People of the policy's list who said no, as the response's reason names them. */
  readonly rejectedBy: readonly string[];
  /** Who let the release pass in an emergency; null: nobody. A rejection stands before it. */
  readonly emergencyBy: string | null;
  readonly proven: boolean;
  /** How many of how many, who, and why each of the others does not count; a part of a sentence. */
  readonly summary: string;
}

/** What the rules look at, read from the request once. */
export interface Facts {
  readonly strict: boolean;
  readonly recordMissing: boolean;
  /** metadata_kind trimmed, else target. */
  readonly kind: string;
  readonly state: string;
  readonly approvalId: string;
  /** Read of `kind`. */
  readonly deliveryFailed: boolean;
  /** Read of metadata_kind alone, as the Go implementation does. */
  readonly namedDeliveryFailed: boolean;
  readonly criticalSignals: readonly string[];
  readonly integrityFailures: readonly string[];
  /** As `member word`. */
  readonly unknownStatuses: readonly string[];
  readonly approvalNeeded: boolean;
  /** Undefined: no policy asks for proven approvals. */
  readonly approvals: ApprovalsFinding | undefined;
}

export function factsOf(
  record: ReleaseGovernance,
  target: string,
  { strict, approvals }: Pick<Facts, 'strict' | 'approvals'>,
): Facts {
  const metadataKind = trimSpace(record.metadata_kind ?? '');
  const kind = metadataKind || target;
  const undelivered = record.delivery_success !== true;
  return {
    strict,
    recordMissing: !hasFieldSet(record),
    kind,
    state: stateWord(record.approval_state),
    approvalId: trimSpace(record.approval_id ?? ''),
    deliveryFailed: undelivered && DELIVERY_KINDS.has(kind),
    namedDeliveryFailed: undelivered && DELIVERY_KINDS.has(metadataKind),
    criticalSignals: criticalSignals(record, strict),
    integrityFailures: integrityFailures(record),
    unknownStatuses: unknownStatuses(record).map(({ member, word }) => `${member} ${word}`),
    approvalNeeded: (record.approval_required_count ?? 0n) > 0n || APPROVAL_KINDS.has(kind),
    approvals,
  };
}
