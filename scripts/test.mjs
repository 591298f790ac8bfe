// @ts-check
// Every check there is, one after another; the last line says how many passed, failed and were skipped.
//
//   node scripts/test.mjs [PATTERN…]     patterns go to jest; the other stages run in any case
//
// Each stage counts as one check, jest's as many as it has tests. Exit status 1 when any failed, or none ran. Programs that the tests run
// and this machine lacks are installed first, where that is possible; the tests that need others are skipped, and named.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEntry } from './entry.mjs';
import { installMissing, missingPrograms, PROGRAMS } from './programs.mjs';

const SLOWEST = 10;

const root = fileURLToPath(new URL('..', import.meta.url));
/** @param {string} name */
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** @param {string} title @param {string} command @param {readonly string[]} args */
function run(title, command, args) {
  console.log(`\n== ${title}`);
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.error) console.error(result.error.message);
  return result.status === 0;
}

/**
 * What is read of jest's JSON.
 *
 * @typedef {object} FileResult
 * @property {string} name path of the file
 * @property {number} startTime Unix ms
 * @property {number} endTime Unix ms
 * @property {readonly { readonly status: string, readonly fullName: string }[]} assertionResults
 *
 * @typedef {object} Counts
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numRuntimeErrorTestSuites
 * @property {number} numTotalTests
 */

/** @param {readonly string[]} patterns */
function runJest(patterns) {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-test-'));
  const outputFile = join(folder, 'jest.json');
  try {
    const ok = run('tests', process.execPath, [
      'scripts/jest.mjs',
      '--json',
      `--outputFile=${outputFile}`,
      ...patterns,
    ]);
    const result = JSON.parse(readFileSync(outputFile, 'utf8'));
    console.log(`\n${[...slowest(result.testResults), ...skipped(result.testResults)].join('\n')}`);
    return countTests(ok, result);
  } catch (error) {
    console.error(`jest left no readable result: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A suite that could not be loaded has no tests to count, so it counts itself; so does a run of no test at all.
 *
 * @param {boolean} ok whether jest was content
 * @param {Counts} result
 */
export function countTests(ok, result) {
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  const unexplained = failed === 0 && (!ok || result.numTotalTests === 0) ? 1 : 0;
  return { passed: result.numPassedTests, failed: failed + unexplained, skipped: result.numPendingTests };
}

/** @param {readonly FileResult[]} files */
export function slowest(files) {
  const seconds = files.map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }));
  const first = seconds.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  return [
    'the slowest files:',
    ...first.map((each) => `${each.seconds.toFixed(1).padStart(7)} s  ${shown(each.name)}`),
  ];
}

/** @param {readonly FileResult[]} files */
export function skipped(files) {
  const lines = files.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'pending')
      .map(({ fullName }) => `skipped: ${shown(name)}: ${fullName}`),
  );
  const missing = lines.length === 0 ? [] : missingPrograms();
  return [
    ...lines,
    ...missing.map(
      (name) => `${name} is missing, ${PROGRAMS[name].use}: Debian calls its package ${PROGRAMS[name].package}`,
    ),
  ];
}

/** @param {string} path */
function shown(path) {
  return relative(root, path);
}

/** @param {{ readonly passed: number, readonly failed: number, readonly skipped: number }} counts */
export function lastLine({ passed, failed, skipped: left }) {
  return `${passed} passed, ${failed} failed${left === 0 ? '' : `, ${left} skipped`}`;
}

if (isEntry(import.meta.url)) {
  installMissing();
  const stages = [
    run('types', bin('tsc'), ['--project', 'tsconfig.json']),
    run('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
    run('dist', process.execPath, ['scripts/check-dist.mjs']),
  ];
  const tests = runJest(process.argv.slice(2));
  const passed = tests.passed + stages.filter(Boolean).length;
  const failed = tests.failed + stages.filter((ok) => !ok).length;
  process.exitCode = failed === 0 ? 0 : 1;
  console.log(`\n${lastLine({ passed, failed, skipped: tests.skipped })}`);
}
