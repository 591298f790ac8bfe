import { describe, expect, test } from '@jest/globals';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** No outcome of a test depends on the speed of a machine: nobody sleeps for something, or asks a stopwatch how it went. */

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly instead: string;
}

const RULES: readonly Rule[] = [
  {
    name: 'sleeps',
    pattern: /timers\/promises|\b(?:systemSleep|sleep)\((?!ms, signal\))|new Promise[^;\n]*setTimeout/,
    instead: 'until of test/support/waiting.ts, or an event',
  },
  {
    name: 'asks a stopwatch',
    pattern: /performance\.now|hrtime/,
    instead: 'expectGrowth of test/support/growth.ts, or a clock that the test sets',
  },
  {
    name: 'bounds a duration from above',
    pattern: /expect\([^)]*Date\.now\(\)[^)]*\) ?-[^;]*toBeLessThan|expect\(Date\.now\(\) - [^;]*toBeLessThan/,
    instead: 'an assertion about what ended it',
  },
  {
    name: 'gives a test a limit of its own',
    pattern: /^ *(?:\}, )?\d[\d_]{3,}(?:\);|,\n *\);)/m,
    instead: 'the limit of jest.config.mjs, which only what hangs reaches',
  },
];

/** Where nothing is asserted about, or waiting is the matter itself. */
const EXCEPT: readonly RegExp[] = [
  /^test\/support\/(waiting|growth)\.ts$/,
  /^test\/house\/(waiting|arrows)/,
  /(^|\/)bench\//,
  // The program holds its lock, or has a pause of its own, until it is killed.
  /\/io\/harness\/(contender|writer)\.ts$/,
  // Kills at any time.
  /evidence-recorder-crash\.test\.ts$/,
];

function broken(text: string): readonly string[] {
  return RULES.filter(({ pattern }) => pattern.test(text)).map(({ name, instead }) => `${name}: ${instead}`);
}

test('no test depends on speed', () => {
  const files = repositoryFiles().filter((path) => /(^|\/)test\/.*\.ts$/.test(path));
  expect(files.length).toBeGreaterThan(200);
  const checked = files.filter((path) => !EXCEPT.some((except) => except.test(path)));
  expect(checked.flatMap((path) => broken(readRepositoryFile(path)).map((what) => `${path} ${what}`))).toEqual([]);
});

describe('each rule catches what it is for', () => {
  test.each([
    'await new Promise((resolve) => setTimeout(resolve, 50));',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    'await systemSleep(50);',
    'const start = performance.now();',
    'const start = process.hrtime.bigint();',
    'expect(Date.now() - start).toBeLessThan(5_000);',
    "it('is quick', () => {\n  run();\n}, 20_000);",
    "it(\n  'is quick',\n  () => run(),\n  20_000,\n);",
  ])('%s', (text) => {
    expect(broken(text)).toHaveLength(1);
  });

  test.each([
    'setTimeout(() => send(response, answer), fault.ms).unref();',
    'expect(Date.now()).toBeGreaterThanOrEqual(asked + 1_000);',
    'const pause = systemSleep(ms, signal);',
    'server.fail(fault, 1);',
  ])('%s is none', (text) => {
    expect(broken(text)).toEqual([]);
  });
});
