import type { ApprovalCase, OfferedApproval, SourceAnswer } from './facts.ts';
import { judgeEntry } from './judge-platform.ts';
import { judgeSigned } from './judge-signed.ts';
import { selectApprovals } from './select.ts';
import type { ApprovalsVerdict, JudgedApproval } from './verdict.ts';

/**
 * Judges all approvals of one request by the rule that let the runner pass (docs/trust-policy.md#approvals). People count, not
 * approvals: who approves twice, or by two sources, counts once.
 *
 * @throws ConfigurationError CAVRA-E252 more approvals than one request may have
 */
export function judgeApprovals(
  context: ApprovalCase,
  offered: readonly OfferedApproval[],
  answers: readonly SourceAnswer[],
): ApprovalsVerdict {
  const selection = selectApprovals(offered, context.facts.request);
  const approvals = [
    ...selection.approvals.map((approval) => judgeSigned(approval, context)),
    ...answers.flatMap(({ entries }) => entries.map((entry) => judgeEntry(entry, context))),
  ];
  return verdictOn(approvals, context, [...selection.remarks, ...answers.flatMap(problemOf)]);
}

function problemOf({ source, problem }: SourceAnswer): readonly string[] {
  return problem === null ? [] : [`${source} could not be asked: ${problem}`];
}

function verdictOn(
  approvals: readonly JudgedApproval[],
  { terms, facts }: ApprovalCase,
  remarks: readonly string[],
): ApprovalsVerdict {
  const counting = approvals.filter(({ decision, counted }) => decision === 'approve' && counted);
  const approvers = distinct(counting.flatMap(({ approver }) => approver.name ?? []));
  const required = Math.max(terms.required, facts.request.requiredCount);
  const emergency = approvals.find(({ decision, counted }) => decision === 'emergency' && counted);
  return {
    required,
    counted: approvers.length,
    proven: approvers.length >= required,
    approvers,
    sources: distinct(counting.map(({ source }) => source)),
    emergency: emergency?.approver.name ?? null,
    approvals,
    remarks,
  };
}

function distinct<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Set(items)];
}
