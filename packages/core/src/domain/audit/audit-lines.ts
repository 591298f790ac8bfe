import type { KeyUse } from '../verification/signatures.ts';
import type { Decision, RunnerIdentity } from '../wire/messages.ts';

/** What an audit says of one bundle (an evidence folder, an artifact or a stream) and of all. Plain data: the published JSON Lines. */

export const AUDIT_SCHEMA_VERSION = 'cavra.release-governance.audit.v1';

/** `unmet`: valid, but not what was expected; `unreadable`: nothing could be verified. */
export type BundleStatus = 'valid' | 'unmet' | 'invalid' | 'unreadable';

/** The first line: what was asked, so that only answers to the same question are put together. */
export interface AuditHead {
  readonly kind: 'audit';
  readonly schema_version: typeof AUDIT_SCHEMA_VERSION;
  /** Names the question: program version, keys, public keys and expectations; 64 hex digits. */
  readonly question: string;
  /** Which part of the bundles this is; 1 of 1 when it is all of them. */
  readonly shard: Shard;
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly total: number;
}

/** One line for each bundle. Texts from evidence are empty where it does not say. */
export interface BundleLine extends Required<RunnerIdentity> {
  readonly kind: 'bundle';
  /** As it was found: below a path as given, with slashes. */
  readonly path: string;
  readonly status: BundleStatus;
  /** CAVRA-E…; empty for a valid bundle. */
  readonly diagnosis: string;
  /** What was found first; empty for a valid bundle. */
  readonly message: string;
  readonly records: number;
  readonly signed_records: number;
  readonly errors: number;
  readonly warnings: number;
  /** The worst of the bundle, and the rule that made it. */
  readonly decision: Decision | '';
  readonly rule_id: string;
  /** Records whose runner was not authenticated. */
  readonly unauthenticated: number;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly signatures: 'checked' | 'unchecked' | 'none';
  readonly checkpoint: 'absent' | 'valid' | 'invalid' | 'unchecked';
  readonly tail: 'unanchored' | 'sealed' | 'anchored';
  readonly keys: readonly KeyUse[];
  readonly stream_id: string;
  readonly head_hash: string;
  /** Of the stream; empty when it could not be read. */
  readonly sha256: string;
  /** Only in the state of an audit: SHA-256 of what tells whether the bundle's files changed. */
  readonly fingerprint?: string;
}

/** A run for which there must be evidence. */
export interface ExpectedRun {
  readonly repository: string;
  readonly run_id: string;
}

/** The last line. */
export interface AuditSummary {
  readonly kind: 'summary';
  readonly bundles: number;
  readonly records: number;
  readonly statuses: Readonly<Record<BundleStatus, number>>;
  readonly decisions: Readonly<Record<Decision, number>>;
  readonly tails: Readonly<Record<BundleLine['tail'], number>>;
  /** The keys that signed valid records, most used first. */
  readonly keys: readonly AuditedKey[];
  /** Expected runs against what was found; null when none were expected. */
  readonly population: Population | null;
  readonly exceptions: readonly AuditException[];
  /** Exceptions beyond the limit, which the list leaves out. */
  readonly exceptions_omitted: number;
  /** Shards that are not here, of a merged audit. */
  readonly shards_missing: readonly number[];
  /** Every bundle is valid, every expected run has one, and no shard is missing. */
  readonly complete: boolean;
}

export interface AuditedKey {
  readonly key_id: string;
  readonly status: KeyUse['status'];
  readonly bundles: number;
  readonly records: number;
}

export interface Population {
  readonly expected: number;
  /** Expected runs with at least one valid bundle. */
  readonly found: number;
  /** At most MAX_AUDIT_LISTED. */
  readonly missing: readonly ExpectedRun[];
  readonly missing_omitted: number;
  /** Valid bundles of runs that nobody expected. */
  readonly unexpected: number;
}

/** Something of a bundle that an auditor should look at, although it need not be a fault. */
export interface AuditException {
  readonly path: string;
  readonly what: ExceptionKind;
  readonly detail: string;
}

/** Each kind of exception, with its meaning. */
export const EXCEPTIONS = {
  not_valid: 'the evidence is not valid, cannot be read, or is not what was expected',
  not_allowed: 'the worst decision is not allow',
  not_authenticated: 'a record says that its runner was not authenticated',
  not_checked: 'no signature was checked',
  duplicate: 'the same stream is in another bundle',
  warning: 'the verification warns of something',
  key: 'a key that is revoked, unknown or whose secret is not here was used',
} as const;

export type ExceptionKind = keyof typeof EXCEPTIONS;
