import { Buffer } from 'node:buffer';
import { encodeValue } from '../wire/encode.ts';
import type { Provider } from '../wire/messages.ts';

/**
 * What a person signs: an in-toto Statement v1, on one line, in the encoding of the evidence stream (docs/approvals.md#the-statement).
 */

/** What the signature is made for, so that none for another use serves as an approval. */
export const APPROVAL_NAMESPACE = 'release-approval@cavra';
/** How the names of approvals end; the signature stands beside it, with `.sig` behind that. */
export const APPROVAL_SUFFIX = '.approval.json';
export const APPROVAL_PREDICATE_TYPE = 'urn:cavra:release-governance:approval:v1';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** Before the hash of the commit, in the name of its subject. */
export const COMMIT_PREFIX = 'git:';

export const APPROVAL_DECISIONS = ['approve', 'reject', 'emergency'] as const;
export type ApprovalDecision = (typeof APPROVAL_DECISIONS)[number];

/** A file by its content; `sha256` is lower-case hex. */
export interface NamedDigest {
  readonly name: string;
  readonly sha256: string;
}

/** Null: the person says nothing of it. */
export interface ApprovalPredicate {
  readonly decision: ApprovalDecision;
  readonly provider: Provider;
  readonly issuer: string | null;
  readonly repository: string;
  readonly repository_id: string | null;
  readonly run_id: string | null;
  /** As the request file has them; null: it has none. */
  readonly target: string | null;
  readonly release_version: string | null;
  readonly metadata_kind: string | null;
  /** Empty: none is given. */
  readonly reason: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`; from when on and until before when the approval serves. */
  readonly not_before: string;
  readonly not_after: string;
  /** 32 lower-case hex digits. */
  readonly nonce: string;
}

export interface ApprovalStatement {
  /** The name of the request file, without folder, and the digest of its exact bytes. */
  readonly request: NamedDigest;
  /** Lower-case hex of 40 or 64 digits. */
  readonly commit: string | null;
  readonly artifacts: readonly NamedDigest[];
  readonly predicate: ApprovalPredicate;
}

/** In the order in which they are written. */
export const PREDICATE_MEMBERS = [
  'decision',
  'provider',
  'issuer',
  'repository',
  'repository_id',
  'run_id',
  'target',
  'release_version',
  'metadata_kind',
  'reason',
  'not_before',
  'not_after',
  'nonce',
] as const satisfies readonly (keyof ApprovalPredicate)[];

/** The exact bytes that are signed: one line and its LF. */
export function encodeApproval({ request, commit, artifacts, predicate }: ApprovalStatement): Buffer {
  const subject = [
    fileSubject(request),
    ...(commit === null ? [] : [{ name: COMMIT_PREFIX + commit, digest: { gitCommit: commit } }]),
    ...artifacts.map(fileSubject),
  ];
  const statement = {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: APPROVAL_PREDICATE_TYPE,
    predicate: Object.fromEntries(PREDICATE_MEMBERS.map((name) => [name, predicate[name]])),
  };
  return Buffer.from(`${encodeValue(statement)}\n`, 'utf8');
}

function fileSubject({ name, sha256 }: NamedDigest) {
  return { name, digest: { sha256 } };
}
