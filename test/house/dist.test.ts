import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { compareDist } from '../../scripts/check-dist.mjs';
import { countTests } from '../../scripts/test.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-compare-'));
  for (const side of ['committed', 'built']) {
    mkdirSync(join(folder, side, 'dist/chunks'), { recursive: true });
    writeFileSync(join(folder, side, 'dist/main.mjs'), 'same\n', { mode: 0o755 });
    writeFileSync(join(folder, side, 'dist/chunks/a.mjs'), 'same\n');
  }
});

afterEach(() => rmSync(folder, { recursive: true }));

const compare = () => compareDist(join(folder, 'committed'), join(folder, 'built'), ['dist']);

test('equal trees are equal', async () => {
  expect(await compare()).toEqual([]);
});

test.each<[string, () => void]>([
  ['dist/main.mjs: differs (6 bytes committed, 5 bytes built)', () => write('committed/dist/main.mjs', 'other\n')],
  ['dist/chunks/a.mjs: is missing', () => rmSync(join(folder, 'committed/dist/chunks/a.mjs'))],
  ['dist/left.mjs: is not a product of the build', () => write('committed/dist/left.mjs', '')],
  ['dist/main.mjs: has the wrong executable bit', () => chmodSync(join(folder, 'committed/dist/main.mjs'), 0o644)],
])('%s', async (problem, change) => {
  change();
  expect(await compare()).toEqual([problem]);
});

test('the count of a test run never hides a failure', () => {
  const run = { numPassedTests: 3, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numTotalTests: 3 };
  expect(countTests(true, run)).toEqual({ passed: 3, failed: 0 });
  expect(countTests(false, { ...run, numFailedTests: 1, numTotalTests: 4 })).toEqual({ passed: 3, failed: 1 });
  expect(countTests(false, { ...run, numRuntimeErrorTestSuites: 2 })).toEqual({ passed: 3, failed: 2 });
  expect(countTests(false, run)).toEqual({ passed: 3, failed: 1 });
  expect(countTests(true, { ...run, numPassedTests: 0, numTotalTests: 0 })).toEqual({ passed: 0, failed: 1 });
});

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}
