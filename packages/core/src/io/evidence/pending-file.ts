import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE, OUTCOME_FILE } from '../../domain/evidence/files.ts';
import { syncFolder, writeFileDurably } from '../files/durable-file.ts';
import { describeSystemError } from '../system/system-error.ts';

/** The outcomes and their checkpoint appear together: both are written under these names first, and renamed one after the other. */
const PAIR = [OUTCOME_FILE, CHECKPOINT_FILE] as const;
type Paired = (typeof PAIR)[number];

/** Name of a file of the pair before it is visible. Nothing publishes it. */
export function pendingName(name: Paired): string {
  return `.${name}.pending`;
}

/** Writes a file of the pair, durably, under the name that nothing publishes. @throws RuntimeFailure CAVRA-E501 */
export async function writePending(folder: string, name: Paired, text: string): Promise<void> {
  await writeFileDurably(folder, pendingName(name), Buffer.from(text, 'utf8'));
}

/**
 * Makes what is pending visible, outcomes first. A checkpoint of an earlier run, which does not speak of these outcomes, is removed.
 *
 * @throws RuntimeFailure CAVRA-E501
 */
export async function publishPending(folder: string): Promise<void> {
  try {
    const names = pending(folder);
    if (!names.includes(OUTCOME_FILE) && !names.includes(CHECKPOINT_FILE)) return;
    for (const name of names) renameSync(join(folder, pendingName(name)), join(folder, name));
    if (!names.includes(CHECKPOINT_FILE)) rmSync(join(folder, CHECKPOINT_FILE), { force: true });
    await syncFolder(folder);
  } catch (error) {
    throw failure('publish', error);
  }
}

/**
 * Looks after what a run that was stopped has left: completes a pair that is whole, and takes back a file that is alone.
 *
 * @throws RuntimeFailure CAVRA-E501
 */
export async function settlePending(folder: string): Promise<void> {
  // The checkpoint is written last and renamed last: where it is, the outcomes are whole.
  if (pending(folder).includes(CHECKPOINT_FILE)) await publishPending(folder);
  else removePending(folder);
}

/** Takes back what is pending. @throws RuntimeFailure CAVRA-E501 */
export function removePending(folder: string, names: readonly Paired[] = PAIR): void {
  try {
    for (const name of names) rmSync(join(folder, pendingName(name)), { force: true });
  } catch (error) {
    throw failure('remove', error);
  }
}

/** Which files of the pair a run that was stopped has left pending. */
function pending(folder: string): readonly Paired[] {
  const names = new Set(readdirSync(folder));
  return PAIR.filter((name) => names.has(pendingName(name)));
}

function failure(what: string, error: unknown): RuntimeFailure {
  const message = `cannot ${what} the outcome of the run: ${describeSystemError(error)}`;
  return new RuntimeFailure('CAVRA-E501', message, { cause: error });
}
