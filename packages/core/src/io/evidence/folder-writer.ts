import { closeSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { requireFileName, syncAndClose, syncFolder, writeTemporary } from '../files/durable-file.ts';
import { describeSystemError } from '../system/system-error.ts';

/**
 * Writes the files of one folder. Each is there whole or not at all as soon as it is written, for every process; that it outlives a
 * loss of power is waited for once for all of them, in `settle`, and while there is other work to do. For small files that are worth
 * nothing before the work on all of them is done.
 */
export class FolderWriter {
  readonly #folder: string;
  /** The first failure to make a file durable, of each that was written since the last `settle`. */
  #syncs: Promise<RuntimeFailure | undefined>[] = [];

  /** @param folder absolute */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes into a new file, which then takes the name. A link at the name is replaced, not followed.
   *
   * @param name without folder
   * @throws RuntimeFailure CAVRA-E501 nothing was changed
   */
  write(name: string, bytes: Uint8Array, mode = 0o600): void {
    requireFileName(name);
    try {
      const { path, file } = writeTemporary(this.#folder, name, bytes, mode);
      try {
        renameSync(path, join(this.#folder, name));
      } catch (error) {
        closeSync(file);
        rmSync(path, { force: true });
        throw error;
      }
      this.#syncs.push(durable(name, () => syncAndClose(file)));
    } catch (error) {
      throw cannotWrite(name, error);
    }
  }

  /**
   * Returns once all that was written is durable.
   *
   * @throws RuntimeFailure CAVRA-E501 some of it is not
   */
  async settle(): Promise<void> {
    const syncs = [...this.#syncs.splice(0), durable('the evidence folder', () => syncFolder(this.#folder))];
    const failure = (await Promise.all(syncs)).find((result) => result !== undefined);
    if (failure !== undefined) throw failure;
  }
}

/** Never rejects: nobody listens yet when a disk is quick to fail. */
async function durable(name: string, sync: () => Promise<void>): Promise<RuntimeFailure | undefined> {
  try {
    await sync();
    return undefined;
  } catch (error) {
    return cannotWrite(name, error);
  }
}

function cannotWrite(name: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E501', `cannot write ${name}: ${describeSystemError(error)}`, { cause: error });
}
