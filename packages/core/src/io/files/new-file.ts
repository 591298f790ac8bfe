import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';
import { syncFolder } from './durable-file.ts';

/** A file that only its owner reads, and one that all may read. */
export const PRIVATE = 0o600;
export const PUBLIC = 0o644;

/**
 * Writes a file that must not exist yet, with these permissions from its first byte on, durably.
 *
 * @param path absolute
 * @param name how messages call it
 * @throws ConfigurationError CAVRA-E219
 */
export async function writeNewFile(path: string, name: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      // The umask may have taken bits away, which a secret's file can do without and a public one cannot.
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
  } catch (error) {
    const reason = errorCode(error) === 'EEXIST' ? 'it exists already' : describeSystemError(error);
    throw new ConfigurationError('CAVRA-E219', `${name} cannot be written: ${reason}`, { cause: error });
  }
}
