import type { Decision, Severity } from '../wire/messages.ts';
import type { Facts } from './facts.ts';
import { EXECUTION_KINDS, KNOWN_KINDS } from './kinds.ts';

/** `compatible`: the verdicts of the Go implementation; `strict`: these and the rules S1 to S9. */
export type RulesMode = 'strict' | 'compatible';

export interface Rule {
  /** Row of the table in docs/decision-rules.md. */
  readonly row: string;
  /** Absent: under both. */
  readonly only?: RulesMode;
  readonly when: (facts: Facts) => boolean;
  readonly decision: Decision;
  readonly id: string;
  readonly severity: Severity;
  readonly reason: (facts: Facts) => string;
}

const DENIED_STATES: readonly string[] = ['denied', 'rejected', 'expired', 'cancelled', 'canceled'];
/** The states that a proven or an emergency approval answers. */
const OPEN_STATES: readonly string[] = ['', 'pending', 'approved'];

/**
 * In order; the first that matches decides. docs/decision-rules.md shows the same table. The compatible rules are the Go
 * implementation's, which asks row 5 behind row 4: as no two of the rows 2 to 6 can match one request, that is the same.
 */
export const RULES: readonly Rule[] = [
  {
    row: '1',
    when: (facts) => facts.recordMissing,
    decision: 'require_approval',
    id: 'release_governance.record.missing',
    severity: 'medium',
    reason: () => 'Release governance record payload is missing.',
  },
  {
    row: 'S1',
    only: 'strict',
    when: (facts) => facts.integrityFailures.length > 0,
    decision: 'block',
    id: 'release_governance.integrity.failed',
    severity: 'critical',
    reason: (facts) =>
      `${facts.kind} includes failed integrity or verification evidence: ${facts.integrityFailures.join(', ')}.`,
  },
  {
    row: 'S3',
    only: 'strict',
    when: (facts) => facts.deliveryFailed,
    decision: 'block',
    id: 'release_governance.delivery.failed',
    severity: 'high',
    reason: failedDelivery,
  },
  {
    row: '5',
    when: (facts) => DENIED_STATES.includes(facts.state),
    decision: 'block',
    id: 'release_governance.approval.denied',
    severity: 'critical',
    reason: (facts) => `${facts.kind} is bound to a non-approved approval state: ${facts.state}.`,
  },
  {
    row: 'S6',
    only: 'strict',
    when: ({ approvals }) => approvals !== undefined && approvals.rejectedBy.length > 0,
    decision: 'block',
    id: 'release_governance.approval.rejected',
    severity: 'critical',
    reason: (facts) => `${facts.kind} was rejected by ${facts.approvals?.rejectedBy.join(', ')}.`,
  },
  {
    row: '2',
    when: (facts) => facts.approvals === undefined && facts.state === 'approved' && facts.approvalId === '',
    decision: 'block',
    id: 'release_governance.approval.missing',
    severity: 'critical',
    reason: (facts) => `${facts.kind} is approved but does not include an approval_id.`,
  },
  {
    row: 'S2',
    only: 'strict',
    when: (facts) => facts.unknownStatuses.length > 0,
    decision: 'require_approval',
    id: 'release_governance.status.unknown',
    severity: 'high',
    reason: (facts) => `${facts.kind} has an unknown status: ${facts.unknownStatuses.join(', ')}.`,
  },
  {
    row: 'S5',
    only: 'strict',
    when: (facts) => !KNOWN_KINDS.has(facts.kind),
    decision: 'require_approval',
    id: 'release_governance.kind.unknown',
    severity: 'medium',
    reason: (facts) => `${facts.kind} is not a known kind of release governance record.`,
  },
  {
    row: 'S7',
    only: 'strict',
    when: ({ approvals, state }) => (approvals?.emergencyBy ?? null) !== null && OPEN_STATES.includes(state),
    decision: 'allow',
    id: 'release_governance.approval.emergency',
    severity: 'high',
    reason: (facts) =>
      `${facts.kind} passes by an emergency approval of ${facts.approvals?.emergencyBy}${acceptedSignals(facts)}.`,
  },
  {
    row: 'S8',
    only: 'strict',
    when: ({ approvals }) => approvals?.proven === false,
    decision: 'require_approval',
    id: 'release_governance.approval.unproven',
    severity: 'high',
    reason: (facts) => `${facts.kind} is not approved: ${facts.approvals?.summary}.`,
  },
  {
    row: 'S9',
    only: 'strict',
    when: ({ approvals, state }) => approvals?.proven === true && OPEN_STATES.includes(state),
    decision: 'allow',
    id: 'release_governance.approval.proven',
    severity: 'low',
    reason: (facts) => `${facts.kind} has proven approvals: ${facts.approvals?.summary}${acceptedSignals(facts)}.`,
  },
  {
    row: '3',
    when: (facts) => facts.state === 'approved',
    decision: 'allow',
    id: 'release_governance.approval.approved',
    severity: 'low',
    reason: (facts) => `${facts.kind} is backed by an approved release governance approval${acceptedSignals(facts)}.`,
  },
  {
    row: '4',
    when: (facts) => facts.state === 'pending',
    decision: 'require_approval',
    id: 'release_governance.approval.pending',
    severity: 'high',
    reason: (facts) => `${facts.kind} is waiting for release governance approval.`,
  },
  {
    row: '6',
    when: (facts) => facts.state !== '',
    decision: 'require_approval',
    id: 'release_governance.approval.unknown',
    severity: 'medium',
    reason: (facts) => `${facts.kind} has an unknown approval state: ${facts.state}.`,
  },
  {
    row: '7',
    only: 'compatible',
    when: (facts) => facts.namedDeliveryFailed,
    decision: 'block',
    id: 'release_governance.delivery.failed',
    severity: 'high',
    reason: failedDelivery,
  },
  {
    // S4 adds a signal here.
    row: '8',
    when: (facts) => facts.criticalSignals.length > 0,
    decision: 'require_approval',
    id: 'release_governance.signal.critical',
    severity: 'high',
    reason: (facts) => `${facts.kind} contains critical release governance signals.`,
  },
  {
    row: '9',
    when: (facts) => facts.approvalNeeded && EXECUTION_KINDS.has(facts.kind),
    decision: 'block',
    id: 'release_governance.approval.missing',
    severity: 'critical',
    reason: requiredApproval,
  },
  {
    row: '10',
    when: (facts) => facts.approvalNeeded,
    decision: 'require_approval',
    id: 'release_governance.approval.required',
    severity: 'high',
    reason: requiredApproval,
  },
  {
    row: '11',
    when: (facts) => KNOWN_KINDS.has(facts.kind),
    decision: 'allow',
    id: 'release_governance.record.verified',
    severity: 'low',
    reason: (facts) => `${facts.kind} is recognized release governance evidence with no blocking signal.`,
  },
  {
    row: '12',
    only: 'compatible',
    when: () => true,
    decision: 'allow',
    id: 'release_governance.approval.not_required',
    severity: 'low',
    reason: (facts) => `${facts.kind} does not require release governance approval.`,
  },
];

function failedDelivery({ kind }: Facts): string {
  return `${kind} includes failed release delivery evidence.`;
}

function requiredApproval({ kind }: Facts): string {
  return `${kind} requires an approval record before execution.`;
}

/** An approver may accept critical signals; then the reader of the response must learn which. */
function acceptedSignals(facts: Facts): string {
  if (!facts.strict || facts.criticalSignals.length === 0) return '';
  return `, which accepts these critical signals: ${facts.criticalSignals.join(', ')}`;
}
