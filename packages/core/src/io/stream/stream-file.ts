import { type BigIntStats, constants, lstatSync } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { NO_FOLLOW, NON_BLOCKING, syncFolder, writeAll } from '../files/durable-file.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

const OWNER_ONLY = 0o600;
const PERMISSIONS = 0o777;

/**
 * A file that only grows, by whole appends: each is durable before it counts, or leaves the file as it was. Before and after each
 * one the path must still name this file, with the size it was given here.
 */
export class StreamFile {
  readonly #name: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #identity: BigIntStats;
  /** Settles when the file's name is durable, which a new one's is a little later. */
  readonly #named: Promise<void>;
  #size: number;
  /** Bytes of a failed append may stand behind `#size`. */
  #dirty = false;

  /**
   * @param identity of the open file
   * @param named settles when its name is durable
   */
  constructor(folder: string, name: string, handle: FileHandle, identity: BigIntStats, named = Promise.resolve()) {
    this.#name = name;
    this.#path = join(folder, name);
    this.#handle = handle;
    this.#identity = identity;
    this.#named = named;
    this.#size = Number(identity.size);
  }

  /**
   * Opens the file, and creates it (0600) when it is not there; its name is durable with the first append. Links are not followed, and nothing but a regular file that
   * has no other name is accepted.
   *
   * @throws ConfigurationError CAVRA-E208 there is something else, or the file cannot be opened
   * @throws RuntimeFailure CAVRA-E501 it cannot be created
   */
  static async open(folder: string, name: string): Promise<StreamFile> {
    try {
      return (await create(folder, name)) ?? (await openExisting(folder, name));
    } catch (error) {
      throw openFailure(error, name);
    }
  }

  /** Bytes that count. */
  get size(): number {
    return this.#size;
  }

  /** Reads up to `buffer.length` bytes at `position`; returns how many. */
  async read(buffer: Uint8Array, position: number): Promise<number> {
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, length, buffer.length - length, position + length);
      if (bytesRead === 0) {
        break;
      }
      length += bytesRead;
    }
    return length;
  }

  /**
   * Adds bytes at the end and returns once they are durable.
   *
   * @throws RuntimeFailure CAVRA-E501 not written, and nothing of it is left; CAVRA-E503 the file was removed, replaced or changed
   */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#dirty) {
      this.#requireNamed();
      await this.#undoFailedAppend();
    }
    this.#requireSize(this.#requireNamed(), this.#size);
    try {
      await writeAll(this.#handle, bytes, this.#size);
      await Promise.all([this.#handle.datasync(), this.#named]);
    } catch (error) {
      this.#dirty = true;
      await this.#undoFailedAppend().catch(() => undefined);
      throw this.#writeFailure(error);
    }
    this.#requireSize(this.#requireNamedAfterAppend(), this.#size + bytes.length);
    this.#size += bytes.length;
  }

  /** Cuts the file to its first `size` bytes, durably. */
  async truncate(size: number): Promise<void> {
    this.#size = size;
    this.#dirty = true;
    await this.#undoFailedAppend();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #undoFailedAppend(): Promise<void> {
    if (!this.#dirty) {
      return;
    }
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
      this.#dirty = false;
    } catch (error) {
      throw this.#writeFailure(error);
    }
  }

  #requireNamed(): BigIntStats {
    const stats = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) {
      throw new RuntimeFailure('CAVRA-E503', `${this.#name} was removed while it was written`);
    }
    if (stats.ino !== this.#identity.ino || stats.dev !== this.#identity.dev) {
      throw new RuntimeFailure('CAVRA-E503', `${this.#name} was replaced while it was written`);
    }
    return stats;
  }

  /** What was written into a file that has lost its name must not come back as a record, should the name come back. */
  #requireNamedAfterAppend(): BigIntStats {
    try {
      return this.#requireNamed();
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  #requireSize({ size }: BigIntStats, expected: number): void {
    if (size !== BigInt(expected)) {
      throw new RuntimeFailure(
        'CAVRA-E503',
        `${this.#name} has ${size} bytes, expected ${expected}: another process wrote`,
      );
    }
  }

  #writeFailure(error: unknown): RuntimeFailure {
    const message = `cannot write ${this.#name}: ${describeSystemError(error)}`;
    return new RuntimeFailure('CAVRA-E501', message, { cause: error });
  }
}

async function create(folder: string, name: string): Promise<StreamFile | undefined> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
  const handle = await open(join(folder, name), flags, OWNER_ONLY).catch((error: unknown) => {
    if (errorCode(error) === 'EEXIST') {
      return undefined;
    }
    throw error;
  });
  return handle === undefined
    ? undefined
    : closeOnFailure(handle, async () => {
        const named = syncFolder(folder);
        // Who appends learns of a failure; until then nobody listens.
        named.catch(() => undefined);
        return new StreamFile(folder, name, handle, await handle.stat({ bigint: true }), named);
      });
}

async function openExisting(folder: string, name: string): Promise<StreamFile> {
  const path = join(folder, name);
  requireOrdinary(await lstat(path, { bigint: true }), name);
  const handle = await open(path, constants.O_RDWR | NO_FOLLOW | NON_BLOCKING);
  return closeOnFailure(handle, async () => {
    const stats = await handle.stat({ bigint: true });
    requireOrdinary(stats, name);
    if (process.platform !== 'win32' && (Number(stats.mode) & PERMISSIONS) !== OWNER_ONLY) {
      await handle.chmod(OWNER_ONLY);
    }
    return new StreamFile(folder, name, handle, stats);
  });
}

function requireOrdinary(stats: BigIntStats, name: string): void {
  if (!stats.isFile()) {
    const kind = stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'a folder' : 'a pipe, socket or device';
    throw new ConfigurationError('CAVRA-E208', `${name} in the evidence folder is ${kind}, expected a regular file`);
  }
  if (stats.nlink > 1n) {
    throw new ConfigurationError(
      'CAVRA-E208',
      `${name} in the evidence folder has a second name elsewhere (hard link)`,
    );
  }
}

async function closeOnFailure(handle: FileHandle, work: () => Promise<StreamFile>): Promise<StreamFile> {
  try {
    return await work();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function openFailure(error: unknown, name: string): Error {
  if (error instanceof ConfigurationError) {
    return error;
  }
  const message = `cannot open ${name}: ${describeSystemError(error)}`;
  return ['EACCES', 'EPERM', 'EROFS', 'ELOOP', 'EISDIR', 'ENOENT', 'ENOTDIR'].includes(errorCode(error))
    ? new ConfigurationError('CAVRA-E208', message, { cause: error })
    : new RuntimeFailure('CAVRA-E501', message, { cause: error });
}
