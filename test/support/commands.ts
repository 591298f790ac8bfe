import { execFileSync } from 'node:child_process';
import { describe } from '@jest/globals';

/**
 * `describe` for tests that run a command which a machine may not have. Without it they are skipped, and the log says so; in CI, where
 * `.ci/run` installs it, they fail.
 *
 * @param command found by PATH
 * @param use what it is for
 * @throws Error in CI when the command is missing
 */
export function describeWith(command: string, use: string): typeof describe | typeof describe.skip {
  if (exists(command)) return describe;
  const message = `${command} is missing, ${use}: install it, or run .ci/run, which does`;
  if (process.env['CI']) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return describe.skip;
}

function exists(command: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
