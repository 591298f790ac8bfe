// @ts-check
import { spawnSync } from 'node:child_process';

/**
 * @typedef {object} Command
 * @property {string} command
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [environment]
 * @property {string} [workingDirectory]
 * @property {() => void} [before] called before each run, outside of the measured time
 */

/**
 * Runs two commands in turn and gives the ratio of their times, pair by pair: on a machine whose speed drifts only a ratio within one
 * run means anything.
 *
 * @param {Command} measured
 * @param {Command} yardstick
 * @param {number} pairs
 */
export function ratio(measured, yardstick, pairs) {
  run(measured);
  run(yardstick);
  const rows = Array.from({ length: pairs }, () => ({ measured: run(measured), yardstick: run(yardstick) }));
  return {
    seconds: spread(rows.map((row) => row.measured)),
    yardstick: spread(rows.map((row) => row.yardstick)),
    ratio: spread(rows.map((row) => row.measured / row.yardstick)),
  };
}

/** @param {Command} command @returns {number} wall seconds */
function run({ command, args, environment, workingDirectory, before }) {
  before?.();
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, {
    cwd: workingDirectory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return seconds;
}

/** @param {readonly number[]} values */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ index) => sorted[index] ?? Number.NaN;
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
  return { minimum: at(0), median, maximum: at(sorted.length - 1) };
}
