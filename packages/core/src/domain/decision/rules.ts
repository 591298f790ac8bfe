import { RuntimeFailure } from '../diagnosis.ts';
import type { Decision, EvaluateRequest, Severity } from '../wire/messages.ts';
import { applyDefaults, RELEASE_GOVERNANCE_ACTION } from './defaults.ts';
import { type ApprovalsFinding, factsOf } from './facts.ts';
import { RULES, type RulesMode } from './rule-table.ts';

export type { ApprovalsFinding, RulesMode };

export interface Verdict {
  readonly decision: Decision;
  readonly rule_id: string;
  readonly severity: Severity;
  readonly reason: string;
  /** Who can change the verdict; absent with `allow`. */
  readonly approver_group?: string;
}

/** Actions other than a release-governance record are outside of this product. */
const OTHER_ACTION: Verdict = {
  decision: 'require_approval',
  rule_id: 'runtime.default.require_approval',
  severity: 'medium',
  reason: 'Unknown action type; review required.',
  approver_group: 'Repository Owners',
};

/**
 * Decides on a request by the table in docs/decision-rules.md. The same arguments always lead to the same verdict.
 *
 * @param approvals what was found of the approvals that the trust policy asks for; undefined: it asks for none
 * @throws RuntimeFailure CAVRA-E599 for approvals under the compatible rules, which have no place for them
 */
export function decide(request: EvaluateRequest, mode: RulesMode, approvals?: ApprovalsFinding): Verdict {
  if (approvals !== undefined && mode === 'compatible') {
    throw new RuntimeFailure('CAVRA-E599', 'the compatible rules do not know proven approvals');
  }
  const { action_type, target, release_governance: record = {} } = applyDefaults(request);
  if (action_type !== RELEASE_GOVERNANCE_ACTION) return OTHER_ACTION;
  const facts = factsOf(record, target, { strict: mode === 'strict', approvals });
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
