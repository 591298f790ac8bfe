import { accessSync, constants, lstatSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, relative, resolve, sep } from 'node:path';

/** Where the steps of a job work, so that what lies there may be theirs. */
export interface Places {
  /** Absolute. */
  readonly workspace: string;
  /** Absolute: the platform's folders for temporary files. */
  readonly temporary: readonly string[];
}

/** What is known of who could have put a file where it is. */
export interface FilePlace {
  /** Absolute, without links in it where the file is there. */
  readonly path: string;
  /** Whether no step of this job can have written the file, or put it there. */
  readonly beyondReach: boolean;
  /** Why not; behind the file's name. */
  readonly reason: string;
}

/**
 * Tells whether the steps of this job could have written a file: by where it lies, and by the permissions of the file and of every folder
 * on the way to it, by its own name and by the one that links lead to. Of root, who may write everywhere, only the place counts. Windows
 * has no permissions that could be asked here.
 *
 * @param path absolute
 */
export function placeOf(path: string, places: Places): FilePlace {
  const real = realPath(path);
  const reason = reasonAgainst(path, real, places);
  return { path: real ?? path, beyondReach: reason === undefined, reason: reason ?? '' };
}

function reasonAgainst(path: string, real: string | undefined, places: Places): string | undefined {
  if (real === undefined) return 'does not exist';
  const folders = [places.workspace, ...places.temporary, tmpdir(), '/tmp', '/var/tmp'];
  if (folders.some((folder) => [path, real].some((each) => isBelow(each, folder)))) {
    return 'lies in the workspace or in a temporary folder';
  }
  if (process.geteuid === undefined) return 'is on a system whose permissions cannot be asked';
  if (process.geteuid() === 0) return undefined;
  return [path, real].flatMap(selfAndAbove).some(isWritable) ? 'can be written by the user of this job' : undefined;
}

function isBelow(path: string, folder: string): boolean {
  return [folder, realPath(folder) ?? folder].some((each) => {
    const [first] = relative(resolve(each), path).split(sep);
    return first !== '..' && !/^[A-Za-z]:/.test(first ?? '');
  });
}

function selfAndAbove(path: string): readonly string[] {
  return dirname(path) === path ? [path] : [path, ...selfAndAbove(dirname(path))];
}

/** The owner of a file may give themselves any right to it. */
function isWritable(path: string): boolean {
  try {
    if (lstatSync(path).uid === process.geteuid?.()) return true;
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
