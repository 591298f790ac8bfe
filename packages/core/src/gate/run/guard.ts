import { KNOWN_EVIDENCE_FILES } from '../../domain/evidence/files.ts';
import type { SecretHit, SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { GuardedFolder, GuardedRead, PublishableFile } from '../../io/evidence/guarded-folder.ts';

/** A file that holds a secret; it is not in the evidence folder any more. */
export interface WithheldFile {
  readonly name: string;
  readonly hits: readonly SecretHit[];
  /** Absolute path it was moved to. */
  readonly movedTo: string;
}

/** Something in the evidence folder that is not published. */
export interface IgnoredEntry {
  readonly name: string;
  readonly reason: string;
}

export interface GuardResult {
  readonly files: readonly PublishableFile[];
  readonly withheld: readonly WithheldFile[];
  readonly ignored: readonly IgnoredEntry[];
}

/**
 * Searches what is about to be published for secrets (design.md section 2, step 7). Only the files that the gate itself writes are
 * published; one that holds a secret is moved out of the folder, so that a platform which uploads the folder whole does not take it
 * either. That a file was withheld makes the gate fail (CAVRA-E602); the caller sees to that.
 *
 * @throws RuntimeFailure CAVRA-E501 the folder cannot be read, or a file with a secret not be moved: nothing may be published
 */
export async function guardEvidence(folder: GuardedFolder, searcher: SecretSearcher): Promise<GuardResult> {
  const files: PublishableFile[] = [];
  const withheld: WithheldFile[] = [];
  const ignored: IgnoredEntry[] = [];
  // All at once: reading waits for the disk far more often than it is busy.
  const looks = await Promise.all((await folder.list()).map((name) => lookAt(folder, searcher, name)));
  for (const { name, hits, read } of looks) {
    if (hits.length > 0) {
      withheld.push({ name, hits, movedTo: await folder.withhold(name) });
    } else if (read.read) {
      files.push({ name, path: read.path, size: read.size, sha256: read.sha256 });
    } else {
      ignored.push({ name, reason: read.reason });
    }
  }
  return { files, withheld, ignored };
}

interface Look {
  readonly name: string;
  readonly hits: readonly SecretHit[];
  readonly read: GuardedRead;
}

async function lookAt(folder: GuardedFolder, searcher: SecretSearcher, name: string): Promise<Look> {
  if (!KNOWN_EVIDENCE_FILES.some((known) => known === name)) {
    return { name, hits: [], read: { read: false, reason: 'is not a file of the gate' } };
  }
  const scan = searcher.scan();
  const read = await folder.read(name, (chunk) => scan.write(chunk));
  // Even of a file that could not be read to its end: the platform may be luckier.
  return { name, hits: scan.finish(), read };
}
