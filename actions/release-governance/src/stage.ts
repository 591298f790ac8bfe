import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyGuardedFile, type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';

/** Copies of what may be published, in a folder that nobody else writes to. */
export interface StagedFiles {
  /** Absolute. */
  readonly folder: string;
  /** Absolute, directly in `folder`. */
  readonly paths: readonly string[];
  remove(): Promise<void>;
}

/**
 * Copies the guarded files into a private folder. The artifact client follows links, and takes any path that begins like its root; so it
 * is given copies of exactly the bytes that were searched for secrets.
 *
 * @param parent the job's temporary folder
 * @throws RuntimeFailure CAVRA-E506 a file is not what was searched any more
 */
export async function stageFiles(files: readonly PublishableFile[], parent: string): Promise<StagedFiles> {
  const folder = await mkdtemp(join(parent, 'cavra-release-governance-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const paths: string[] = [];
    for (const file of files) paths.push(await copyGuardedFile(file, folder, 0o600));
    return { folder, paths, remove };
  } catch (error) {
    await remove();
    throw error instanceof RuntimeFailure
      ? error
      : new RuntimeFailure('CAVRA-E506', 'the evidence cannot be copied for its upload', { cause: error });
  }
}
