import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Environment } from '../domain/identity/sources.ts';
import { NO_FOLLOW } from '../io/files/durable-file.ts';

/** A program that goes on without its starter. */
export interface Detached {
  readonly pid: number;
  /** Resolves when it ends, with its exit status; null: a signal ended it. Rejects when it could not be started. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts a program in a session of its own, with nothing of the starter's but its environment: no terminal, and none of its streams, so
 * that whoever reads the starter's output sees it end (weakness row 29). What it writes goes to the end of a file (0600).
 *
 * @param command program and arguments
 * @throws the system's error when the file cannot be opened
 */
export async function startDetached(
  [program = '', ...args]: readonly string[],
  environment: Environment,
  outputPath: string,
): Promise<Detached> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | NO_FOLLOW;
  const output = await open(outputPath, flags, 0o600);
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: environment as NodeJS.ProcessEnv,
      cwd: '/',
      windowsHide: true,
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    ended.catch(() => undefined);
    child.unref();
    return { pid: child.pid ?? 0, ended };
  } finally {
    await output.close();
  }
}
