import { createHash } from 'node:crypto';
import { encodeValue } from '../../wire/encode.ts';
import type { Provider } from '../../wire/messages.ts';
import type { ApprovalCase, ApprovedRun, People } from '../judging/facts.ts';
import type { ApprovalProof, ApprovalsVerdict, JudgedApproval } from '../judging/verdict.ts';
import { sshPublicKeyText } from '../sshsig/public-key.ts';
import type { ApprovalDecision, NamedDigest } from '../statement.ts';
import { type ApprovalSource, type ApprovalTerms, type Binding, type Exclusion, peopleOf } from '../terms.ts';
import { formatApprovalTime } from '../times.ts';

/**
 * A line of release-governance-approvals.jsonl: how the approvals of one request were judged, with all that is needed to judge them
 * again (docs/evidence-format.md#approvals). Members stand in this order and none is left out; null: there is nothing.
 */

export const APPROVALS_SCHEMA_VERSION = 'cavra.release-governance.approvals.v1';
/** Before the SHA-256 of a line, in the second of the evidence_refs of its response. */
export const APPROVALS_REFERENCE_PREFIX = 'urn:cavra:approvals:sha256:';

/** What an outcome repeats of it. */
export interface ApprovalsSummary {
  readonly required: number;
  readonly counted: number;
  readonly sources: readonly ApprovalSource[];
  readonly approvers: readonly string[];
  readonly emergency: string | null;
}

export const APPROVER_ROLES = ['approver', 'emergency'] as const;
export type ApproverRole = (typeof APPROVER_ROLES)[number];

export interface RecordedApprover {
  readonly name: string;
  readonly roles: readonly ApproverRole[];
  readonly ssh: readonly {
    readonly key: string;
    readonly valid_after: string | null;
    readonly valid_before: string | null;
  }[];
  readonly valid_before: string | null;
  readonly revoked_since: string | null;
}

export interface RecordedApproval {
  readonly source: ApprovalSource;
  readonly approver: JudgedApproval['approver'];
  readonly decision: ApprovalDecision;
  readonly given_at: string | null;
  readonly bound_to: Readonly<Record<string, string>>;
  readonly counted: boolean;
  readonly why_not: string | null;
  readonly proof: ApprovalProof;
}

export interface ApprovalsLine {
  readonly schema_version: typeof APPROVALS_SCHEMA_VERSION;
  readonly request_sha256: string;
  /** Of the record that holds the decision. */
  readonly record_id: string;
  /** The gate's clock. */
  readonly judged_at: string;
  /** The rule of the trust policy that asked for approvals. */
  readonly trust_rule: string;
  readonly policy: {
    readonly required: number;
    readonly sources: readonly ApprovalSource[];
    readonly exclude: readonly Exclusion[];
    readonly bind: readonly Binding[] | null;
    readonly max_age_seconds: number;
    readonly user_presence: boolean;
    readonly user_verification: boolean;
    readonly webauthn_origins: readonly string[];
  };
  readonly request: {
    readonly name: string | null;
    readonly target: string | null;
    readonly release_version: string | null;
    readonly metadata_kind: string | null;
    readonly required_count: number;
  };
  readonly run: {
    readonly provider: Provider;
    readonly issuer: string | null;
    readonly repository: string;
    readonly repository_id: string | null;
    readonly commit: string | null;
    readonly run_id: string | null;
    /** Which of these nobody proved. */
    readonly asserted: ApprovedRun['asserted'];
  };
  readonly artifacts: readonly NamedDigest[];
  /** Ids on the run's platform; null: not known. */
  readonly starters: readonly string[] | null;
  readonly authors: readonly string[] | null;
  readonly approvers: readonly RecordedApprover[];
  readonly approvals: readonly RecordedApproval[];
  readonly remarks: readonly string[];
  readonly summary: ApprovalsSummary;
}

/** What becomes of a verdict in the evidence. */
export function approvalsLine(
  context: ApprovalCase,
  verdict: ApprovalsVerdict,
  { recordId, trustRule }: { readonly recordId: string; readonly trustRule: string },
): ApprovalsLine {
  const { facts, terms } = context;
  const { request, run } = facts;
  return {
    schema_version: APPROVALS_SCHEMA_VERSION,
    request_sha256: request.sha256,
    record_id: recordId,
    judged_at: formatApprovalTime(facts.nowMs),
    trust_rule: trustRule,
    policy: recordedTerms(terms),
    request: {
      name: request.name,
      target: request.target,
      release_version: request.releaseVersion,
      metadata_kind: request.metadataKind,
      required_count: request.requiredCount,
    },
    run: {
      provider: run.provider,
      issuer: run.issuer,
      repository: run.repository,
      repository_id: run.repositoryId,
      commit: run.commit,
      run_id: run.runId,
      asserted: run.asserted,
    },
    artifacts: facts.artifacts.map(({ name, sha256 }) => ({ name, sha256 })),
    starters: recordedPeople(facts.starters),
    authors: recordedPeople(facts.authors),
    approvers: recordedApprovers(context),
    approvals: verdict.approvals.map(recordedApproval),
    remarks: verdict.remarks,
    summary: summaryOf(verdict),
  };
}

export function summaryOf({ required, counted, sources, approvers, emergency }: ApprovalsVerdict): ApprovalsSummary {
  return { required, counted, sources, approvers, emergency };
}

/** The line without its line end. */
export function encodeApprovalsLine(line: ApprovalsLine): string {
  return encodeValue(line);
}

/** What the response refers to the line by. */
export function approvalsReference(line: string): string {
  return APPROVALS_REFERENCE_PREFIX + createHash('sha256').update(line).digest('hex');
}

function recordedTerms({ required, sources, exclude, bind, maxAgeMs, ssh }: ApprovalTerms): ApprovalsLine['policy'] {
  return {
    required,
    sources,
    exclude,
    bind: bind ?? null,
    max_age_seconds: maxAgeMs / 1_000,
    user_presence: ssh.userPresence,
    user_verification: ssh.userVerification,
    webauthn_origins: ssh.webauthnOrigins,
  };
}

function recordedPeople({ ids }: People): readonly string[] | null {
  return ids ?? null;
}

function recordedApprovers({ terms, lists }: ApprovalCase): readonly RecordedApprover[] {
  const named = (names: readonly string[], role: ApproverRole) =>
    peopleOf(lists, names).map((person) => ({ person, role }));
  const roles = [...named(terms.approvers, 'approver'), ...named(terms.emergency, 'emergency')];
  return peopleOf(lists, [...terms.approvers, ...terms.emergency]).map((person) => ({
    name: person.name,
    roles: roles.filter((each) => each.person.name === person.name).map(({ role }) => role),
    ssh: person.keys.map(({ publicKey, validAfter, validBefore }) => ({
      key: sshPublicKeyText(publicKey),
      valid_after: time(validAfter),
      valid_before: time(validBefore),
    })),
    valid_before: time(person.validBefore),
    revoked_since: time(person.revokedSince),
  }));
}

function recordedApproval(approval: JudgedApproval): RecordedApproval {
  const { source, approver, decision, givenAtMs, boundTo, counted, whyNot, proof } = approval;
  return {
    source,
    approver: { name: approver.name, id: approver.id },
    decision,
    given_at: time(givenAtMs ?? undefined),
    bound_to: boundTo,
    counted,
    why_not: whyNot,
    proof,
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : formatApprovalTime(ms);
}
