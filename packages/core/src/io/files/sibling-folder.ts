import { mkdir } from 'node:fs/promises';
import { errorCode } from '../system/system-error.ts';

const MAX_FOLDERS_OF_ONE_PREFIX = 1_000;

/** Creates the first folder `<prefix>-1`, `<prefix>-2`, … that is not there yet, readable by its owner only; returns its path. */
export async function createSibling(prefix: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const path = `${prefix}-${number}`;
    try {
      await mkdir(path, { mode: 0o700 });
      return path;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || number === MAX_FOLDERS_OF_ONE_PREFIX) {
        throw error;
      }
    }
  }
}
