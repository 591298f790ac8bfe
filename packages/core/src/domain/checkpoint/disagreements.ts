import type { StreamSummary } from '../verification/verifier.ts';
import type { CheckpointClaims } from './statement.ts';
import type { StreamFacts } from './stream-facts.ts';

/** What was found when the evidence was read. Digests are SHA-256 in lower-case hex. */
export interface ObservedEvidence {
  readonly summary: Pick<StreamSummary, 'records' | 'streamId' | 'headHash' | 'keys'>;
  readonly facts: StreamFacts;
  /** Of the stream. */
  readonly sha256: string;
  /** Of the files beside the stream, null where there is none; undefined: the stream stands by itself. */
  readonly files: { readonly claims: string | null; readonly response: string | null } | undefined;
}

/** Names each member of a checkpoint that is not so in the evidence. */
export function disagreements(claims: CheckpointClaims, observed: ObservedEvidence): readonly string[] {
  const { summary, facts, sha256, files } = observed;
  const pairs: readonly (readonly [member: string, stated: unknown, found: unknown])[] = [
    ['stream_id', claims.stream_id, summary.streamId],
    ['record_count', claims.record_count, summary.records],
    ['head_hash', claims.head_hash, summary.headHash],
    ['merkle_root', claims.merkle_root, facts.tree.root().toString('hex')],
    ['decision', claims.decision, facts.decision],
    ['rule_id', claims.rule_id, facts.ruleId],
    ['evidence_key_ids', String(claims.evidence_key_ids), String(evidenceKeyIds(summary))],
    ['files.stream', claims.files.stream, sha256],
    ...(files === undefined
      ? []
      : ([
          ['files.claims', claims.files.claims, files.claims],
          ['files.response', claims.files.response, files.response],
        ] as const)),
  ];
  return pairs.filter(([, stated, found]) => stated !== found).map(([member]) => member);
}

/** Key ids of the records' signatures, in the order of their first use. */
export function evidenceKeyIds({ keys }: Pick<StreamSummary, 'keys'>): readonly string[] {
  return keys.filter(({ status }) => status !== 'others').map(({ key_id: id }) => id);
}
