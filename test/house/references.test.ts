import { describe, expect, test } from '@jest/globals';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';
import { commentsOf, deadReferences } from './references.ts';

const PROGRAMS = repositoryFiles().filter(
  (path) =>
    /\.(?:[cm]?[jt]s|sh|ya?ml|service)$|^\.ci\//.test(path) &&
    !/(^|\/)dist\/|^test\/(vectors|fixtures)\/|^pnpm-lock|^(gitlab-)?templates\/.*\.yml$/.test(path),
);

/** Their strings name files that are not there, to see what happens. */
const MADE_UP = /^test\/house\/|\/test\/support\/|arrows|hygiene/;
const TESTS = PROGRAMS.filter((path) => /(^|\/)test\//.test(path) && !MADE_UP.test(path));

/** Of a string in a test only what is surely meant as a reference: a page of the documentation, or a schema. */
const named = (text: string) =>
  [...text.matchAll(/\b(?:docs|schemas)\/[\w./-]+(?:#[\w-]+)?(?:, `[\w-]+`)*/g)]
    .map(([reference]) => reference)
    .join('\n');

test('comments lead to what is there', () => {
  expect(PROGRAMS.length).toBeGreaterThan(500);
  expect(PROGRAMS.flatMap((path) => deadReferences(path, commentsOf(path, readRepositoryFile(path))))).toEqual([]);
});

test('tests name pages and schemas that are there', () => {
  expect(TESTS.length).toBeGreaterThan(150);
  expect(TESTS.flatMap((path) => deadReferences(path, named(readRepositoryFile(path))))).toEqual([]);
});

describe('a reference', () => {
  const nowhere = (text: string) => deadReferences('packages/core/src/index.ts', text);

  test.each([
    'docs/evidence-format.md',
    'docs/evidence-format.md#the-stream',
    'README.md#exit-status',
    'docs/go-runtime.md, `stripped`, `rewritten`',
    'schemas/request.schema.json',
    'packages/core/src/index.ts',
    'https://example.org/docs/absent.md',
    'RFC 6962 section 2.1.2',
    'RFC 3161 section 2.3 and 2.4.2',
    'RFC 4648 section 5, RFC 7515 section 2',
  ])('leads somewhere: %s', (text) => {
    expect(nowhere(`see ${text}.`)).toEqual([]);
  });

  test.each([
    'docs/absent.md',
    'absent.md',
    'docs/evidence-format.md#no-such-heading',
    'docs/go-runtime.md, `no-such-row`',
    'schemas/absent.schema.json',
    'packages/core/src/absent.ts',
    'section 4',
    'weakness rows 9 to 15',
  ])('leads nowhere: %s', (text) => {
    expect(nowhere(`see ${text}.`)).toHaveLength(1);
  });

  test('is looked for in comments alone', () => {
    expect(commentsOf('a.ts', "// one\nconst a = 'x'; // two\n/** three\n * four */\nconst b = 'y';")).toBe(
      '// one\n// two\n/** three\n * four */',
    );
    expect(commentsOf('a.sh', '# one\necho "x" # two')).toBe('# one\n# two');
  });
});
