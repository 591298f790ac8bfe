import type { Checkpoint } from './checkpoint.ts';

/** Digest of the statement that a checkpoint refers to; undefined: it is the first. */
export function previousOf({ statement }: Pick<Checkpoint, 'statement'>): string | undefined {
  return statement.claims.previous_checkpoint?.statement_sha256;
}

/**
 * Which of the given checkpoints are in one line with `own`: those that it goes back to, reference by reference, and those that go back
 * to it. One that only shares an ancestor with it is on another branch.
 */
export function lineOf(own: Checkpoint, given: readonly Checkpoint[]): ReadonlySet<Checkpoint> {
  const byDigest = new Map([own, ...given].map((checkpoint) => [checkpoint.statementSha256, checkpoint]));
  const line = new Set(ancestors(own, byDigest));
  for (const checkpoint of given) {
    if (checkpoint.statementSha256 === own.statementSha256 || ancestors(checkpoint, byDigest).includes(own)) {
      line.add(checkpoint);
    }
  }
  return line;
}

function ancestors(checkpoint: Checkpoint, byDigest: ReadonlyMap<string, Checkpoint>): readonly Checkpoint[] {
  const found: Checkpoint[] = [];
  for (let at = parentOf(checkpoint, byDigest); at !== undefined; at = parentOf(at, byDigest)) {
    // A reference holds a hash of what it refers to, so that no circle can be made; a broken hash would be worse than this.
    if (found.length > byDigest.size) break;
    found.push(at);
  }
  return found;
}

function parentOf(checkpoint: Checkpoint, byDigest: ReadonlyMap<string, Checkpoint>): Checkpoint | undefined {
  const previous = previousOf(checkpoint);
  return previous === undefined ? undefined : byDigest.get(previous);
}
