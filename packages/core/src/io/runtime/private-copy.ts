import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { NO_FOLLOW, writeAll } from '../files/durable-file.ts';
import { describeSystemError } from '../system/system-error.ts';

/** A program in a folder that nobody else can look into. */
export interface PrivateCopy {
  /** Absolute, without links; short enough for a socket beside the program. */
  readonly folder: string;
  readonly program: string;
  remove(): Promise<void>;
}

const EXECUTABLE = 0o500;

/**
 * Writes a verified program into a new folder (0700), and makes sure that what stands there is what was verified. From then on nobody
 * but this user could change it.
 *
 * @param bytes as they were verified; never read again from where they came from
 * @param sha256 of these bytes, lower-case hex
 * @throws RuntimeFailure CAVRA-E524 it cannot be written; ConfigurationError CAVRA-E218 the copy is not what was written
 */
export async function makePrivateCopy(bytes: Uint8Array, sha256: string): Promise<PrivateCopy> {
  const folder = await guarded('create a private folder', async () =>
    realpath(await mkdtemp(join(tmpdir(), 'cavra-rt-'))),
  );
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const program = join(folder, process.platform === 'win32' ? 'cavra-runtime.exe' : 'cavra-runtime');
    await guarded('copy the runtime', () => writeProgram(program, bytes));
    const found = await guarded('read the copy of the runtime', () => digestOf(program));
    if (found !== sha256) {
      throw new ConfigurationError(
        'CAVRA-E218',
        `the copy of the runtime has the SHA-256 ${found}, expected ${sha256}`,
      );
    }
    return { folder, program, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function writeProgram(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, EXECUTABLE);
  try {
    await writeAll(file, bytes, 0);
    await file.chmod(EXECUTABLE);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function digestOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | NO_FOLLOW);
  try {
    const digest = createHash('sha256');
    const buffer = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return digest.digest('hex');
      digest.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RuntimeFailure('CAVRA-E524', `cannot ${what}: ${describeSystemError(error)}`, { cause: error });
  }
}
