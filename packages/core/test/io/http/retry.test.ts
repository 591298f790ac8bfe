import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter, pauseAfter, type RetryPolicy } from '../../../src/io/http/retry.ts';

const POLICY: RetryPolicy = { attempts: 9, attemptMs: 1_000, baseMs: 400, capMs: 5_000 };
const least = (size: number) => new Uint8Array(size);
const most = (size: number) => new Uint8Array(size).fill(255);

describe('the pause between tries', () => {
  it.each([
    [1, 200, 400],
    [2, 400, 800],
    [3, 800, 1_600],
    [4, 1_600, 3_200],
    [5, 2_500, 5_000],
    [60, 2_500, 5_000],
  ])('after try %d is between %d and %d ms', (attempt, from, to) => {
    expect(pauseAfter(attempt, POLICY, undefined, least)).toBe(from);
    expect(pauseAfter(attempt, POLICY, undefined, most)).toBe(to);
  });

  it('is never shorter than what the server asks for, and has jitter on top', () => {
    expect(pauseAfter(1, POLICY, 30_000, least)).toBe(30_000);
    expect(pauseAfter(1, POLICY, 30_000, most)).toBe(30_200);
  });

  it('is never shorter than the back-off, even when the server says at once', () => {
    expect(pauseAfter(3, POLICY, 0, least)).toBe(800);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  ])('%s', (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    ' 1',
    '1e3',
    '9999999999',
    'soon',
    'Sun, 22 Foo 2026 12:00:30 GMT',
    '2026-11-22',
  ])('%s is not understood', (value) => {
    expect(parseRetryAfter(value, now)).toBeUndefined();
  });
});
