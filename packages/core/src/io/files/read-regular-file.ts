import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../system/system-error.ts';

/** Why a file was not read. */
export type FileProblemCode = 'missing' | 'link' | 'not_regular' | 'too_large' | 'unreadable';

/** A file was not read. The message says why and leaves the path to whoever knows what the file is for. */
export class FileProblem extends Error {
  readonly code: FileProblemCode;

  constructor(code: FileProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FileProblem';
    this.code = code;
  }
}

/**
 * Reads a whole file that somebody named in the configuration. The last part of the path must not be a link, and what it names must be
 * a regular file: a pipe or device could block or never end.
 *
 * Such files are small: the way to another thread and back would take far longer than reading one here.
 *
 * @param maxBytes greatest size; no more is ever read
 * @throws FileProblem
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    // Windows has no O_NOFOLLOW; elsewhere the open below also refuses a link that was put there since.
    if (lstatSync(path).isSymbolicLink()) throw new FileProblem('link', 'is a link');
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      return readAll(file, maxBytes);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asFileProblem(error);
  }
}

function readAll(file: number, maxBytes: number): Uint8Array {
  const stats = fstatSync(file);
  if (!stats.isFile()) throw new FileProblem('not_regular', 'is not a regular file');
  // One byte more than allowed tells a file that is too large, whatever size it claimed to have.
  const buffer = Buffer.alloc(Math.min(stats.size, maxBytes) + 1);
  let length = 0;
  while (length < buffer.length) {
    const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  if (stats.size <= maxBytes) throw new FileProblem('unreadable', 'changed while it was read');
  throw new FileProblem('too_large', `is larger than ${maxBytes} bytes`);
}

function asFileProblem(error: unknown): FileProblem {
  if (error instanceof FileProblem) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new FileProblem('missing', 'does not exist', { cause: error });
  if (code === 'ELOOP') return new FileProblem('link', 'is a link', { cause: error });
  return new FileProblem('unreadable', `cannot be read (${code || 'invalid path'})`, { cause: error });
}
