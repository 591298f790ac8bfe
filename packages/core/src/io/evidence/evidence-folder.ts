import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { NO_FOLLOW } from '../files/durable-file.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

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
    const workspace = realpathSync.native(options.workspace);
    const target = resolve(options.workspace, path);
    const { base, parts } = splitAtTrustedBase(target, workspace);
    const folder = walk(base, parts);
    refuseWholeWorkspace(folder, workspace);
    secure(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return { path: folder };
  } catch (error) {
    throw asFolderError(error, path);
  }
}

/** Where the walk without links starts: the workspace, or the deepest existing folder above a target elsewhere. */
function splitAtTrustedBase(target: string, workspace: string) {
  let existing: { base: string; parts: string[] } | undefined;
  for (let prefix = target, parts: string[] = []; ; parts = [basename(prefix), ...parts], prefix = dirname(prefix)) {
    const real = realPath(prefix);
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

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function walk(base: string, parts: readonly string[]): string {
  let current = base;
  for (const part of parts) {
    current = join(current, part);
    const stats = statOf(current) ?? createFolder(current);
    if (stats.isSymbolicLink()) {
      throw refusal(`${part} is a link`);
    }
    if (!stats.isDirectory()) {
      throw refusal(`${part} is not a folder`);
    }
  }
  return current;
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function createFolder(path: string): Stats {
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
  } catch (error) {
    // Another process may have been quicker; what it created is looked at like any other.
    if (errorCode(error) !== 'EEXIST') {
      throw error;
    }
  }
  return lstatSync(path);
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
function secure(folder: string): void {
  const user = process.geteuid?.();
  if (user === undefined) {
    return;
  }
  const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | NO_FOLLOW);
  try {
    const { uid, mode } = fstatSync(handle);
    if (uid === user) {
      if ((mode & ANY_FOR_OTHERS) !== 0) {
        fchmodSync(handle, mode & OWNER_ONLY);
      }
    } else if ((mode & WRITABLE_BY_OTHERS) !== 0) {
      throw refusal('others than its owner may write to it, and it is not owned by this user');
    }
  } finally {
    closeSync(handle);
  }
}

function refusal(reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E208', reason);
}

function asFolderError(error: unknown, path: string): ConfigurationError {
  const reason = error instanceof ConfigurationError ? error.message : describeSystemError(error);
  return new ConfigurationError('CAVRA-E208', `cannot use ${path} as evidence folder: ${reason}`, { cause: error });
}
