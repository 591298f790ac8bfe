import { Buffer } from 'node:buffer';
import { formatTimestamp } from '../time/timestamp.ts';
import type { Decision, RunnerIdentity } from '../wire/messages.ts';

/**
 * What a checkpoint says (design.md section 5.2): an in-toto Statement v1 whose predicate is a SLSA Verification Summary v1, with what
 * is ours in a member of the predicate that has a URI as its name, as in-toto's parsing rules have it.
 */

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const VERIFICATION_SUMMARY_TYPE = 'https://slsa.dev/verification_summary/v1';
/** Name of our member of the predicate. */
export const CHECKPOINT_MEMBER = 'urn:cavra:release-governance:checkpoint:v1';
export const CHECKPOINT_SCHEMA_VERSION = 'cavra.release-governance.checkpoint.v1';
export const VERIFIER_ID = 'urn:cavra:release-governance:gate';
export const BUILT_IN_POLICY = 'urn:cavra:release-governance:policy:built-in';
/** The one verified level of a checkpoint that says PASSED. */
export const GATE_PASSED_LEVEL = 'CAVRA_GATE_PASSED';
export const TRUST_POLICY = 'urn:cavra:release-governance:policy:trust-policy';

export type VerificationResult = 'PASSED' | 'FAILED';

/** An artifact that the statement is about: bytes by their SHA-256, or a git commit. Digests are lower-case hex. */
export type Subject =
  | { readonly name: string; readonly sha256: string }
  | { readonly name: string; readonly gitCommit: string };

/** The earlier checkpoint that a checkpoint refers to. */
export interface PreviousCheckpoint {
  /** Of its statement's bytes, which its signature covers. */
  readonly statement_sha256: string;
  readonly stream_id: string;
  readonly record_count: number;
  /** Proof of RFC 6962 section 2.1.2 that this stream only grew since; null: it is of another stream. */
  readonly consistency: readonly string[] | null;
}

/** The part of a checkpoint that is ours; member names and order are the JSON's. Hashes are lower-case hex. */
export interface CheckpointClaims {
  readonly schema_version: typeof CHECKPOINT_SCHEMA_VERSION;
  /** `record_hash` of record 1. */
  readonly stream_id: string;
  readonly record_count: number;
  /** `record_hash` of the last record. */
  readonly head_hash: string;
  /** Root of the Merkle tree of RFC 6962 whose leaves are the 32 bytes of each `record_hash`. */
  readonly merkle_root: string;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  /** Key ids of the records' signatures. */
  readonly evidence_key_ids: readonly string[];
  /** Id of the key that signs this checkpoint. */
  readonly attestation_key_id: string;
  /** SHA-256 of the files beside the stream, and of the stream; null: there is no such file. */
  readonly files: { readonly claims: string | null; readonly response: string | null; readonly stream: string };
  /** The worst decision of the stream, and the rule that made it. */
  readonly decision: Decision;
  readonly rule_id: string;
  /** How the runner proved who it is, and what of its identity is proven; null: it did not. */
  readonly authentication: {
    readonly method: string;
    readonly key_id: string;
    readonly verified: readonly string[];
    readonly unverified: readonly string[];
  } | null;
  readonly identity: RunnerIdentity;
  /** The program that decided and verified; `sha256` is of its entry file, null where that is not known. */
  readonly verifier: { readonly name: string; readonly version: string; readonly sha256: string | null };
  /** SHA-256 of the trust policy's file, null for what passes by default, and which rules decided. */
  readonly policy: { readonly sha256: string | null; readonly rules: string };
  readonly previous_checkpoint: PreviousCheckpoint | null;
}

export interface CheckpointStatement {
  readonly subjects: readonly Subject[];
  /** When it was made, Unix milliseconds: the signer's word. */
  readonly timeMs: number;
  /** PASSED only for an authenticated, verified allow that the gate passes. */
  readonly result: VerificationResult;
  readonly claims: CheckpointClaims;
}

/** The statement's bytes, as they are signed: compact JSON. */
export function statementBytes({ subjects, timeMs, result, claims }: CheckpointStatement): Buffer {
  const { verifier, policy } = claims;
  const statement = {
    _type: STATEMENT_TYPE,
    subject: subjects.map(subjectJson),
    predicateType: VERIFICATION_SUMMARY_TYPE,
    predicate: {
      verifier: { id: VERIFIER_ID, version: { [verifier.name]: verifier.version } },
      timeVerified: formatTimestamp(timeMs),
      resourceUri: resourceUri(claims.identity),
      policy:
        policy.sha256 === null ? { uri: BUILT_IN_POLICY } : { uri: TRUST_POLICY, digest: { sha256: policy.sha256 } },
      verificationResult: result,
      // A word of its own: the gate says nothing of how the artifacts were built, and slsa-verifier refuses a level that says so.
      verifiedLevels: [result === 'PASSED' ? GATE_PASSED_LEVEL : 'FAILED'],
      [CHECKPOINT_MEMBER]: claims,
    },
  };
  return Buffer.from(JSON.stringify(statement), 'utf8');
}

function subjectJson(subject: Subject): object {
  const { name } = subject;
  return { name, digest: 'sha256' in subject ? { sha256: subject.sha256 } : { gitCommit: subject.gitCommit } };
}

/** Names the repository that the release is of; a repository's name alone is not unique among platforms. */
export function resourceUri({ provider = '', repository = '' }: RunnerIdentity): string {
  return `urn:cavra:repository:${encoded(provider)}:${repository.split('/').map(encoded).join('/')}`;
}

/** Half of a surrogate pair has no encoding. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
