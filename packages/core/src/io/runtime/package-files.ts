import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { printable } from '../../domain/json/pointer.ts';
import { MAX_RUNTIME_BYTES, MAX_RUNTIME_PACKAGE_FILES } from '../../domain/limits.ts';
import { isPackagePath } from '../../domain/runtime-package/checksums.ts';
import { NO_FOLLOW, NON_BLOCKING } from '../files/durable-file.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

/** The files of a package's folder. No link in it is ever followed, and nothing outside of it is ever read. */
export class PackageFiles {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** @throws ConfigurationError CAVRA-E233 there is no such folder */
  static async open(path: string): Promise<PackageFiles> {
    try {
      const root = await realpath(path);
      if ((await lstat(root)).isDirectory()) return new PackageFiles(root);
    } catch (error) {
      throw refusal(`the package ${path} cannot be read: ${describeSystemError(error)}`, error);
    }
    throw refusal(`the package ${path} is not a folder`);
  }

  /**
   * Every file of the package, as relative paths with forward slashes, sorted.
   *
   * @throws ConfigurationError CAVRA-E233 there is a link, a special file, a strange name, or too much
   */
  async list(): Promise<readonly string[]> {
    const files: string[] = [];
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await readdir(join(this.#root, folder), { withFileTypes: true })) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (!isPackagePath(path)) throw refusal(`the package has a name that is not plain: ${printable(path)}`);
        if (entry.isDirectory()) folders.push(path);
        else if (entry.isFile()) files.push(path);
        else throw refusal(`${path} in the package is a link or a special file`);
      }
      if (files.length + folders.length > MAX_RUNTIME_PACKAGE_FILES) {
        throw refusal(`the package has more than ${MAX_RUNTIME_PACKAGE_FILES} files`);
      }
    }
    return files.sort();
  }

  /**
   * Reads a file of the package whole.
   *
   * @throws ConfigurationError CAVRA-E233 it is not there, a link is on the way, it is no regular file, or too large
   */
  async read(path: string, maxBytes: number): Promise<Buffer> {
    if (!isPackagePath(path)) throw refusal(`${printable(path)} leads out of the package`);
    const absolute = join(this.#root, path);
    try {
      if ((await realpath(absolute)) !== absolute) throw refusal(`${path} in the package is a link, or behind one`);
      return await readPinnable(absolute, path, maxBytes);
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      const reason = errorCode(error) === 'ENOENT' ? 'is missing' : `cannot be read: ${describeSystemError(error)}`;
      throw refusal(`${path} ${reason}`, error);
    }
  }
}

/**
 * Reads a program that stands by itself.
 *
 * @throws ConfigurationError CAVRA-E233
 */
export async function readProgram(path: string): Promise<Buffer> {
  try {
    return await readPinnable(path, path, MAX_RUNTIME_BYTES);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw refusal(`the runtime ${path} cannot be read: ${describeSystemError(error)}`, error);
  }
}

/** All of it at once: what is checked is what is used, whatever becomes of the file meanwhile. */
async function readPinnable(absolute: string, name: string, maxBytes: number): Promise<Buffer> {
  const file = await open(absolute, constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
  try {
    const { size, isFile } = await statOf(file);
    if (!isFile) throw refusal(`${name} is not a regular file`);
    if (size > maxBytes) throw refusal(`${name} is larger than ${maxBytes} bytes`);
    const buffer = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(buffer, length, size - length, length);
      if (bytesRead === 0) throw refusal(`${name} changed while it was read`);
      length += bytesRead;
    }
    return buffer;
  } finally {
    await file.close();
  }
}

async function statOf(file: FileHandle) {
  const stats = await file.stat();
  return { size: stats.size, isFile: stats.isFile() };
}

function refusal(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E233', message, { cause });
}
