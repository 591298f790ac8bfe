import { lstat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

const GLOB_CHARACTERS = /[*?[\]{}()!]/;

/**
 * The files that a name stands for: those that it matches when it has glob characters, unless there is a file of exactly that name.
 * Links are neither matched nor followed. Matches are sorted by their bytes; none for a glob that matches nothing.
 *
 * @param workingDirectory absolute; what relative names start from
 */
export async function expandName(name: string, workingDirectory: string): Promise<readonly string[]> {
  if (!GLOB_CHARACTERS.test(name) || (await exists(resolve(workingDirectory, name)))) return [name];
  const { glob } = await import('tinyglobby');
  const pattern = sep === '\\' ? name.replaceAll('\\', '/') : name;
  const matches = await glob(pattern, {
    cwd: workingDirectory,
    expandDirectories: false,
    followSymbolicLinks: false,
    onlyFiles: true,
  });
  return matches.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** One name for each file: the first that was given. */
export function withoutDuplicates(names: readonly string[], workingDirectory: string): readonly string[] {
  const byFile = new Map<string, string>();
  for (const name of names) {
    const file = resolve(workingDirectory, name);
    if (!byFile.has(file)) byFile.set(file, name);
  }
  return [...byFile.values()];
}
