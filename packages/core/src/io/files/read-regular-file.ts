import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { ConfigurationError, type DiagnosisCode } from '../../domain/diagnosis.ts';
import { errorCode } from '../system/system-error.ts';
import { READ_NO_FOLLOW } from './open-no-follow.ts';

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
    const file = openSync(path, READ_NO_FOLLOW);
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

/** How a file is read that the configuration names. */
export interface NamedFile {
  /** How messages call it, for example `the keyring keys/keyring.json`. */
  readonly what: string;
  readonly maxBytes: number;
  /** Of the failure; CAVRA-E216 unless given. */
  readonly code?: Extract<DiagnosisCode, `CAVRA-E2${string}`>;
}

/**
 * Reads a file that the configuration names: regular, no link, of at most so many bytes.
 *
 * @param path absolute
 * @throws ConfigurationError with `code`
 */
export async function readNamedFile(path: string, named: NamedFile): Promise<Uint8Array> {
  const bytes = await readNamedFileIfThere(path, named);
  if (bytes === undefined) throw unread(named, new FileProblem('missing', 'does not exist'));
  return bytes;
}

/** As `readNamedFile`; undefined: there is no such file. */
export async function readNamedFileIfThere(path: string, named: NamedFile): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(path, named.maxBytes);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    if (error.code === 'missing') return undefined;
    throw unread(named, error);
  }
}

function unread({ what, code = 'CAVRA-E216' }: NamedFile, problem: FileProblem): ConfigurationError {
  return new ConfigurationError(code, `${what} ${problem.message}`, { cause: problem });
}
