// @ts-check
// Every check there is, one after another; the last line says how many passed and failed.
//
//   node scripts/test.mjs [PATTERN…]     patterns go to jest; the other stages run in any case
//
// Each stage counts as one check, jest's as many as it has tests. Exit status 1 when any failed, or none ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEntry } from './entry.mjs';

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
    return countTests(ok, JSON.parse(readFileSync(outputFile, 'utf8')));
  } catch (error) {
    console.error(`jest left no readable result: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A suite that could not be loaded has no tests to count, so it counts itself; so does a run of no test at all.
 *
 * @param {boolean} ok whether jest was content
 * @param {Record<'numPassedTests' | 'numFailedTests' | 'numRuntimeErrorTestSuites' | 'numTotalTests', number>} result
 */
export function countTests(ok, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numTotalTests }) {
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  const unexplained = failed === 0 && (!ok || numTotalTests === 0) ? 1 : 0;
  return { passed: numPassedTests, failed: failed + unexplained };
}

if (isEntry(import.meta.url)) {
  const stages = [
    run('types', bin('tsc'), ['--project', 'tsconfig.json']),
    run('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
    run('dist', process.execPath, ['scripts/check-dist.mjs']),
  ];
  const tests = runJest(process.argv.slice(2));
  const passed = tests.passed + stages.filter(Boolean).length;
  const failed = tests.failed + stages.filter((ok) => !ok).length;
  process.exitCode = failed === 0 ? 0 : 1;
  console.log(`\n${passed} passed, ${failed} failed`);
}
