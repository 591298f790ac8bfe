import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyGuardedFile, type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';

/** Copies of what may be published, in a folder of their own. */
export interface StagedFiles {
  /** Absolute. */
  readonly folder: string;
  /** The name under which they can be published: the wished one, or one after it where that is taken in this job. */
  readonly name: string;
  /** Absolute, directly in `folder`. */
  readonly paths: readonly string[];
}

const MOST_GATES_PER_JOB = 100;

/**
 * Copies the guarded files into a new folder below the job's temporary one. The agent uploads only after the task has ended, and a
 * whole folder, so it is given copies of exactly the bytes that were searched for secrets.
 *
 * @param parent the job's temporary folder, which the agent empties before each job
 * @param wished name of the artifact; the agent fails a step that takes the name of an earlier one
 * @throws RuntimeFailure CAVRA-E506 a file is not what was searched any more, or the folder cannot be written
 */
export async function stageFiles(
  files: readonly PublishableFile[],
  parent: string,
  wished: string,
): Promise<StagedFiles> {
  try {
    const { folder, name } = await createFolder(parent, wished);
    const paths: string[] = [];
    for (const file of files) paths.push(await copyGuardedFile(file, folder, 0o644));
    return { folder, name, paths };
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    throw new RuntimeFailure('CAVRA-E506', 'the evidence cannot be copied for its upload', { cause: error });
  }
}

/** A job that runs the gate twice has two artifacts. */
async function createFolder(parent: string, wished: string): Promise<{ folder: string; name: string }> {
  for (let count = 1; count <= MOST_GATES_PER_JOB; count += 1) {
    const name = count === 1 ? wished : `${wished}-${count}`;
    const folder = join(parent, `cavra-artifact-${name}`);
    // Readable for others: in a container job the agent that uploads may be another user.
    if (await isNew(mkdir(folder, { mode: 0o755 }))) return { folder, name };
  }
  throw new RuntimeFailure('CAVRA-E506', `this job has published ${MOST_GATES_PER_JOB} artifacts named ${wished}`);
}

async function isNew(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
