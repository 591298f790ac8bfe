import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Flags that Windows does not know. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
export const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

/** How a file is opened for reading that anybody may have put there: no link is followed, and no pipe or device is waited for. */
export const READ_NO_FOLLOW = constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING;

/** Opens such a file for reading. Windows has no such flag: whoever must know looks with `lstat` first. */
export function openNoFollow(path: string): Promise<FileHandle> {
  return open(path, READ_NO_FOLLOW);
}
