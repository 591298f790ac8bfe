import { KNOWN_EVIDENCE_FILES } from '../domain/evidence/files.ts';
import type { SecretHit, SecretSearcher } from '../domain/secrets/searcher.ts';

/** A file that may be published. */
export interface PublishableFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  /** Of the bytes that were searched, lower-case hex. */
  readonly sha256: string;
}

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

/** What became of reading one file. */
export type GuardedRead =
  | { readonly read: true; readonly path: string; readonly size: number; readonly sha256: string }
  | { readonly read: false; readonly reason: string };

/** The evidence folder, as the guard needs it. */
export interface GuardedFolder {
  /** Names of everything in the folder. */
  list(): Promise<readonly string[]>;
  /**
   * Reads one entry from its beginning to its end, if it is a regular file with no other name. Links are not followed.
   *
   * @param take gets each chunk, which is reused afterwards
   */
  read(name: string, take: (chunk: Uint8Array) => void): Promise<GuardedRead>;
  /**
   * Moves a file out of the folder, to where nothing publishes it; returns its new absolute path.
   *
   * @throws RuntimeFailure CAVRA-E501 it could not be moved: nothing may be published
   */
  withhold(name: string): Promise<string>;
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
