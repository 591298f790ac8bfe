import { MAX_REPORT_FINDINGS } from '../limits.ts';
import type { EvidenceExpectations } from './expectations.ts';
import type { Finding } from './findings.ts';
import type { KeyUse } from './signatures.ts';
import type { StreamVerification } from './stream-verification.ts';

export const VERIFICATION_SCHEMA_VERSION = 'cavra.release-governance.verification.v1';

/** The program that verified. */
export interface VerifierIdentity {
  readonly name: string;
  readonly version: string;
  /** Of the program's entry file, where that is known. */
  readonly sha256?: string;
}

/** What a checkpoint proves of evidence. */
export interface CheckpointReport {
  /** `unchecked`: it fits the evidence, but no key was given to check its signature with. */
  readonly checkpoint: 'absent' | 'valid' | 'invalid' | 'unchecked';
  /**
   * Whether records could have been cut off at the end unnoticed: `sealed` by a valid checkpoint of this evidence, `anchored` when an
   * earlier or external checkpoint, which the verifier brought, agrees as well.
   */
  readonly tail: 'unanchored' | 'sealed' | 'anchored';
  /** What it says; absent when there is none that can be believed to fit. */
  readonly details?: CheckpointDetails;
}

export interface CheckpointDetails {
  readonly key_id: string;
  readonly time: string;
  readonly result: 'PASSED' | 'FAILED';
  /** Of the statement's bytes, which names the checkpoint; the one it refers to, or null. */
  readonly statement_sha256: string;
  readonly previous_statement_sha256: string | null;
  /** Names of what it is about. */
  readonly subjects: readonly string[];
}

/**
 * The verification report (wire-format.md section 6, interfaces.md): the first five members are those of the Go implementation and
 * mean the same. Member names and order are the published JSON's.
 */
export interface VerificationReport {
  /** Of the stream, as the caller named it. */
  readonly path: string;
  /** No finding is an error. */
  readonly valid: boolean;
  readonly records: number;
  readonly signed_records: number;
  /** The errors among the findings, one text each; at most MAX_REPORT_FINDINGS, then one that says how many more there are. */
  readonly errors: readonly string[];
  readonly schema_version: typeof VERIFICATION_SCHEMA_VERSION;
  readonly findings: readonly Finding[];
  /** `record_hash` of the last record that could be read; empty when there is none. */
  readonly head_hash: string;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly keys: readonly KeyUse[];
  /** `checked` with keys; `unchecked`: there are signatures but no key was used; `none`: nothing is signed. */
  readonly signatures: 'checked' | 'unchecked' | 'none';
  readonly checkpoint: CheckpointReport['checkpoint'];
  /** Whether records could have been cut off at the end unnoticed. */
  readonly tail: CheckpointReport['tail'];
  /** Of the whole stream. */
  readonly sha256: string;
  readonly verifier: VerifierIdentity;
  /** `record_hash` of record 1; empty when it could not be read. */
  readonly stream_id: string;
  /** Findings beyond the limit, which `findings` leaves out. */
  readonly findings_omitted: number;
  /** What was expected of the evidence; absent when nothing was. */
  readonly expectations?: EvidenceExpectations;
  /** What the checkpoint says; absent when there is none that fits. */
  readonly checkpoint_details?: CheckpointDetails;
  /** What a reader must know of how this was verified, a sentence each; absent when there is nothing. */
  readonly notes?: readonly string[];
}

export interface ReportContext {
  readonly path: string;
  readonly verifier: VerifierIdentity;
  readonly expectations?: EvidenceExpectations;
  /** Without it, no checkpoint was looked for. */
  readonly checkpoint?: CheckpointReport;
  readonly notes?: readonly string[];
}

export function buildReport(
  { summary, findings, sha256 }: StreamVerification,
  context: ReportContext,
): VerificationReport {
  const { path, verifier, expectations, checkpoint, notes = [] } = context;
  const kept = findings.kept;
  return {
    path,
    valid: findings.errorCount === 0,
    records: summary.records,
    signed_records: summary.signedRecords,
    errors: errorTexts(kept, findings.errorCount),
    schema_version: VERIFICATION_SCHEMA_VERSION,
    findings: kept,
    head_hash: summary.headHash,
    first_timestamp: summary.first?.toString() ?? '',
    last_timestamp: summary.last?.toString() ?? '',
    keys: summary.keys,
    signatures: summary.signatures,
    checkpoint: checkpoint?.checkpoint ?? 'absent',
    tail: checkpoint?.tail ?? 'unanchored',
    sha256,
    verifier: verifierOf(verifier),
    stream_id: summary.streamId,
    findings_omitted: findings.omitted,
    ...(expectations === undefined ? {} : { expectations }),
    ...(checkpoint?.details === undefined ? {} : { checkpoint_details: checkpoint.details }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function verifierOf({ name, version, sha256 }: VerifierIdentity): VerifierIdentity {
  return { name, version, ...(sha256 === undefined ? {} : { sha256 }) };
}

/** The report as JSON text: two-space indent, members in the order above, final line end. */
export function reportText(report: VerificationReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** One finding in one line, with its place. */
export function describeFinding({ record, line, offset, message }: Finding): string {
  if (line === 0) {
    return message;
  }
  const place = `line ${line}, byte ${offset}`;
  return record === 0 ? `${place}: ${message}` : `record ${record} (${place}): ${message}`;
}

function errorTexts(kept: readonly Finding[], errorCount: number): readonly string[] {
  const texts = kept.filter(({ severity }) => severity === 'error').map(describeFinding);
  return errorCount > MAX_REPORT_FINDINGS ? [...texts, `and ${errorCount - texts.length} more errors`] : texts;
}
