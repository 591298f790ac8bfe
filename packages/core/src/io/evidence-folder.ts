import { constants, type Stats } from 'node:fs';
import { access, lstat, mkdir, open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { NO_FOLLOW } from './durable-file.ts';
import { describeSystemError, errorCode } from './system-error.ts';

export interface EvidenceFolder {
  /** Absolute, without links in it. */
  readonly path: string;
}

export interface EvidenceFolderOptions {
  /** Absolute path of the folder that relative paths start at; what is below it may come from the repository. */
  readonly workspace: string;
}

const OWNER_ONLY = 0o700;
const ANY_FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Opens the evidence folder, and creates it (0700) with the folders above it. No part of the path below the workspace may be a link: a
 * repository can hold one. Outside of the workspace the last part may not be one.
 *
 * @throws ConfigurationError CAVRA-E208 with the reason
 */
export async function openEvidenceFolder(path: string, options: EvidenceFolderOptions): Promise<EvidenceFolder> {
  try {
    const workspace = await realpath(options.workspace);
    const target = resolve(options.workspace, path);
    const { base, parts } = await splitAtTrustedBase(target, workspace);
    const folder = await walk(base, parts);
    refuseWholeWorkspace(folder, workspace);
    await secure(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return { path: folder };
  } catch (error) {
    throw asFolderError(error, path);
  }
}

/** Where the walk without links starts: the workspace, or the deepest existing folder above a target elsewhere. */
async function splitAtTrustedBase(target: string, workspace: string) {
  let existing: { base: string; parts: string[] } | undefined;
  for (let prefix = target, parts: string[] = []; ; parts = [basename(prefix), ...parts], prefix = dirname(prefix)) {
    const real = await realpath(prefix).catch(() => undefined);
    if (real === workspace) {
      return { base: real, parts };
    }
    if (real !== undefined && parts.length > 0) {
      existing ??= { base: real, parts };
    }
    if (dirname(prefix) === prefix) {
      return existing ?? { base: prefix, parts };
    }
  }
}

async function walk(base: string, parts: readonly string[]): Promise<string> {
  let current = base;
  for (const part of parts) {
    current = join(current, part);
    const stats = (await statOf(current)) ?? (await createFolder(current));
    if (stats.isSymbolicLink()) {
      throw refusal(`${part} is a link`);
    }
    if (!stats.isDirectory()) {
      throw refusal(`${part} is not a folder`);
    }
  }
  return current;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

async function createFolder(path: string): Promise<Stats> {
  try {
    await mkdir(path, { mode: OWNER_ONLY });
  } catch (error) {
    // Another process may have been quicker; what it created is looked at like any other.
    if (errorCode(error) !== 'EEXIST') {
      throw error;
    }
  }
  return lstat(path);
}

/** It is made private and published whole: neither may happen to the workspace or what is above it. */
function refuseWholeWorkspace(folder: string, workspace: string): void {
  const workspaceFromFolder = relative(folder, workspace);
  const isElsewhere =
    workspaceFromFolder === '..' || workspaceFromFolder.startsWith(`..${sep}`) || isAbsolute(workspaceFromFolder);
  if (!isElsewhere) {
    throw refusal('it holds the whole workspace; a folder of its own is needed');
  }
}

/** Shuts others out (upstream-weaknesses.md row 16). Windows has no such permissions. */
async function secure(folder: string): Promise<void> {
  const user = process.geteuid?.();
  if (user === undefined) {
    return;
  }
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | NO_FOLLOW);
  try {
    const { uid, mode } = await handle.stat();
    if (uid === user) {
      if ((mode & ANY_FOR_OTHERS) !== 0) {
        await handle.chmod(mode & OWNER_ONLY);
      }
    } else if ((mode & WRITABLE_BY_OTHERS) !== 0) {
      throw refusal('others than its owner may write to it, and it is not owned by this user');
    }
  } finally {
    await handle.close();
  }
}

function refusal(reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E208', reason);
}

function asFolderError(error: unknown, path: string): ConfigurationError {
  const reason = error instanceof ConfigurationError ? error.message : describeSystemError(error);
  return new ConfigurationError('CAVRA-E208', `cannot use ${path} as evidence folder: ${reason}`, { cause: error });
}
