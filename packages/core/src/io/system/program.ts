import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The running program, as reports and checkpoints name it. */
export interface RunningProgram {
  /** Lower-case hex (docs/checkpoint.md#the-program-that-made-it); undefined where its files cannot be read. */
  sha256(): Promise<string | undefined>;
}

/** Ends the name of each file of a program in several files. */
const MODULE = '.mjs';

/** @param path absolute, of a program of one file */
export function programFile(path: string): RunningProgram {
  return once(async () => sha256Of(await readFile(path)));
}

/** @param folder absolute; holds the files of one program and no other module */
export function programFolder(folder: string): RunningProgram {
  return once(async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(MODULE));
    const files = await Promise.all(
      names.map(async (name) => ({ name: Buffer.from(name), sha256: sha256Of(await readFile(join(folder, name))) })),
    );
    files.sort((a, b) => Buffer.compare(a.name, b.name));
    return sha256Of(files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  });
}

/** A program that runs from memory, and whose digest is known to whoever started it. */
export function knownProgram(sha256: string): RunningProgram {
  return { sha256: async () => sha256 };
}

/** Files may be replaced while their program runs, so they are read once. */
function once(digest: () => Promise<string>): RunningProgram {
  let known: Promise<string | undefined> | undefined;
  return {
    sha256: () => {
      known ??= digest().catch(() => undefined);
      return known;
    },
  };
}

function sha256Of(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
