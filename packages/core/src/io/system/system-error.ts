/** The operating system's name of an error, for example `ENOSPC`; the empty string when it has none. */
export function errorCode(error: unknown): string {
  // Told by its shape: an error that Node itself made may come from another realm than this module's `Error`.
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EIO: 'the device failed',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is not a folder',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  EXDEV: 'it is on another file system',
};

/** What an error of the operating system means, without the path that it was about. */
export function describeSystemError(error: unknown): string {
  const code = errorCode(error);
  const meaning = MEANINGS[code];
  if (meaning !== undefined) {
    return `${meaning} (${code})`;
  }
  return code === '' ? 'an unknown error' : `system error ${code}`;
}
