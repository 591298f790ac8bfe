import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { installMissing, missingPrograms, PROGRAMS, programPath } from '../../scripts/programs.mjs';
import { countTests, lastLine, skipped, slowest } from '../../scripts/test.mjs';
import { areHere, programsIn } from '../support/programs.ts';
import { root } from '../support/repository.ts';

const RUN = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numRuntimeErrorTestSuites: 0,
  numTotalTests: 3,
};

test('the count of a test run never hides a failure', () => {
  expect(countTests(true, RUN)).toEqual({ passed: 3, failed: 0, skipped: 0 });
  expect(countTests(false, { ...RUN, numFailedTests: 1, numTotalTests: 4 })).toMatchObject({ passed: 3, failed: 1 });
  expect(countTests(false, { ...RUN, numRuntimeErrorTestSuites: 2 })).toMatchObject({ passed: 3, failed: 2 });
  expect(countTests(false, RUN)).toMatchObject({ passed: 3, failed: 1 });
  expect(countTests(true, { ...RUN, numPassedTests: 0, numTotalTests: 0 })).toMatchObject({ passed: 0, failed: 1 });
  expect(countTests(true, { ...RUN, numPendingTests: 2, numTotalTests: 5 })).toMatchObject({ failed: 0, skipped: 2 });
});

test('the last line names the skipped only when there are any', () => {
  expect(lastLine({ passed: 3, failed: 1, skipped: 0 })).toBe('3 passed, 1 failed');
  expect(lastLine({ passed: 3, failed: 0, skipped: 2 })).toBe('3 passed, 0 failed, 2 skipped');
});

describe('what is said of a test run', () => {
  const file = (name: string, seconds: number, status = 'passed') => ({
    name: join(root, name),
    startTime: 1_000,
    endTime: 1_000 + seconds * 1_000,
    assertionResults: [{ status, fullName: `a test of ${name}` }],
  });

  test('are its ten slowest files, the slowest first', () => {
    const files = Array.from({ length: 12 }, (_, index) => file(`${index}.test.ts`, index));
    expect(slowest(files)).toHaveLength(11);
    expect(slowest(files)[1]).toBe('   11.0 s  11.test.ts');
    expect(slowest(files).at(-1)).toBe('    2.0 s  2.test.ts');
  });

  test('are its skipped tests by their names, and the programs that are missing', () => {
    expect(skipped([file('a.test.ts', 1)])).toEqual([]);
    const lines = skipped([file('a.test.ts', 1, 'pending'), file('b.test.ts', 1)]);
    expect(lines[0]).toBe('skipped: a.test.ts: a test of a.test.ts');
    expect(lines).toHaveLength(1 + missingPrograms().length);
  });
});

describe('the programs that tests run', () => {
  let folder: string;
  let environment: Readonly<Record<string, string>>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-programs-'));
    environment = { PATH: folder };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function program(name: string, script: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  test('are found by PATH, under any of their names', () => {
    expect(missingPrograms(environment)).toEqual(Object.keys(PROGRAMS));
    program('google-chrome', '');
    program('jq', '');
    writeFileSync(join(folder, 'openssl'), 'not to be executed');
    expect(programPath('browser', environment)).toBe(join(folder, 'google-chrome'));
    expect(missingPrograms(environment)).toEqual(['git', 'openssl', 'ssh-keygen', 'rsync', 'systemd-analyze']);
  });

  test('are installed one by one where root and apt-get are there', () => {
    program('apt-get', `printf '%s\\n' "$*" >> ${folder}/calls`);
    for (const name of ['git', 'openssl', 'ssh-keygen', 'rsync', 'chromium']) program(name, '');
    const said = jest.spyOn(console, 'log').mockImplementation(() => {});
    installMissing(environment);
    said.mockRestore();
    const calls = linesOf(join(folder, 'calls'));
    const asRoot = [
      '--version',
      'update -qq',
      'install -qq -y --no-install-recommends jq',
      'install -qq -y --no-install-recommends systemd',
    ];
    expect(calls).toEqual(process.getuid?.() === 0 ? asRoot : ['--version']);
  });

  test('are not installed when nothing is missing, or nobody can', () => {
    installMissing(environment);
    program('apt-get', `echo asked >> ${folder}/calls`);
    for (const { commands } of Object.values(PROGRAMS)) program(commands[0], '');
    installMissing(environment);
    expect(linesOf(join(folder, 'calls'))).toEqual([]);
  });

  test('skip their tests when they are missing, and in CI fail them', () => {
    program('jq', '');
    expect(areHere(['jq'], environment)).toBe(true);
    expect(areHere(['jq', 'openssl'], environment)).toBe(false);
    const inCi = { ...environment, CI: 'true' };
    expect(areHere(['jq'], inCi)).toBe(true);
    expect(() => areHere(['jq', 'openssl'], inCi)).toThrow('missing: openssl');
  });

  test('are told from a script that names them', () => {
    expect(programsIn('openssl rand -hex 32 | jq .')).toEqual(['openssl', 'jq']);
    expect(programsIn('cat my-openssl.txt; ./jq; echo chromium-browser')).toEqual(['browser']);
    expect(programsIn('sha256sum --check')).toEqual([]);
  });
});

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
