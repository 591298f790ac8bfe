import { describe, expect, test } from '@jest/globals';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';
import { inspect, violations } from './arrows.ts';

const sources = repositoryFiles().filter(
  (path) => /^(packages|actions|gitlab-templates|azure-task|test|scripts)\//.test(path) && /\.[cm]?ts$/.test(path),
);

test('every arrow points inward', () => {
  expect(sources).toContain('packages/core/src/index.ts');
  expect(sources.flatMap((path) => violations(path, readRepositoryFile(path)))).toEqual([]);
});

describe('what a source imports is found however it is written', () => {
  test.each([
    ["import x from './a.ts';", './a.ts'],
    ["import './a.ts';", './a.ts'],
    ["import type { X } from './a.ts';", './a.ts'],
    ["import * as x from './a.ts';", './a.ts'],
    ["export { x } from './a.ts';", './a.ts'],
    ["export * from './a.ts';", './a.ts'],
    ["export * as x from './a.ts';", './a.ts'],
    ["export type { X } from './a.ts';", './a.ts'],
    ["const x = await import('./a.ts');", './a.ts'],
    ["function f() { return () => import('./a.ts'); }", './a.ts'],
    ["let x: import('./a.ts').X;", './a.ts'],
    ["const x = require('./a.ts');", './a.ts'],
    ["import x = require('./a.ts');", './a.ts'],
    ['const x = await import(name);', '(computed)'],
  ])('%s', (source, specifier) => {
    expect(inspect(source).imports).toEqual([specifier]);
  });

  test('text that only looks like an import is not one', () => {
    expect(inspect("// import './a.ts'\nconst x = `import './a.ts'`;").imports).toEqual([]);
  });
});

describe('an ambient input is found however it is written', () => {
  test.each([
    ['const x = process.env;', 'process.env'],
    ['const x = process.env.HOME;', 'process.env'],
    ["const x = process['env'];", 'process.env'],
    ['const x = globalThis.process.env;', 'process.env'],
    ['const { env } = process;', 'process.env'],
    ['const { env: e = {} } = process;', 'process.env'],
    ["import { env } from 'node:process';", 'process.env'],
    ["import { argv as a } from 'process';", 'process.argv'],
    ['f(process.argv);', 'process.argv'],
    ['process.exit(1);', 'process.exit'],
    ['const now = Date.now();', 'Date.now'],
    ['const clock = Date.now;', 'Date.now'],
    ['const now = new Date();', 'new Date()'],
    ['const now = new Date;', 'new Date()'],
    ['const now = Date();', 'Date()'],
    ['const x = Math.random();', 'Math.random'],
    ['const x = performance.now();', 'performance.now'],
  ])('%s', (source, name) => {
    expect(inspect(source).ambient).toEqual([name]);
  });

  test.each([
    'new Date(seconds * 1000);',
    'const env = input.env;',
    'process.stdout.write(text);',
    'Date.parse(text);',
  ])('%s is none', (source) => {
    expect(inspect(source).ambient).toEqual([]);
  });
});

describe('a wrong arrow is caught', () => {
  test.each([
    ['packages/core/src/domain/wire/messages.ts', "import { run } from '../../gate/run/gate.ts';"],
    ['packages/core/src/domain/wire/messages.ts', "import type { Port } from '../../verify/verify.ts';"],
    ['packages/core/src/domain/wire/messages.ts', "export * from '../../io/files.ts';"],
    ['packages/core/src/domain/wire/messages.ts', "import '../../daemon/server.ts';"],
    ['packages/core/src/domain/wire/messages.ts', "import { x } from '../../index.ts';"],
    ['packages/core/src/domain/wire/messages.ts', "import { readFile } from 'node:fs/promises';"],
    ['packages/core/src/domain/wire/messages.ts', "import { jwtVerify } from 'jose';"],
    ['packages/core/src/io/files.ts', 'const m = await import(name);'],
    ['packages/core/src/domain/keys/new.ts', "import { randomBytes } from 'node:crypto';"],
    ['packages/core/src/domain/keys/new.ts', "import * as c from 'node:crypto'; c.randomUUID();"],
    ['packages/core/src/domain/clock.ts', 'export const now = () => Date.now();'],
    ['packages/core/src/verify/verify.ts', "import { runGate } from '../gate/run/gate.ts';"],
    ['packages/core/src/verify/verify.ts', "const { runGate } = await import('../gate/run/gate.ts');"],
    ['packages/core/src/io/files/new.ts', "import type { Port } from '../../gate/run/gate.ts';"],
    ['packages/core/src/unheard/new.ts', "import { x } from '../domain/limits.ts';"],
    ['packages/core/src/io/files.ts', 'const home = process.env.HOME;'],
    ['packages/core/src/io/files.ts', "import { main } from '../../../cli/src/main.ts';"],
    ['packages/core/src/io/files.ts', "import { x } from '@cavra/release-governance-core';"],
    ['packages/cli/src/main.ts', "import { x } from '../../core/src/domain/wire/messages.ts';"],
    ['packages/cli/src/main.ts', "import { x } from '../../core/src/index.ts';"],
    ['packages/cli/src/main.ts', "import { x } from '@cavra/release-governance-core/src/index.ts';"],
    ['packages/cli/src/gate.ts', 'process.exit(1);'],
    ['actions/verify/src/inputs.ts', 'const x = process.env.INPUT_PATH;'],
    ['azure-task/release-governance/src/inputs.ts', 'const x = process.env.INPUT_PATH;'],
    ['gitlab-templates/src/inputs.ts', 'const x = new Date();'],
    ['test/contract/gate.test.ts', "import { x } from '../../packages/core/src/domain/wire/messages.ts';"],
  ])('%s: %s', (path, source) => {
    expect(violations(path, source)).toHaveLength(1);
  });
});

describe('a right arrow is not', () => {
  test.each([
    ['packages/core/src/domain/wire/messages.ts', "import { createHash } from 'node:crypto';"],
    [
      'packages/core/src/domain/wire/messages.ts',
      "import { Buffer } from 'node:buffer'; import { y } from '../json.ts';",
    ],
    ['packages/core/src/domain/auth/oidc/verify.ts', "import { jwtVerify } from 'jose';"],
    ['packages/core/src/domain/auth/oidc.ts', "import { jwtVerify } from 'jose';"],
    ['packages/core/src/gate/run/gate.ts', "import { x } from '../../domain/wire/messages.ts';"],
    ['packages/core/src/gate/create-gate.ts', "import { x } from '../daemon/request-handler.ts';"],
    ['packages/core/src/io/system/system.ts', 'export const system = { env: process.env, now: () => Date.now() };'],
    ['packages/core/src/index.ts', "export * from './io/files.ts';"],
    ['packages/core/test/domain/types.test.ts', "import { x } from '../../src/domain/wire/messages.ts';"],
    ['packages/cli/src/main.ts', "import { x } from '@cavra/release-governance-core'; process.exit(f(process.argv));"],
    ['actions/release-governance/src/post.ts', 'run(process.env);'],
    ['azure-task/release-governance/src/main.ts', 'run(process.env);'],
    ['test/contract/gate.test.ts', 'const now = Date.now();'],
  ])('%s: %s', (path, source) => {
    expect(violations(path, source)).toEqual([]);
  });
});
