import { closeSync, constants, fsync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

/** Flags that Windows does not know. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
export const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

const MAX_TEMPORARY_NAMES = 100;

/**
 * Writes a file whole or not at all: into a new file beside it, made durable, that then takes its name. A link at the name is
 * replaced, not followed; what stood there before stays whole until then.
 *
 * @param name without folder
 * @throws RuntimeFailure CAVRA-E501 nothing was changed
 */
export async function writeFileDurably(folder: string, name: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  requireFileName(name);
  try {
    const { path, file } = writeTemporary(folder, name, bytes, mode);
    try {
      await syncAndClose(file);
      await rename(path, join(folder, name));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    await syncFolder(folder);
  } catch (error) {
    throw new RuntimeFailure('CAVRA-E501', `cannot write ${name}: ${describeSystemError(error)}`, { cause: error });
  }
}

/** @throws RuntimeFailure CAVRA-E599 a path, which would be a defect here */
export function requireFileName(name: string): void {
  if (basename(name) !== name) {
    throw new RuntimeFailure('CAVRA-E599', `${name} is not the name of a file`);
  }
}

/** Removes a file that may be there, durably. @throws RuntimeFailure CAVRA-E501 */
export async function removeFile(folder: string, name: string): Promise<void> {
  try {
    await rm(join(folder, name), { force: true });
    await syncFolder(folder);
  } catch (error) {
    throw new RuntimeFailure('CAVRA-E501', `cannot remove ${name}: ${describeSystemError(error)}`, { cause: error });
  }
}

/** Makes the names in a folder durable. Windows cannot, and does not need to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all bytes at `position`, however many writes it takes. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) {
      throw new Error('nothing was written');
    }
    done += bytesWritten;
  }
}

/** Writes a new file beside the one that is meant, or leaves nothing behind; returns its path and the open file. */
export function writeTemporary(folder: string, name: string, bytes: Uint8Array, mode: number) {
  const { path, file } = createTemporary(folder, name, mode);
  try {
    writeFileSync(file, bytes);
    return { path, file };
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw error;
  }
}

/** Makes what was written to an open file durable, and closes it whatever comes of that. */
export async function syncAndClose(file: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => fsync(file, (error) => (error === null ? resolve() : reject(error))));
  } finally {
    closeSync(file);
  }
}

/** A new file with a name of its own; a crashed process of the same number may have left one behind. */
function createTemporary(folder: string, name: string, mode: number): { readonly path: string; readonly file: number } {
  for (let attempt = 1; ; attempt += 1) {
    const path = join(folder, `.${name}.${process.pid}-${attempt}.tmp`);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
      return { path, file: openSync(path, flags, mode) };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || attempt === MAX_TEMPORARY_NAMES) {
        throw error;
      }
    }
  }
}
