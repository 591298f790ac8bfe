import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';
import { CORE_ARROWS, inspect } from './arrows.ts';
import { circles } from './circles.ts';

/** More files than this beside its sub-folders make a folder a pile, in which nobody finds anything. */
const MOST_FILES = 15;

const sources = repositoryFiles().filter(
  (path) => /^(packages|actions|gitlab-templates|azure-task)\/(.+\/)?src\//.test(path) && path.endsWith('.ts'),
);

/** Each file, and the files that it imports; types count. */
const imports = new Map(
  sources.map((path) => [
    path,
    inspect(readRepositoryFile(path))
      .imports.filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(path), specifier)),
  ]),
);

test('the sources are read', () => {
  expect(sources.length).toBeGreaterThan(300);
  expect([...imports.values()].flat().every((path) => imports.has(path))).toBe(true);
});

test('no files import each other in a circle', () => {
  expect(circles(imports)).toEqual([]);
});

test('no folders import each other in a circle', () => {
  const folders = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    const folder = posix.dirname(path);
    const others = targets.map((target) => posix.dirname(target)).filter((target) => target !== folder);
    folders.set(folder, [...(folders.get(folder) ?? []), ...others]);
  }
  expect(circles(folders)).toEqual([]);
});

test('no folder of sources is a pile', () => {
  const counts = new Map<string, number>();
  for (const path of sources) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});

test('every declared folder of the core exists, or is declared for nothing', () => {
  const folders = new Set(sources.flatMap((path) => /^packages\/core\/src\/([^/]+)\//.exec(path)?.[1] ?? []));
  expect([...folders].filter((folder) => !(folder in CORE_ARROWS))).toEqual([]);
});

test('the declared arrows have no circle either', () => {
  expect(circles(new Map(Object.entries(CORE_ARROWS)))).toEqual([]);
});

describe('a circle is found', () => {
  test.each([
    [{ a: ['b'], b: ['a'] }, [['a', 'b']]],
    [{ a: ['b'], b: ['c'], c: ['a'], d: ['a'] }, [['a', 'b', 'c']]],
    [{ a: ['a'] }, [['a']]],
    [{ a: ['b', 'c'], b: ['c'], c: [] }, []],
  ])('%j', (graph, expected) => {
    expect(circles(new Map(Object.entries(graph)))).toEqual(expected);
  });
});
