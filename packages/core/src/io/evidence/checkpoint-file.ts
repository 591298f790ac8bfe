import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE } from '../../domain/evidence/files.ts';
import { MAX_CHECKPOINT_BYTES } from '../../domain/limits.ts';
import { syncFolder } from '../files/durable-file.ts';
import { FileProblem, readRegularFile } from '../files/read-regular-file.ts';
import { createSibling } from '../files/sibling-folder.ts';
import { describeSystemError } from '../system/system-error.ts';

/**
 * Reads a checkpoint that the configuration names: a regular file, no link, at most MAX_CHECKPOINT_BYTES.
 *
 * @param name how messages call it
 * @throws ConfigurationError CAVRA-E216
 */
export async function readCheckpointFile(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MAX_CHECKPOINT_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E216', `the checkpoint ${name} ${error.message}`, { cause: error });
  }
}

/**
 * Takes the checkpoint of an earlier step out of the evidence folder: it does not speak for what was recorded since.
 *
 * @param folder absolute
 * @returns what a reader of the report must know
 * @throws RuntimeFailure CAVRA-E501
 */
export async function setCheckpointAside(folder: string): Promise<string> {
  try {
    const target = await createSibling(`${folder}.previous-checkpoint`);
    await rename(join(folder, CHECKPOINT_FILE), join(target, CHECKPOINT_FILE));
    await syncFolder(folder);
    return `the checkpoint of an earlier step does not speak for what was recorded since, and no key is here to sign a new one: it was moved to ${basename(target)}`;
  } catch (error) {
    throw failure('set aside', error);
  }
}

/** Removes the checkpoint, durably. @throws RuntimeFailure CAVRA-E501 */
export async function removeCheckpoint(folder: string): Promise<void> {
  try {
    await rm(join(folder, CHECKPOINT_FILE), { force: true });
    await syncFolder(folder);
  } catch (error) {
    throw failure('remove', error);
  }
}

function failure(what: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E501', `cannot ${what} ${CHECKPOINT_FILE}: ${describeSystemError(error)}`, {
    cause: error,
  });
}
