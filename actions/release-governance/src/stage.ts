import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';

/** Copies of what may be published, in a folder that nobody else writes to. */
export interface StagedFiles {
  /** Absolute. */
  readonly folder: string;
  /** Absolute, directly in `folder`. */
  readonly paths: readonly string[];
  remove(): Promise<void>;
}

const CHUNK_BYTES = 64 * 1024;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Copies the guarded files into a private folder. The artifact client follows links, and takes any path that begins like its root; so it
 * is given copies of exactly the bytes that were searched for secrets.
 *
 * @param parent the job's temporary folder
 * @throws RuntimeFailure CAVRA-E506 a file is not what was searched any more
 */
export async function stageFiles(files: readonly PublishableFile[], parent: string): Promise<StagedFiles> {
  const folder = await mkdtemp(join(parent, 'cavra-release-governance-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const paths: string[] = [];
    for (const file of files) paths.push(await stageFile(file, folder));
    return { folder, paths, remove };
  } catch (error) {
    await remove();
    throw error instanceof RuntimeFailure
      ? error
      : new RuntimeFailure('CAVRA-E506', 'the evidence cannot be copied for its upload', { cause: error });
  }
}

async function stageFile({ name, path, size, sha256 }: PublishableFile, folder: string): Promise<string> {
  const target = join(folder, name);
  const source = await open(path, O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0));
  try {
    const copy = await open(target, 'wx', 0o600);
    try {
      const copied = (await source.stat()).isFile() ? await copyBytes(source, copy, size) : undefined;
      if (copied !== sha256)
        throw new RuntimeFailure('CAVRA-E506', `${name} was changed after it was searched for secrets`);
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
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let done = 0; done <= size; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK_BYTES, size + 1 - done), null);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    digest.update(chunk);
    await copy.writeFile(chunk);
    done += bytesRead;
  }
  return digest.digest('hex');
}
