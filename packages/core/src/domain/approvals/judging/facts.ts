import type { Provider } from '../../wire/messages.ts';
import type { ApprovalDecision, NamedDigest } from '../statement.ts';
import type { ApprovalTerms, ApproverLists, PlatformSource } from '../terms.ts';

/** What approvals are held against. */

/** The request, as its file has it: what the gate fills in is not compared. Null: the file does not say it. */
export interface ApprovedRequest {
  /** The file's name without folder; null: it has none, as a request that is given inline. */
  readonly name: string | null;
  /** Of the exact bytes, lower-case hex. */
  readonly sha256: string;
  readonly target: string | null;
  readonly releaseVersion: string | null;
  readonly metadataKind: string | null;
  /** approval_required_count; never more than a safe integer. */
  readonly requiredCount: number;
}

/** The run, as its token proves it. Under HMAC what the job says of itself stands here, and `asserted` names it. */
export interface ApprovedRun {
  readonly provider: Provider;
  readonly repository: string;
  readonly issuer: string | null;
  readonly repositoryId: string | null;
  readonly commit: string | null;
  readonly runId: string | null;
  /** Which of these nobody proved. */
  readonly asserted: readonly ('repository' | 'commit' | 'run_id')[];
}

/** Ids on the run's platform, or why they are not known. */
export type People =
  | { readonly ids: readonly string[]; readonly unresolved?: never }
  | { readonly ids?: never; readonly unresolved: string };

export interface ApprovalFacts {
  readonly request: ApprovedRequest;
  readonly run: ApprovedRun;
  /** What the gate was given to release. */
  readonly artifacts: readonly NamedDigest[];
  readonly starters: People;
  readonly authors: People;
  /** The gate's clock, Unix milliseconds. */
  readonly nowMs: number;
}

/** A file that was handed over as an approval. */
export interface OfferedApproval {
  /** How messages call it. */
  readonly name: string;
  readonly statement: Uint8Array;
  /** What stands in the `.sig` beside it; null: there is none. */
  readonly signature: Uint8Array | null;
}

/** What a platform says that one person did. */
export interface PlatformEntry {
  readonly source: PlatformSource;
  readonly decision: Exclude<ApprovalDecision, 'emergency'>;
  /** The person's id on the platform, letter case as in a policy. */
  readonly personId: string;
  /** Unix milliseconds; null: the platform says no time. */
  readonly givenAtMs: number | null;
  /** A rejection of this very run and environment, which stops it whoever gave it. */
  readonly stopsRun: boolean;
  /** What it is of, by the platform's words: run, environment, commit. */
  readonly boundTo: Readonly<Record<string, string>>;
  /** The path that was asked, and the members of its answer that were used. No names, no addresses. */
  readonly proof: { readonly path: string; readonly members: Readonly<Record<string, unknown>> };
}

/** What a platform said when it was asked; `problem`: why it could not be asked, and then it says nothing. */
export interface SourceAnswer {
  readonly source: PlatformSource;
  readonly entries: readonly PlatformEntry[];
  readonly problem: string | null;
}

/** All that the judgement of single approvals depends on. */
export interface ApprovalCase {
  readonly terms: ApprovalTerms;
  /** All lists of the policy. */
  readonly lists: ApproverLists;
  readonly facts: ApprovalFacts;
}
