import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../diagnosis.ts';
import { MAX_REQUEST_APPROVALS, MAX_REQUEST_APPROVALS_BYTES } from '../../limits.ts';
import { oneLine } from '../../text/printable.ts';
import { ApprovalError } from '../error.ts';
import type { ApprovalStatement } from '../statement.ts';
import { readApproval } from '../statement-reader.ts';
import type { ApprovedRequest, OfferedApproval } from './facts.ts';

/** An approval of one request; nothing but its form and the request's digest is checked. */
export interface SelectedApproval {
  readonly offered: OfferedApproval;
  readonly statement: ApprovalStatement;
}

export interface Selection {
  readonly approvals: readonly SelectedApproval[];
  /** Why others are not among them, where somebody would wonder. */
  readonly remarks: readonly string[];
}

/**
 * The approvals of one request among all that were handed over. The rest is left alone: a folder holds those of other releases too.
 *
 * @throws ConfigurationError CAVRA-E252 more of them than one request may have
 */
export function selectApprovals(offered: readonly OfferedApproval[], request: ApprovedRequest): Selection {
  const approvals: SelectedApproval[] = [];
  const remarks: string[] = [];
  for (const each of withoutCopies(offered)) {
    const statement = read(each);
    if (typeof statement === 'string') remarks.push(statement);
    else if (statement.request.sha256 === request.sha256) approvals.push({ offered: each, statement });
    else if (statement.request.name === request.name) {
      remarks.push(
        `${oneLine(each.name)} is of other bytes of ${oneLine(statement.request.name)}: it was changed since`,
      );
    }
  }
  checkSize(approvals);
  return { approvals, remarks };
}

function withoutCopies(offered: readonly OfferedApproval[]): readonly OfferedApproval[] {
  const seen = new Map<string, OfferedApproval>();
  for (const each of offered) {
    const digest = createHash('sha256')
      .update(each.statement)
      .update('\n')
      .update(each.signature ?? '')
      .digest('hex');
    if (!seen.has(digest)) seen.set(digest, each);
  }
  return [...seen.values()];
}

function read({ name, statement }: OfferedApproval): ApprovalStatement | string {
  try {
    return readApproval(statement);
  } catch (error) {
    if (error instanceof ApprovalError) return `${oneLine(name)} is no approval: ${error.message}`;
    throw error;
  }
}

function checkSize(approvals: readonly SelectedApproval[]): void {
  const bytes = approvals.reduce(
    (sum, { offered }) => sum + offered.statement.byteLength + (offered.signature?.byteLength ?? 0),
    0,
  );
  if (approvals.length <= MAX_REQUEST_APPROVALS && bytes <= MAX_REQUEST_APPROVALS_BYTES) return;
  const message = `${approvals.length} approvals of ${bytes} bytes are of one request, at most ${MAX_REQUEST_APPROVALS} of ${MAX_REQUEST_APPROVALS_BYTES} bytes are allowed`;
  throw new ConfigurationError('CAVRA-E252', message);
}
