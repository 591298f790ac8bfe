import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The running program: the absolute path of its entry file, or, where it runs from memory, the SHA-256 in lower-case hex. */
export type RunningProgram = string | { readonly sha256: string };

/** SHA-256 of the running program, lower-case hex; undefined where its entry file cannot be read. */
export async function programSha256(program: RunningProgram | undefined): Promise<string | undefined> {
  if (program === undefined) return undefined;
  if (typeof program !== 'string') return program.sha256;
  try {
    return createHash('sha256')
      .update(await readFile(program))
      .digest('hex');
  } catch {
    return undefined;
  }
}
