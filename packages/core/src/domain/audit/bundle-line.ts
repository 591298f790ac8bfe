import type { CavraError } from '../diagnosis.ts';
import { MAX_AUDIT_TEXT } from '../limits.ts';
import { shortened } from '../text/printable.ts';
import type { VerificationReport } from '../verification/report.ts';
import type { RunnerIdentity } from '../wire/messages.ts';
import type { BundleLine, BundleStatus } from './audit-lines.ts';
import type { BundleFacts } from './bundle-facts.ts';

/** The line of a bundle that was verified. */
export function verifiedLine(
  path: string,
  report: VerificationReport,
  failure: CavraError | undefined,
  facts: BundleFacts,
): BundleLine {
  const errors = report.findings.filter(({ severity }) => severity === 'error').length;
  return {
    ...unreadableLine(path, failure),
    ...identityTexts(facts.identity),
    status: statusOf(failure),
    records: report.records,
    signed_records: report.signed_records,
    errors: errors + report.findings_omitted,
    warnings: report.findings.length - errors,
    decision: facts.decision,
    rule_id: cut(facts.ruleId),
    unauthenticated: facts.unauthenticated,
    first_timestamp: report.first_timestamp,
    last_timestamp: report.last_timestamp,
    signatures: report.signatures,
    checkpoint: report.checkpoint,
    tail: report.tail,
    keys: report.keys,
    stream_id: report.stream_id,
    head_hash: report.head_hash,
    sha256: report.sha256,
  };
}

/** The line of a bundle that could not be verified. */
export function unreadableLine(path: string, failure: CavraError | undefined): BundleLine {
  return {
    kind: 'bundle',
    path,
    status: 'unreadable',
    diagnosis: failure?.code ?? '',
    message: cut(failure?.message ?? ''),
    ...identityTexts({}),
    records: 0,
    signed_records: 0,
    errors: 0,
    warnings: 0,
    decision: '',
    rule_id: '',
    unauthenticated: 0,
    first_timestamp: '',
    last_timestamp: '',
    signatures: 'none',
    checkpoint: 'absent',
    tail: 'unanchored',
    keys: [],
    stream_id: '',
    head_hash: '',
    sha256: '',
  };
}

function statusOf(failure: CavraError | undefined): BundleStatus {
  if (failure === undefined) return 'valid';
  return failure.code === 'CAVRA-E402' ? 'unmet' : 'invalid';
}

function identityTexts(identity: RunnerIdentity): Required<RunnerIdentity> {
  const text = (name: keyof RunnerIdentity) => cut(identity[name] ?? '');
  return {
    provider: text('provider'),
    repository: text('repository'),
    workflow: text('workflow'),
    run_id: text('run_id'),
    run_attempt: text('run_attempt'),
    ref: text('ref'),
    sha: text('sha'),
    actor: text('actor'),
    job: text('job'),
    runner_name: text('runner_name'),
  };
}

/** A hostile bundle must not make the audit's result as large as itself. */
function cut(text: string): string {
  return shortened(text, MAX_AUDIT_TEXT);
}
