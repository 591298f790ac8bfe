import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Who, beside this process's user and root, could change or read what a path names. Windows has no such permissions. */

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** Whether others than this user and root may write to a file or folder. */
export function mayOthersWrite({ mode, uid }: Stats): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0 || !isOurs(uid);
}

/** Whether this user or root owns it: whoever owns a file may give themselves any right to it. */
export function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/**
 * The nearest folder above a path in which others could put something else in its place; undefined: there is none. In a folder with
 * the sticky bit, such as /tmp, they cannot.
 *
 * @param path absolute; its folder must be there
 */
export async function changeableAncestor(path: string): Promise<string | undefined> {
  if (process.platform === 'win32') {
    return undefined;
  }
  for (let current = await realpath(dirname(path)); ; current = dirname(current)) {
    const { mode, uid } = await lstat(current);
    const shared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
    if (shared || !isOurs(uid)) {
      return current;
    }
    if (dirname(current) === current) {
      return undefined;
    }
  }
}
