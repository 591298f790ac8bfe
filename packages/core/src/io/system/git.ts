import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const GIT_MS = 10_000;

export interface GitRemote {
  /** Lower case, such as `github.com`. */
  readonly host: string;
  /** `owner/name`, without `.git`. */
  readonly path: string;
}

/**
 * What Git prints, without white space at its end. Rejects where it says no, or cannot be run (`ENOENT`).
 *
 * @param folder absolute
 */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', folder, ...args], { timeout: GIT_MS });
  return stdout.trimEnd();
}

/** The remote `origin` of a folder's repository; undefined: there is none that can be read. */
export async function gitRemote(folder: string): Promise<GitRemote | undefined> {
  return parseRemote(await git(folder, 'remote', 'get-url', 'origin').catch(() => ''));
}

/** Reads `https://HOST/PATH.git`, `ssh://git@HOST/PATH` and `git@HOST:PATH`; credentials in the address are left out. */
export function parseRemote(url: string): GitRemote | undefined {
  const match =
    /^(?:https|ssh):\/\/(?:[^@/]*@)?([^:/]+)(?::[0-9]+)?\/(.+)$/.exec(url) ??
    /^(?:[^@/]+@)([^:/]+):(?!\/)(.+)$/.exec(url);
  const [, host, path] = match ?? [];
  if (host === undefined || path === undefined) return undefined;
  return { host: host.toLowerCase(), path: path.replace(/\/+$/, '').replace(/\.git$/, '') };
}
