import { constants } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { NO_FOLLOW } from '../files/durable-file.ts';
import { describeSystemError } from '../system/system-error.ts';

const PERMISSIONS = 0o777;
const OWNER_ONLY = 0o700;

/**
 * Opens a folder that is this user's alone, and creates it (0700) where it is missing.
 *
 * @param what how messages call it
 * @returns its path without links
 * @throws ConfigurationError CAVRA-E230
 */
export async function openPrivateFolder(path: string, what: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
    const folder = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | NO_FOLLOW);
    try {
      const { uid, mode } = await folder.stat();
      const user = process.geteuid?.();
      if (user !== undefined && (uid !== user || (mode & PERMISSIONS & ~OWNER_ONLY) !== 0)) {
        throw refusal(what, 'it must belong to the daemon’s user and have mode 0700');
      }
    } finally {
      await folder.close();
    }
    return await realpath(path);
  } catch (error) {
    throw error instanceof ConfigurationError ? error : refusal(what, describeSystemError(error), error);
  }
}

function refusal(what: string, reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E230', `${what} cannot be used: ${reason}`, { cause });
}
