import { describe, expect, it } from '@jest/globals';
import { isPastQuarter, quarterOf } from '../../../src/domain/keys/key-id.ts';
import { keyValidity } from '../../../src/domain/keys/validity.ts';

describe('keyValidity', () => {
  const period = { status: 'active', notBefore: 1_000, notAfter: 2_000 } as const;

  it.each([
    [999, 'not_yet_valid'],
    [1_000, 'valid'],
    [1_999, 'valid'],
    [2_000, 'expired'],
    [Number.NaN, 'not_yet_valid'],
  ])('at %d it is %s', (at, validity) => {
    expect(keyValidity(period, at)).toBe(validity);
  });

  it('holds for ever without a period, whatever the status but revoked', () => {
    expect(keyValidity({ status: 'active' }, 0)).toBe('valid');
    expect(keyValidity({ status: 'retiring' }, 0)).toBe('valid');
    expect(keyValidity({ status: 'retired' }, 1e15)).toBe('valid');
    expect(keyValidity({ status: 'revoked' }, 0)).toBe('revoked');
  });

  it('believes a time before the revocation only when somebody else vouches for it', () => {
    const revoked = { ...period, status: 'revoked', revokedAt: 1_500 } as const;
    expect(keyValidity(revoked, 1_400)).toBe('revoked');
    expect(keyValidity(revoked, 1_400, true)).toBe('valid');
    expect(keyValidity(revoked, 1_500, true)).toBe('revoked');
    expect(keyValidity(revoked, 900, true)).toBe('not_yet_valid');
    expect(keyValidity({ ...period, status: 'revoked' }, 1_400, true)).toBe('revoked');
  });
});

describe('the quarter of a key id', () => {
  it.each([
    ['ci-evidence-2026-q4', '2027-01-01T00:00:00Z'],
    ['ci-evidence-2026-Q1', '2026-04-01T00:00:00Z'],
    ['2028q2', '2028-07-01T00:00:00Z'],
    ['runner.2026.q3', '2026-10-01T00:00:00Z'],
  ])('%s ends at %s', (id, end) => {
    expect(quarterOf(id)?.endMs).toBe(Date.parse(end));
    expect(isPastQuarter(id, Date.parse(end) - 1)).toBe(false);
    expect(isPastQuarter(id, Date.parse(end))).toBe(true);
  });

  it.each(['', 'rk-1', 'ci-2026-q5', 'ci-2026-q0', 'x-12026-q4', 'ci-2026-q4-old', 'ci-26-q4'])(
    '%j names none',
    (id) => {
      expect(quarterOf(id)).toBeUndefined();
      expect(isPastQuarter(id, 1e15)).toBe(false);
    },
  );
});
