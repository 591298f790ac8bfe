// @ts-check
// Runs a command and tells what it took: wall time, time of the processors, and the most memory that it had at once.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** GNU time knows what its command took; other systems have another program of this name, or none. */
const TIME = '/usr/bin/time';

/**
 * @typedef {object} Usage
 * @property {number} seconds
 * @property {number | undefined} cpuSeconds of all threads; undefined without GNU time
 * @property {number | undefined} peakBytes resident, of the whole process
 */

/**
 * @param {import('./measure.mjs').Command} command
 * @returns {Usage}
 */
export function usageOf({ command, args, environment, workingDirectory, before }) {
  before?.();
  const folder = mkdtempSync(join(tmpdir(), 'cavra-usage-'));
  const told = join(folder, 'usage');
  const timed = hasGnuTime() ? [TIME, '-o', told, '-f', '%U %S %M', command, ...args] : [command, ...args];
  try {
    const start = process.hrtime.bigint();
    const { status, stderr, error } = spawnSync(timed[0] ?? '', timed.slice(1), {
      cwd: workingDirectory,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
    if (timed[0] !== TIME) return { seconds, cpuSeconds: undefined, peakBytes: undefined };
    const [user = Number.NaN, system = Number.NaN, kib = Number.NaN] = readFileSync(told, 'utf8')
      .split(' ')
      .map(Number);
    return { seconds, cpuSeconds: user + system, peakBytes: kib * 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {boolean | undefined} */
let gnuTime;

function hasGnuTime() {
  gnuTime ??= existsSync(TIME) && spawnSync(TIME, ['-o', '/dev/null', '-f', '%M', process.execPath, '-v']).status === 0;
  return gnuTime;
}
