import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuardedFolder, GuardedRead } from '../../gate/guard.ts';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { NO_FOLLOW, NON_BLOCKING, syncFolder } from '../files/durable-file.ts';
import { createSibling } from '../files/sibling-folder.ts';
import { describeSystemError } from '../system/system-error.ts';

/**
 * The evidence folder on disk, for `guardEvidence`. Withheld files go to `<folder>.withheld-<n>` beside it, readable by their owner only.
 *
 * @param path absolute
 */
export function guardedFolder(path: string): GuardedFolder {
  let withheld: Promise<string> | undefined;
  return {
    async list() {
      try {
        return (await readdir(path)).sort();
      } catch (error) {
        throw failure('cannot list the evidence folder', error);
      }
    },
    read: (name, take) => readEntry(join(path, name), take),
    async withhold(name) {
      try {
        withheld ??= createSibling(`${path}.withheld`);
        const target = await withheld;
        await rename(join(path, name), join(target, name));
        await syncFolder(path);
        return join(target, name);
      } catch (error) {
        throw failure(`${name} holds a secret and cannot be moved out of the evidence folder`, error);
      }
    },
  };
}

async function readEntry(path: string, take: (chunk: Uint8Array) => void): Promise<GuardedRead> {
  try {
    const reason = whyNotOrdinary(await lstat(path, { bigint: true }));
    if (reason !== undefined) {
      return { read: false, reason };
    }
    const handle = await open(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
    try {
      return await readOpen(path, handle, take);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { read: false, reason: `cannot be read: ${describeSystemError(error)}` };
  }
}

async function readOpen(path: string, handle: FileHandle, take: (chunk: Uint8Array) => void): Promise<GuardedRead> {
  const stats = await handle.stat({ bigint: true });
  const reason = whyNotOrdinary(stats);
  if (reason !== undefined) {
    return { read: false, reason };
  }
  const digest = createHash('sha256');
  // One byte more than the file has: the first read then shows that it has grown since.
  const buffer = Buffer.allocUnsafe(Number(stats.size) < FILE_CHUNK_BYTES ? Number(stats.size) + 1 : FILE_CHUNK_BYTES);
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) {
      return { read: true, path, size, sha256: digest.digest('hex') };
    }
    const chunk = buffer.subarray(0, bytesRead);
    digest.update(chunk);
    take(chunk);
    size += bytesRead;
  }
}

function whyNotOrdinary(stats: BigIntStats): string | undefined {
  if (stats.isSymbolicLink()) {
    return 'is a link';
  }
  if (!stats.isFile()) {
    return 'is not a regular file';
  }
  return stats.nlink > 1n ? 'has a second name elsewhere (hard link)' : undefined;
}

function failure(what: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E501', `${what}: ${describeSystemError(error)}`, { cause: error });
}
