import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { RUNTIME_COMMAND_MS } from '../../domain/limits.ts';
import { printable, shortened } from '../../domain/text/printable.ts';
import { systemSleep } from '../system/system.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';
import type { PrivateCopy } from './private-copy.ts';

export interface ProgramRun {
  readonly status: number | null;
  /** The end of what it said, fit for a message. */
  readonly said: string;
}

const BUSY_TRIES = 10;
const BUSY_PAUSE_MS = 50;
const MAX_SAID = 500;

/**
 * Runs one command of a program to its end. What it says goes to a file, not to a pipe: a daemon that it leaves behind would keep a pipe
 * open for ever (weakness row 29).
 *
 * @param environment all that the program gets
 * @throws RuntimeFailure CAVRA-E524 it cannot be run, or has not ended in time
 */
export async function runProgram(
  { program, folder }: PrivateCopy,
  args: readonly string[],
  environment: Environment,
): Promise<ProgramRun> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(program, folder, args, environment);
    } catch (error) {
      // Another child that was started at the same moment may still hold the file open for writing.
      if (errorCode(error) !== 'ETXTBSY' || attempt === BUSY_TRIES) {
        if (error instanceof RuntimeFailure) throw error;
        const message = `the runtime cannot be run: ${describeSystemError(error)}`;
        throw new RuntimeFailure('CAVRA-E524', message, { cause: error });
      }
      await systemSleep(BUSY_PAUSE_MS);
    }
  }
}

async function runOnce(
  program: string,
  folder: string,
  args: readonly string[],
  environment: Environment,
): Promise<ProgramRun> {
  const outputPath = join(folder, 'output.log');
  const output = await open(outputPath, 'w', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: folder,
      env: environment as NodeJS.ProcessEnv,
      stdio: ['ignore', output.fd, output.fd],
      windowsHide: true,
    });
    const status = await new Promise<number | null>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        const message = `the runtime has not ended ${args.slice(0, 2).join(' ')} within ${RUNTIME_COMMAND_MS / 1000} s`;
        reject(new RuntimeFailure('CAVRA-E524', message));
      }, RUNTIME_COMMAND_MS);
      child.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        resolve(code);
      });
    });
    const text = (await readFile(outputPath, 'utf8')).trim();
    return { status, said: printable(shortened(text.split('\n').slice(-3).join(' '), MAX_SAID)) };
  } finally {
    await output.close();
  }
}
