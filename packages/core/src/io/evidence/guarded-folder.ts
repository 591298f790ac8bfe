import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { NO_FOLLOW, NON_BLOCKING, syncFolder } from '../files/durable-file.ts';
import { createSibling } from '../files/sibling-folder.ts';
import { describeSystemError } from '../system/system-error.ts';

/** A file that may be published. */
export interface PublishableFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  /** Of the bytes that were searched, lower-case hex. */
  readonly sha256: string;
}

/** What became of reading one file. */
export type GuardedRead =
  | { readonly read: true; readonly path: string; readonly size: number; readonly sha256: string }
  | { readonly read: false; readonly reason: string };

/** The evidence folder, as the guard needs it. */
export interface GuardedFolder {
  /** Names of everything in the folder. */
  list(): Promise<readonly string[]>;
  /**
   * Reads one entry from its beginning to its end, if it is a regular file with no other name. Links are not followed.
   *
   * @param take gets each chunk, which is reused afterwards
   */
  read(name: string, take: (chunk: Uint8Array) => void): Promise<GuardedRead>;
  /**
   * Moves a file out of the folder, to where nothing publishes it; returns its new absolute path.
   *
   * @throws RuntimeFailure CAVRA-E501 it could not be moved: nothing may be published
   */
  withhold(name: string): Promise<string>;
}

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
