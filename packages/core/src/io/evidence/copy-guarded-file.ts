import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { NO_FOLLOW, NON_BLOCKING } from '../files/durable-file.ts';
import type { PublishableFile } from './guarded-folder.ts';

/**
 * Copies a file that the guard has let through into another folder, for a platform that uploads by path: exactly the bytes that were
 * searched for secrets, whatever has become of the file since. Links are not followed.
 *
 * @param folder absolute; must not hold a file of that name yet
 * @param mode of the copy
 * @returns absolute path of the copy
 * @throws RuntimeFailure CAVRA-E506 the file is not the one that was searched
 */
export async function copyGuardedFile(
  { name, path, size, sha256 }: PublishableFile,
  folder: string,
  mode: number,
): Promise<string> {
  const target = join(folder, name);
  const source = await open(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
  try {
    const copy = await open(target, 'wx', mode);
    try {
      const copied = (await source.stat()).isFile() ? await copyBytes(source, copy, size) : undefined;
      if (copied !== sha256) {
        throw new RuntimeFailure('CAVRA-E506', `${name} was changed after it was searched for secrets`);
      }
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
  return target;
}

/** @returns SHA-256 of what was copied, at most a byte more than `size`: then it is another file in any case */
async function copyBytes(source: FileHandle, copy: FileHandle, size: number): Promise<string> {
  const digest = createHash('sha256');
  const buffer = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
  for (let done = 0; done <= size; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size + 1 - done), null);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    digest.update(chunk);
    await copy.writeFile(chunk);
    done += bytesRead;
  }
  return digest.digest('hex');
}
