import { RuntimeFailure } from '../diagnosis.ts';
import type { Decision, EvaluateRequest, ReleaseGovernance, Severity } from '../wire/messages.ts';
import { applyDefaults, hasFieldSet, RELEASE_GOVERNANCE_ACTION } from './defaults.ts';
import { APPROVAL_KINDS, DELIVERY_KINDS, EXECUTION_KINDS, KNOWN_KINDS } from './kinds.ts';
import { criticalSignals, integrityFailures, unknownStatuses } from './signals.ts';
import { stateWord, trimSpace } from './text.ts';

/** `compatible`: the verdicts of the Go implementation; `strict`: these and the rules S1 to S5. */
export type RulesMode = 'strict' | 'compatible';

export interface Verdict {
  readonly decision: Decision;
  readonly rule_id: string;
  readonly severity: Severity;
  readonly reason: string;
  /** Who can change the verdict; absent with `allow`. */
  readonly approver_group?: string;
}

/** What the rules look at, read from the request once. */
interface Facts {
  readonly strict: boolean;
  readonly recordMissing: boolean;
  /** metadata_kind trimmed, else target. */
  readonly kind: string;
  readonly state: string;
  readonly approvalId: string;
  readonly deliveryFailed: boolean;
  readonly criticalSignals: readonly string[];
  readonly integrityFailures: readonly string[];
  /** As `member word`. */
  readonly unknownStatuses: readonly string[];
  readonly approvalNeeded: boolean;
}

interface Rule {
  /** Row of the tables in wire-format.md section 4. */
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

/** In order; the first that matches decides. Hold it against the two tables of wire-format.md section 4. */
const RULES: readonly Rule[] = [
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
    row: 'S2',
    only: 'strict',
    when: (facts) => facts.unknownStatuses.length > 0,
    decision: 'require_approval',
    id: 'release_governance.status.unknown',
    severity: 'high',
    reason: (facts) => `${facts.kind} has an unknown status: ${facts.unknownStatuses.join(', ')}.`,
  },
  {
    row: 'S3',
    only: 'strict',
    when: (facts) => facts.deliveryFailed,
    decision: 'block',
    id: 'release_governance.delivery.failed',
    severity: 'high',
    reason: (facts) => `${facts.kind} includes failed release delivery evidence.`,
  },
  {
    row: '2',
    when: (facts) => facts.state === 'approved' && facts.approvalId === '',
    decision: 'block',
    id: 'release_governance.approval.missing',
    severity: 'critical',
    reason: (facts) => `${facts.kind} is approved but does not include an approval_id.`,
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
    row: '5',
    when: (facts) => DENIED_STATES.includes(facts.state),
    decision: 'block',
    id: 'release_governance.approval.denied',
    severity: 'critical',
    reason: (facts) => `${facts.kind} is bound to a non-approved approval state: ${facts.state}.`,
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
    when: (facts) => facts.deliveryFailed,
    decision: 'block',
    id: 'release_governance.delivery.failed',
    severity: 'high',
    reason: (facts) => `${facts.kind} includes failed release delivery evidence.`,
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
    reason: (facts) => `${facts.kind} requires an approval record before execution.`,
  },
  {
    row: '10',
    when: (facts) => facts.approvalNeeded,
    decision: 'require_approval',
    id: 'release_governance.approval.required',
    severity: 'high',
    reason: (facts) => `${facts.kind} requires an approval record before execution.`,
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
    row: 'S5',
    only: 'strict',
    when: (facts) => !KNOWN_KINDS.has(facts.kind),
    decision: 'require_approval',
    id: 'release_governance.kind.unknown',
    severity: 'medium',
    reason: (facts) => `${facts.kind} is not a known kind of release governance record.`,
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

/** Actions other than a release-governance record are outside of this product. */
const OTHER_ACTION: Verdict = {
  decision: 'require_approval',
  rule_id: 'runtime.default.require_approval',
  severity: 'medium',
  reason: 'Unknown action type; review required.',
  approver_group: 'Repository Owners',
};

/** Decides on a request by the tables of wire-format.md section 4. The same request always gets the same verdict. */
export function decide(request: EvaluateRequest, mode: RulesMode): Verdict {
  const { action_type, target, release_governance: record = {} } = applyDefaults(request);
  if (action_type !== RELEASE_GOVERNANCE_ACTION) return OTHER_ACTION;
  const facts = factsOf(record, target, mode === 'strict');
  const rule = RULES.find(({ only = mode, when }) => only === mode && when(facts));
  if (rule === undefined) {
    throw new RuntimeFailure('CAVRA-E599', 'no rule decides on this request');
  }
  return {
    decision: rule.decision,
    rule_id: rule.id,
    severity: rule.severity,
    reason: rule.reason(facts),
    ...(rule.decision === 'allow' ? {} : { approver_group: 'Release Governance' }),
  };
}

function factsOf(record: ReleaseGovernance, target: string, strict: boolean): Facts {
  const metadataKind = trimSpace(record.metadata_kind ?? '');
  const kind = metadataKind || target;
  return {
    strict,
    recordMissing: !hasFieldSet(record),
    kind,
    state: stateWord(record.approval_state),
    approvalId: trimSpace(record.approval_id ?? ''),
    // metadata_kind alone: a target that happens to be a delivery kind delivers nothing.
    deliveryFailed: DELIVERY_KINDS.has(metadataKind) && record.delivery_success !== true,
    criticalSignals: criticalSignals(record, strict),
    integrityFailures: integrityFailures(record),
    unknownStatuses: unknownStatuses(record).map(({ member, word }) => `${member} ${word}`),
    approvalNeeded: (record.approval_required_count ?? 0n) > 0n || APPROVAL_KINDS.has(kind),
  };
}

/** An approver may accept critical signals; then the reader of the response must learn which. */
function acceptedSignals(facts: Facts): string {
  if (!facts.strict || facts.criticalSignals.length === 0) return '';
  return `, which accepts these critical signals: ${facts.criticalSignals.join(', ')}`;
}
