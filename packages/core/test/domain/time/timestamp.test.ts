import { describe, expect, it } from '@jest/globals';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { daysFromDate, formatTimestamp, Instant } from '../../../src/domain/time/timestamp.ts';
import { randomNumbers } from '../../support/random.ts';

const { below } = randomNumbers(7);
/** Date.UTC reads years below 100 as 1900 and on. */
const YEAR_0 = new Date(0).setUTCFullYear(0, 0, 1);
const YEAR_9999_END = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

describe('formatTimestamp', () => {
  it('writes what Date writes, without trailing zeros', () => {
    const range = YEAR_9999_END - YEAR_0;
    const wrong = Array.from({ length: 5_000 }, () => YEAR_0 + Math.floor((below(2 ** 31) / 2 ** 31) * range)).filter(
      (ms) => {
        const [head, fraction = ''] = new Date(ms).toISOString().slice(0, -1).split('.');
        const cut = fraction.replace(/0+$/, '');
        return formatTimestamp(ms) !== `${head}${cut === '' ? '' : `.${cut}`}Z`;
      },
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [1_772_600_767_120.9, '2026-03-04T05:06:07.12Z'],
    [YEAR_0, '0000-01-01T00:00:00Z'],
    [YEAR_9999_END, '9999-12-31T23:59:59.999Z'],
  ])('writes %d', (ms, text) => {
    expect(formatTimestamp(ms)).toBe(text);
  });

  it.each([YEAR_0 - 1, YEAR_9999_END + 1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (ms) => {
    expect(() => formatTimestamp(ms)).toThrow(RuntimeFailure);
    expect(() => formatTimestamp(ms)).toThrow(expect.objectContaining({ code: 'CAVRA-E599' }));
  });
});

describe('Instant', () => {
  it('reads back what was written', () => {
    const instant = new Instant();
    for (const ms of [0, -1, 951_782_400_000, 1_772_600_767_120, YEAR_0, YEAR_9999_END]) {
      const bytes = Buffer.from(`"${formatTimestamp(ms)}"`);
      expect(instant.read(bytes, 1, bytes.length - 1)).toBe(true);
      expect(instant.epochMilliseconds).toBe(ms);
    }
  });

  it('compares to the nanosecond', () => {
    const at = (text: string) => {
      const instant = new Instant();
      expect(instant.read(Buffer.from(text), 0, text.length)).toBe(true);
      return instant;
    };
    const ascending = [
      '2026-03-04T05:06:07Z',
      '2026-03-04T05:06:07.000000001Z',
      '2026-03-04T05:06:07.5Z',
      '2026-03-04T05:06:08Z',
    ];
    const instants = ascending.map(at);
    instants.forEach((one, index) => {
      expect(one.toString()).toBe(ascending[index]);
      expect(instants.map((other) => one.isBefore(other))).toEqual(instants.map((_, other) => index < other));
    });
  });
});

describe('daysFromDate', () => {
  it('counts from the Unix epoch', () => {
    expect([daysFromDate(1970, 1, 1), daysFromDate(2000, 3, 1), daysFromDate(1969, 12, 31)]).toEqual([0, 11_017, -1]);
  });
});
