import { describe, expect, it } from '@jest/globals';
import { coversPattern, exactly, glob, literalPrefix, matchesPattern } from '../../../src/domain/trust/pattern.ts';
import { randomNumbers } from '../../support/random.ts';

const { below, pick } = randomNumbers(20_261);
const LETTERS = ['a', 'b', 'A', '-', '.', '/', '/', '@', 'é', '+', '(', '[', '?', '$', '^', '|', '\\'];
const text = (limit: number) => Array.from({ length: below(limit) }, () => pick(LETTERS)).join('');

const ROUNDS = 20_000;

describe('a glob without a wildcard', () => {
  it('is string equality', () => {
    const pairs = Array.from({ length: ROUNDS }, () => [text(4), text(4)] as const);
    const equal = pairs.filter(([pattern, value]) => pattern === value);
    expect(equal.length).toBeGreaterThan(100);
    expect(pairs.filter(([pattern, value]) => matchesPattern(glob(pattern), value))).toEqual(equal);
  });
});

describe('a glob with wildcards', () => {
  it('does what the same pattern does as a regular expression, save for empty and dot segments', () => {
    const make = (limit: number, letters: readonly string[]) =>
      Array.from({ length: below(limit) }, () => pick(letters)).join('');
    const pairs = Array.from(
      { length: ROUNDS },
      () => [make(7, ['*', '*', 'a', 'b', '/', '-']), make(8, ['a', 'b', '/', '-', '.'])] as const,
    );
    const expected = pairs.filter(([pattern, value]) => {
      const segments = value.split('/');
      const wild = pattern.split('/').flatMap((part, index) => (part.includes('*') ? [segments[index] ?? ''] : []));
      const odd = wild.some((segment) => ['', '.', '..'].includes(segment));
      return !odd && new RegExp(`^${pattern.replaceAll(/\*+/g, '[^/]*')}$`).test(value);
    });
    expect(expected.length).toBeGreaterThan(100);
    expect(pairs.filter(([pattern, value]) => matchesPattern(glob(pattern), value))).toEqual(expected);
  });

  it.each([
    ['octo-org/repo', 'octo-org/repo-evil'],
    ['octo-org/repo', 'octo-org/repo/../x'],
    ['octo-org/repo', 'octo-org/Repo'],
    ['octo-org/repo', 'octo-org/repo/'],
    ['octo-org/repo', 'octo-org/repo '],
    ['octo-org/repo', 'octo-org/repo\n'],
    ['octo-org/repo', 'x/octo-org/repo'],
    ['octo-org/*', 'octo-org/repo/../x'],
    ['octo-org/*', 'octo-org/'],
    ['octo-org/*', 'octo-org/..'],
    ['octo-org/*', 'octo-org-evil/repo'],
    ['octo-org/*', 'Octo-org/repo'],
    ['octo-org/*', 'octo-org'],
    ['refs/heads/release/*', 'refs/heads/release/1/2'],
    ['refs/heads/release/*', 'refs/heads/release'],
    ['refs/heads/release/*', 'refs/heads/releases/1'],
    ['refs/tags/v*.*', 'refs/tags/v1'],
    ['a*a', 'a'],
    ['ab*ba', 'aba'],
    ['*', 'a/b'],
    ['*', ''],
  ])('%s does not match %s', (pattern, value) => {
    expect(matchesPattern(glob(pattern), value)).toBe(false);
  });

  it.each([
    ['octo-org/*', 'octo-org/repo'],
    ['refs/heads/release/*', 'refs/heads/release/1.2'],
    ['refs/tags/v*.*', 'refs/tags/v1.2'],
    ['refs/tags/v*', 'refs/tags/v'],
    ['a*b*c', 'a-b-b-c'],
    ['gitlab.com/g/p//.gitlab-ci.yml@refs/heads/*', 'gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main'],
    ['*/repo', 'octo-org/repo'],
    ['a*a', 'aa'],
  ])('%s matches %s', (pattern, value) => {
    expect(matchesPattern(glob(pattern), value)).toBe(true);
  });

  it('needs no more than the product of the lengths, whatever the value', () => {
    const started = process.hrtime.bigint();
    expect(matchesPattern(glob(`${'a*'.repeat(255)}b`), 'a'.repeat(16_384))).toBe(false);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1_000);
  });
});

describe('an exact value', () => {
  it('is not a pattern, whatever it holds', () => {
    expect(matchesPattern(exactly('a*'), 'ab')).toBe(false);
    expect(matchesPattern(exactly('a.b'), 'axb')).toBe(false);
    expect(matchesPattern(exactly('a*'), 'a*')).toBe(true);
  });
});

describe('coversPattern', () => {
  it('never says yes where the narrower one matches more', () => {
    const parts = ['*', 'a', 'b', 'a*'];
    const values = ['a', 'b', 'ab', 'a/b', 'ab/a', 'b/b', 'a/a', 'ba/ab'];
    const make = () => {
      const pattern = Array.from({ length: 1 + below(2) }, () => pick(parts)).join('/');
      return pattern.includes('*') ? glob(pattern) : exactly(pattern);
    };
    const pairs = Array.from({ length: 5_000 }, () => [make(), make()] as const);
    const covered = pairs.filter(([wide, narrow]) => coversPattern(wide, narrow));
    expect(covered.length).toBeGreaterThan(500);
    const wrong = covered.filter(([wide, narrow]) =>
      values.some((value) => matchesPattern(narrow, value) && !matchesPattern(wide, value)),
    );
    expect(wrong).toEqual([]);
  });
});

it('literalPrefix stops before the first wildcard of a glob only', () => {
  expect(literalPrefix(glob('refs/pull/*/merge'))).toBe('refs/pull/');
  expect(literalPrefix(exactly('refs/pull/1/merge'))).toBe('refs/pull/1/merge');
});
