import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RuntimeFailure } from '../domain/diagnosis.ts';
import { describeSystemError, errorCode } from './system-error.ts';

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
  if (basename(name) !== name) {
    throw new RuntimeFailure('CAVRA-E599', `${name} is not the name of a file`);
  }
  try {
    const temporary = await writeTemporary(folder, name, bytes, mode);
    try {
      await rename(temporary, join(folder, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  } catch (error) {
    throw new RuntimeFailure('CAVRA-E501', `cannot write ${name}: ${describeSystemError(error)}`, { cause: error });
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

async function writeTemporary(folder: string, name: string, bytes: Uint8Array, mode: number): Promise<string> {
  const { path, handle } = await createTemporary(folder, name, mode);
  try {
    await writeAll(handle, bytes, 0);
    await handle.sync();
    await handle.close();
    return path;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
}

/** A new file with a name of its own; a crashed process of the same number may have left one behind. */
async function createTemporary(folder: string, name: string, mode: number) {
  for (let attempt = 1; ; attempt += 1) {
    const path = join(folder, `.${name}.${process.pid}-${attempt}.tmp`);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
      return { path, handle: await open(path, flags, mode) };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || attempt === MAX_TEMPORARY_NAMES) {
        throw error;
      }
    }
  }
}
