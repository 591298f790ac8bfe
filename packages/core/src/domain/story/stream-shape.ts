import type { Decision, RunnerIdentity } from '../wire/messages.ts';
import type { RecordBucket } from './buckets.ts';

/** What a stream tells, for a report that people read: bounded in size however long the stream is, and every text cut. */
export interface StreamStory {
  /** Records that could be read. */
  readonly readable: number;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** Records that say that their runner's proof was not good. */
  readonly unauthenticated: number;
  /** By which rules was decided, in the order of their first record ... */
  readonly rules: readonly RuleUse[];
  /** ... and the records of rules beyond the limit. */
  readonly otherRules: number;
  /** Who asked, in the order of their first record ... */
  readonly runners: readonly RunnerUse[];
  /** ... and the records of runners beyond the limit. */
  readonly otherRunners: number;
  /** Which key signed from where to where; at the limit the rest is one span with `mixed`. */
  readonly keySpans: readonly KeySpan[];
  readonly buckets: readonly RecordBucket[];
  /** Some records in full: the first, the last, and of those between the ones that are no `allow`, in the order of the stream. */
  readonly glimpses: readonly RecordGlimpse[];
}

export interface RuleUse {
  readonly ruleId: string;
  readonly decision: Decision;
  readonly records: number;
  readonly firstRecord: number;
  /** Severity and reason of its first record. */
  readonly severity: string;
  readonly reason: string;
}

export interface RunnerUse {
  readonly identity: RunnerIdentity;
  /** `runner_auth.algorithm`; empty when the request carried no proof. */
  readonly proof: string;
  readonly keyId: string;
  readonly records: number;
  readonly firstRecord: number;
  /** Of these records, those that say that the proof was not good. */
  readonly unauthenticated: number;
}

export interface KeySpan {
  readonly from: number;
  readonly to: number;
  /** The key id; `unsigned`: records without a signature; `mixed`: several keys, beyond the limit. */
  readonly key: { readonly id: string } | 'unsigned' | 'mixed';
}

/** One record, as far as a reader of the report wants to see it. */
export interface RecordGlimpse {
  /** Number in the stream, from 1. */
  readonly record: number;
  readonly line: number;
  /** RFC 3339, as written. */
  readonly time: string;
  readonly timeMs: number;
  readonly decision: Decision;
  readonly ruleId: string;
  readonly severity: string;
  readonly reason: string;
  readonly decisionId: string;
  readonly recordHash: string;
  readonly previousHash: string;
  /** Undefined: the record is not signed. */
  readonly keyId: string | undefined;
  readonly question: Question;
}

/** What was asked; empty where the request did not say. */
export interface Question {
  readonly actor: string;
  readonly operation: string;
  readonly target: string;
  readonly kind: string;
  readonly version: string;
  readonly channel: string;
  readonly approvalId: string;
}
