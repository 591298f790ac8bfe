import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** SHA-256 of the running program's entry file, lower-case hex; undefined where it cannot be read. */
export async function programSha256(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch {
    return undefined;
  }
}
