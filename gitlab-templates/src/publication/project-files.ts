import { constants } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { RuntimeFailure } from '@cavra/release-governance-core';

/**
 * Writes a report into the project's folder, where a repository can have put anything: no part of the path may be a link, and what was
 * at its place before is removed first.
 *
 * @param path relative to `workspace`
 * @throws RuntimeFailure CAVRA-E506
 */
export async function writeReport(workspace: string, path: string, text: string): Promise<void> {
  try {
    const target = join(workspace, path);
    await makeFolders(workspace, dirname(target));
    await rm(target, { force: true, recursive: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      await handle.writeFile(text, 'utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    throw new RuntimeFailure('CAVRA-E506', `${path} cannot be written: ${reason(error)}`, { cause: error });
  }
}

async function makeFolders(workspace: string, folder: string): Promise<void> {
  for (const current of foldersOf(workspace, folder)) {
    await mkdir(current, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await requireFolder(workspace, current);
  }
}

/** The absolute path of a folder, no part of which below the workspace is a link; undefined when there is none. */
async function existingFolder(workspace: string, path: string): Promise<string | undefined> {
  const folder = join(workspace, path);
  for (const current of foldersOf(workspace, folder)) {
    if (!(await requireFolder(workspace, current))) return undefined;
  }
  return folder;
}

/** Every folder on the way from below `workspace` to `folder`, that one included. */
function foldersOf(workspace: string, folder: string): readonly string[] {
  const parts = relative(workspace, folder)
    .split(sep)
    .filter((part) => part !== '');
  return parts.map((_, index) => join(workspace, ...parts.slice(0, index + 1)));
}

/** @returns false when it does not exist */
async function requireFolder(workspace: string, folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return false;
  if (stats.isDirectory()) return true;
  throw new RuntimeFailure('CAVRA-E506', `${relative(workspace, folder)} is a link or a file, expected a folder`);
}

/** What was moved out of a folder. */
export interface SetAside {
  readonly names: readonly string[];
  /** Name of the folder beside it that has them now. */
  readonly folder: string;
}

/**
 * Moves everything out of a folder but the named files, to a new folder beside it. GitLab publishes the evidence folder whole, so this
 * is what keeps anything else unpublished.
 *
 * @param path relative to `workspace`
 * @returns undefined when there was nothing to move
 * @throws RuntimeFailure CAVRA-E506 it could not be moved
 */
export async function keepOnly(
  workspace: string,
  path: string,
  names: readonly string[],
): Promise<SetAside | undefined> {
  try {
    const folder = await existingFolder(workspace, path);
    if (folder === undefined) return undefined;
    const others = (await readdir(folder)).filter((name) => !names.includes(name)).sort();
    if (others.length === 0) return undefined;
    const aside = await mkdtemp(`${folder}.not-published-`);
    for (const name of others) await rename(join(folder, name), join(aside, name));
    return { names: others, folder: basename(aside) };
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    const message = `what may not be published cannot be moved out of ${path}: ${reason(error)}`;
    throw new RuntimeFailure('CAVRA-E506', message, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
