import { type Checkpoint, openCheckpoint, signCheckpoint } from '../domain/checkpoint/checkpoint.ts';
import { disagreements, evidenceKeyIds } from '../domain/checkpoint/disagreements.ts';
import {
  CHECKPOINT_SCHEMA_VERSION,
  type CheckpointClaims,
  type CheckpointStatement,
  type PreviousCheckpoint,
  type Subject,
} from '../domain/checkpoint/statement.ts';
import type { StreamFacts } from '../domain/checkpoint/stream-facts.ts';
import { ConfigurationError, EvidenceError, RuntimeFailure } from '../domain/diagnosis.ts';
import { CLAIMS_FILE, RESPONSE_FILE, STREAM_FILE } from '../domain/evidence/files.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import { MAX_CHECKPOINT_BYTES } from '../domain/limits.ts';
import type { ConsistencyProver } from '../domain/merkle/merkle-proof.ts';
import type { AuthenticatedRunner } from '../domain/trust/trust-decision.ts';
import type { VerificationReport, VerifierIdentity } from '../domain/verification/report.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';

/** What the gate itself found, beside the evidence. */
export interface Judgement {
  /** Nothing is known that keeps the gate from passing. */
  readonly passes: boolean;
  /** Undefined: nobody proved who they are. */
  readonly runner: AuthenticatedRunner | undefined;
}

export interface EarlierTree {
  readonly checkpoint: Checkpoint;
  /** For the size of the earlier checkpoint, over the stream that was read now. */
  readonly prover: ConsistencyProver;
}

export interface AttestOptions {
  readonly key: AttestationKey;
  readonly judgement: Judgement;
  /** Of the evidence, verified just now. */
  readonly report: VerificationReport;
  readonly facts: StreamFacts;
  /** SHA-256 of the claims and response files as they were written; null: there is none. */
  readonly files: { readonly claims: string | null; readonly response: string | null };
  readonly identity: RunnerIdentity;
  readonly policy: CheckpointClaims['policy'];
  readonly verifier: VerifierIdentity;
  /** The release's own artifacts. */
  readonly subjects: readonly Subject[];
  readonly previous: EarlierTree | undefined;
  readonly nowMs: number;
}

export interface Attestation {
  /** The bundle's text. */
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Signs one checkpoint over evidence that verifies (design.md section 5.2).
 *
 * @throws EvidenceError CAVRA-E404 the stream is not the one of the earlier checkpoint, grown
 * @throws ConfigurationError CAVRA-E201 it would be too large
 */
export function attest(options: AttestOptions): Attestation {
  const { key, nowMs } = options;
  const claims = claimsOf(options);
  const statement: CheckpointStatement = {
    subjects: subjectsOf(claims, options),
    timeMs: nowMs,
    result: passes(options) ? 'PASSED' : 'FAILED',
    claims,
  };
  const text = signCheckpoint(statement, key);
  if (Buffer.byteLength(text) > MAX_CHECKPOINT_BYTES) {
    throw new ConfigurationError('CAVRA-E201', 'the checkpoint would be too large: give fewer subjects');
  }
  return { text, checkpoint: readBack(text, options) };
}

/** PASSED only for an authenticated, verified allow that the gate passes. */
function passes({ judgement, report, facts }: AttestOptions): boolean {
  return (
    judgement.passes &&
    judgement.runner !== undefined &&
    report.valid &&
    report.signatures === 'checked' &&
    facts.decision === 'allow' &&
    facts.unauthenticated === 0
  );
}

function claimsOf(options: AttestOptions): CheckpointClaims {
  const { report, facts, files, judgement, verifier, key } = options;
  const { runner } = judgement;
  return {
    schema_version: CHECKPOINT_SCHEMA_VERSION,
    stream_id: report.stream_id,
    record_count: report.records,
    head_hash: report.head_hash,
    merkle_root: facts.tree.root().toString('hex'),
    first_timestamp: report.first_timestamp,
    last_timestamp: report.last_timestamp,
    evidence_key_ids: evidenceKeyIds(report),
    attestation_key_id: key.id,
    files: { claims: files.claims, response: files.response, stream: report.sha256 },
    decision: facts.decision,
    rule_id: facts.ruleId,
    authentication:
      runner === undefined
        ? null
        : {
            method: runner.method,
            key_id: runner.keyId,
            verified: runner.verified,
            unverified: runner.unverified,
          },
    identity: options.identity,
    verifier: { name: verifier.name, version: verifier.version, sha256: verifier.sha256 ?? null },
    policy: options.policy,
    previous_checkpoint: previousOf(options),
  };
}

function previousOf({ previous, report }: AttestOptions): PreviousCheckpoint | null {
  if (previous === undefined) return null;
  const { statement, statementSha256 } = previous.checkpoint;
  const { stream_id: streamId, record_count: records } = statement.claims;
  const isOtherStream = streamId !== report.stream_id;
  const consistency = isOtherStream ? null : requireGrowth(previous, report).map((hash) => hash.toString('hex'));
  return { statement_sha256: statementSha256, stream_id: streamId, record_count: records, consistency };
}

/**
 * Returns the proof that a stream is the one of an earlier checkpoint and only grew since.
 *
 * @throws EvidenceError CAVRA-E404 it is not
 */
export function requireGrowth({ checkpoint, prover }: EarlierTree, report: VerificationReport): readonly Buffer[] {
  const { record_count: records, merkle_root: root, stream_id: streamId } = checkpoint.statement.claims;
  const proof = prover.proof();
  if (proof === undefined || prover.root?.toString('hex') !== root || streamId !== report.stream_id) {
    const message = `the first ${records} of the ${report.records} records are not those of the earlier checkpoint`;
    throw new EvidenceError('CAVRA-E404', message);
  }
  return proof;
}

function subjectsOf({ files }: CheckpointClaims, { judgement, identity, subjects }: AttestOptions): Subject[] {
  const named = [
    [CLAIMS_FILE, files.claims],
    [RESPONSE_FILE, files.response],
    [STREAM_FILE, files.stream],
  ] as const;
  return [
    ...named.flatMap(([name, sha256]) => (sha256 === null ? [] : [{ name, sha256 }])),
    ...commitOf(identity, judgement.runner),
    ...subjects,
  ];
}

const GIT_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;

/** The commit, when the runner proved that it is of it: what the job only says is no subject. */
function commitOf({ repository = '', sha = '' }: RunnerIdentity, runner: AuthenticatedRunner | undefined): Subject[] {
  const isProven = runner?.verified.includes('sha') === true && runner.identity.sha === sha;
  return isProven && GIT_COMMIT.test(sha) ? [{ name: `git:${repository}`, gitCommit: sha }] : [];
}

/** Reads the checkpoint as an auditor will: one that did not verify would be found out years later. */
function readBack(text: string, { key, report, facts, files }: AttestOptions): Checkpoint {
  const trust = { id: key.id, publicKey: key.publicKey, period: { status: 'active' as const } };
  const checkpoint = openCheckpoint(Buffer.from(text), [trust]);
  const summary = {
    records: report.records,
    streamId: report.stream_id,
    headHash: report.head_hash,
    keys: report.keys,
  };
  const differences = disagreements(checkpoint.statement.claims, { summary, facts, sha256: report.sha256, files });
  if (differences.length > 0) {
    throw new RuntimeFailure(
      'CAVRA-E599',
      `the checkpoint does not agree with the evidence: ${differences.join(', ')}`,
    );
  }
  return checkpoint;
}
