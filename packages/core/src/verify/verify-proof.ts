import { type AttestationTrust, type Checkpoint, openCheckpoint } from '../domain/checkpoint/checkpoint.ts';
import { checkpointDetails } from '../domain/checkpoint/details.ts';
import { CheckpointError } from '../domain/checkpoint/error.ts';
import { type InclusionProof, parseInclusionProof, provenRecord } from '../domain/checkpoint/inclusion-proof.ts';
import { signerValidity } from '../domain/checkpoint/vouching.ts';
import { EvidenceError } from '../domain/diagnosis.ts';
import { type RecordReader, SLOT } from '../domain/evidence/record-reader.ts';
import { type EvidenceExpectations, ExpectationCheck } from '../domain/verification/expectations.ts';
import { type Finding, FindingList } from '../domain/verification/findings.ts';
import { type CheckpointDetails, describeFinding } from '../domain/verification/report.ts';
import type { StreamSummary } from '../domain/verification/verifier.ts';
import type { Decision, RunnerIdentity } from '../domain/wire/messages.ts';

export const INCLUSION_SCHEMA_VERSION = 'cavra.release-governance.inclusion.v1';

/** What one record proves by itself, without the others of its stream; stable JSON. */
export interface InclusionReport {
  readonly schema_version: typeof INCLUSION_SCHEMA_VERSION;
  /** The record is what the checkpoint is over, and meets what was expected. */
  readonly valid: boolean;
  readonly record: number;
  readonly record_count: number;
  readonly stream_id: string;
  readonly record_hash: string;
  readonly timestamp: string;
  readonly decision: Decision;
  readonly rule_id: string;
  readonly identity: RunnerIdentity;
  readonly findings: readonly Finding[];
  readonly checkpoint: CheckpointDetails;
}

export interface InclusionOutcome {
  readonly report: InclusionReport;
  /** CAVRA-E402: the record is not what was expected. */
  readonly failure: EvidenceError | undefined;
}

/**
 * Verifies the proof that one record is under a checkpoint (RFC 6962 section 2.1.1).
 *
 * @param bytes of the proof's file
 * @param trust keys of which one must have signed the checkpoint
 * @throws EvidenceError CAVRA-E405 it proves nothing: which step fails is in the message
 */
export function verifyInclusionProof(
  bytes: Uint8Array,
  trust: readonly AttestationTrust[],
  expectations: EvidenceExpectations | undefined,
  nowMs: number,
): InclusionOutcome {
  const { proof, checkpoint, record } = open(bytes, trust);
  const findings = new FindingList();
  if (expectations !== undefined) {
    const check = new ExpectationCheck(expectations, nowMs);
    check.record(record, { record: proof.record, line: 0, offset: 0 });
    check.finish(findings, summaryOf(record));
  }
  const [first] = findings.kept;
  const failure =
    first === undefined
      ? undefined
      : new EvidenceError('CAVRA-E402', `the record is not what was expected: ${describeFinding(first)}`);
  return { report: reportOf(proof, checkpoint, record, findings), failure };
}

/** The record as a stream of its own. */
function summaryOf({ time, recordHash }: RecordReader): StreamSummary {
  const hashes = { streamId: recordHash, headHash: recordHash };
  return { records: 1, signedRecords: 1, ...hashes, first: time, last: time, keys: [], signatures: 'unchecked' };
}

function open(bytes: Uint8Array, trust: readonly AttestationTrust[]) {
  try {
    const proof = parseInclusionProof(bytes);
    const checkpoint = openCheckpoint(proof.checkpoint, trust);
    const validity = signerValidity(checkpoint, []);
    if (validity !== 'valid') {
      throw new EvidenceError(
        'CAVRA-E405',
        `the key ${checkpoint.keyId} of its checkpoint is ${validity.replaceAll('_', ' ')}`,
      );
    }
    return { proof, checkpoint, record: provenRecord(proof, checkpoint.statement.claims) };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new EvidenceError('CAVRA-E405', `the proof cannot be believed: ${error.message}`, { cause: error });
  }
}

function reportOf(
  { record, size }: InclusionProof,
  checkpoint: Checkpoint,
  reader: RecordReader,
  findings: FindingList,
): InclusionReport {
  const { scan } = reader;
  return {
    schema_version: INCLUSION_SCHEMA_VERSION,
    valid: findings.errorCount === 0,
    record,
    record_count: size,
    stream_id: checkpoint.statement.claims.stream_id,
    record_hash: reader.recordHash,
    timestamp: reader.time.toString(),
    decision: reader.decision,
    rule_id: scan.text(SLOT.ruleId),
    // The line is canonical: this is an object of strings.
    identity: scan.has(SLOT.identity) ? (JSON.parse(scan.json(SLOT.identity)) as RunnerIdentity) : {},
    findings: findings.kept,
    checkpoint: checkpointDetails(checkpoint),
  };
}
