import { type KeyValidity, keyValidity } from '../keys/validity.ts';
import { previousOf } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Whether the key of a checkpoint counted when the checkpoint was made. Its time is its signer's own word; another checkpoint, of a key
 * that counts without help, can vouch for it: one that covers it and is older than the revocation.
 *
 * @param others further checkpoints whose signatures were checked
 */
export function signerValidity(checkpoint: Checkpoint, others: readonly Checkpoint[]): KeyValidity {
  const { signer, statement } = checkpoint;
  if (signer === undefined) return 'valid';
  const { revokedAt } = signer.period;
  const isAnchored =
    revokedAt !== undefined &&
    others.some(
      (other) =>
        other.statement.timeMs < revokedAt &&
        covers(other, checkpoint) &&
        other.signer !== undefined &&
        keyValidity(other.signer.period, other.statement.timeMs) === 'valid',
    );
  return keyValidity(signer.period, statement.timeMs, isAnchored);
}

/** Whether a checkpoint refers to another one, or speaks for exactly the records that the other speaks for. */
function covers(checkpoint: Checkpoint, other: Checkpoint): boolean {
  const [ours, theirs] = [checkpoint.statement.claims, other.statement.claims];
  return (
    previousOf(checkpoint) === other.statementSha256 ||
    (ours.stream_id === theirs.stream_id &&
      ours.record_count === theirs.record_count &&
      ours.merkle_root === theirs.merkle_root)
  );
}
