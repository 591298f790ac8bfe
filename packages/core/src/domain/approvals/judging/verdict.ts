import type { ApprovalsFinding } from '../../decision/facts.ts';
import type { ApprovalDecision } from '../statement.ts';
import type { ApprovalSource } from '../terms.ts';

/** What is kept of an approval to be checked again. */
export type ApprovalProof =
  /** Texts as they were handed over. */
  | { readonly statement: string; readonly signature: string | null }
  | { readonly path: string; readonly members: Readonly<Record<string, unknown>> };

/** One approval as it was judged. */
export interface JudgedApproval {
  readonly source: ApprovalSource;
  /** Nulls: it is not known whose it is. `id` is on the run's platform. */
  readonly approver: { readonly name: string | null; readonly id: string | null };
  readonly decision: ApprovalDecision;
  /** Unix milliseconds; of a signed one its own word; null: there is no time. */
  readonly givenAtMs: number | null;
  readonly boundTo: Readonly<Record<string, string>>;
  /** An approval counts, a rejection stops, an emergency lets pass. */
  readonly counted: boolean;
  /** Null exactly where it counts. */
  readonly whyNot: string | null;
  readonly proof: ApprovalProof;
}

/** The verdict on all approvals of one request. */
export interface ApprovalsVerdict {
  /** The larger one of what the policy and the request ask for. */
  readonly required: number;
  /** Different people whose approvals count. */
  readonly counted: number;
  readonly proven: boolean;
  /** Their names, and the sources of their approvals, in the order in which they were judged. */
  readonly approvers: readonly string[];
  readonly sources: readonly ApprovalSource[];
  /** Who let the release pass in an emergency; null: nobody. */
  readonly emergency: string | null;
  readonly approvals: readonly JudgedApproval[];
  /** Platforms that could not be asked, and files that are no approvals of this request; sentences without a period. */
  readonly remarks: readonly string[];
}

/** The verdict as the rules read it. */
export function findingOf(verdict: ApprovalsVerdict): ApprovalsFinding {
  const rejections = verdict.approvals.filter(({ decision, counted }) => decision === 'reject' && counted);
  return {
    rejectedBy: rejections.map(describeApprover),
    emergencyBy: verdict.emergency,
    proven: verdict.proven,
    summary: summarize(verdict),
  };
}

function summarize({ required, counted, approvals, remarks }: ApprovalsVerdict): string {
  const counting = approvals.filter(({ decision, counted: counts }) => decision === 'approve' && counts);
  const others = approvals.filter(({ whyNot }) => whyNot !== null);
  return [
    `${counted} of ${required} required ${required === 1 ? 'person' : 'people'} approved`,
    ...(counting.length === 0 ? [] : [counting.map(describeApprover).join(', ')]),
    ...others.map(
      (approval) => `the ${approval.decision} of ${describeApprover(approval)} does not count: ${approval.whyNot}`,
    ),
    ...remarks,
  ].join('; ');
}

/** For example `release-lead by ssh`. */
export function describeApprover({ approver, source }: Pick<JudgedApproval, 'approver' | 'source'>): string {
  return `${approver.name ?? (approver.id === null ? 'somebody unknown' : `the user ${approver.id}`)} by ${source}`;
}
