import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { NO_FOLLOW, syncFolder, writeAll } from '../files/durable-file.ts';
import { describeSystemError } from '../system/system-error.ts';

/** What was promised of a file that is being received. */
export interface PromisedFile {
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Writes a file as it is received, whole or not at all: under another name until it is known to be the promised one. A link at the name
 * is replaced, not followed.
 *
 * @throws RuntimeFailure CAVRA-E501 it cannot be written, CAVRA-E521 it is not what was promised; what `bytes` throws
 */
export async function writeDeliveredFile(
  folder: string,
  { name, size, sha256 }: PromisedFile,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (basename(name) !== name) throw new RuntimeFailure('CAVRA-E599', `${name} is not the name of a file`);
  const temporary = join(folder, `.${name}.${process.pid}.delivery.tmp`);
  const file = await guarded(name, async () => {
    await rm(temporary, { force: true });
    return open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
  });
  try {
    const received = await receive(file, name, bytes);
    if (received.size !== size || received.sha256 !== sha256) {
      throw new RuntimeFailure('CAVRA-E521', `${name} is not the file that the daemon’s signed answer names`);
    }
    await guarded(name, async () => {
      await file.sync();
      await file.close();
      await rename(temporary, join(folder, name));
      await syncFolder(folder);
    });
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function receive(file: FileHandle, name: string, bytes: AsyncIterable<Uint8Array>) {
  const digest = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    digest.update(chunk);
    const position = size;
    await guarded(name, () => writeAll(file, chunk, position));
    size += chunk.length;
  }
  return { size, sha256: digest.digest('hex') };
}

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RuntimeFailure('CAVRA-E501', `cannot write ${name}: ${describeSystemError(error)}`, { cause: error });
  }
}
