import { type KeyValidity, keyValidity } from '../keys/validity.ts';
import { previousOf } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { earliestProven } from './seal-trust.ts';

/**
 * Whether the key of a checkpoint counted when the checkpoint was made. Where no authority proved that time it is the signer's own word,
 * which is worth nothing once the key is revoked; then another checkpoint, of a key that counts without help, can vouch for it: one that
 * covers it and is older than the revocation.
 *
 * @param others further checkpoints whose signatures were checked
 */
export function signerValidity(checkpoint: Checkpoint, others: readonly Checkpoint[]): KeyValidity {
  const { signer } = checkpoint;
  if (signer === undefined) return 'valid';
  const { revokedAt } = signer.period;
  const isAnchored =
    revokedAt !== undefined &&
    (isProvenBefore(checkpoint, revokedAt) ||
      others.some(
        (other) =>
          latestTimeOf(other) < revokedAt &&
          covers(other, checkpoint) &&
          other.signer !== undefined &&
          keyValidity(other.signer.period, timeOf(other)) === 'valid',
      ));
  return keyValidity(signer.period, timeOf(checkpoint), isAnchored);
}

/** When a checkpoint was made, Unix milliseconds: as an authority proved, else as its signer says. */
export function timeOf({ timestamps, statement }: Checkpoint): number {
  return earliestProven(timestamps)?.timeMs ?? statement.timeMs;
}

/** The latest moment at which a checkpoint can have been made, by the accuracy of the authority. */
export function latestTimeOf({ timestamps, statement }: Checkpoint): number {
  const proven = earliestProven(timestamps);
  return proven === undefined ? statement.timeMs : proven.timeMs + proven.accuracyMs;
}

function isProvenBefore(checkpoint: Checkpoint, momentMs: number): boolean {
  return earliestProven(checkpoint.timestamps) !== undefined && latestTimeOf(checkpoint) < momentMs;
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
