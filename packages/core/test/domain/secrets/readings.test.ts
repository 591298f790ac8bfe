import { describe, expect, it } from '@jest/globals';
import { readBase64, readHex, skimBase64, skimHex } from '../../../src/domain/secrets/digit-runs.ts';
import { type Decoder, unescapeJson, unescapePercent } from '../../../src/domain/secrets/escapes.ts';
import { randomNumbers } from '../../support/random.ts';

/** What runs of digits say, written a second time and as plainly as possible. */
function naiveRuns(text: Buffer, digits: string, bits: number, minRun: number, skip: number): Buffer[] {
  const valueOfDigit = (digit: string) =>
    digits.indexOf({ '-': '+', _: '/' }[digit] ?? (bits === 4 ? digit.toLowerCase() : digit));
  const noDigit = bits === 4 ? /[^0-9A-Fa-f]/ : /[^A-Za-z0-9+/_-]/;
  return text
    .toString('latin1')
    .replace(/[\t\n\r ]/g, '')
    .split(noDigit)
    .filter(({ length }) => length >= minRun)
    .map((run) => {
      const binary = [...run.slice(skip)].map((digit) => valueOfDigit(digit).toString(2).padStart(bits, '0')).join('');
      const bytes = (binary.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
      return Buffer.from(bytes);
    });
}

function inOneText(runs: readonly Buffer[]): string {
  return runs.map((run) => `${run.toString('hex')}00`).join('');
}

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const { below, pick } = randomNumbers(77);

function randomText(): Buffer {
  const pieces = Array.from({ length: below(12) }, () => {
    const alphabet = pick([
      HEX,
      HEX.toUpperCase(),
      BASE64,
      `${BASE64}-_`,
      '-_+/',
      'é"<.=%\\',
      '\u0000\u00ff',
      ' \t\r\n\v\f\u00a0',
    ]);
    return Array.from({ length: below(30) }, () => pick([...alphabet])).join(pick(['', '', ' ', '\n', '\r\n ']));
  });
  return Buffer.from(pieces.join(pick(['', '.', '=', ' '])), pick(['latin1', 'utf8']));
}

describe('runs of digits', () => {
  it('are read as a naive second implementation reads them, from every alignment', () => {
    for (let round = 0; round < 1_000; round += 1) {
      const text = randomText();
      const told = [readHex(text), readBase64(text)].map((readings) =>
        readings.map(({ bytes }) => bytes.toString('hex')),
      );
      const naive = [
        [0, 1].map((skip) => naiveRuns(text, HEX, 4, 16, skip)),
        [0, 1, 2, 3].map((skip) => naiveRuns(text, BASE64, 6, 11, skip)),
      ].map((readings) => (readings[0]?.length === 0 ? [] : readings.map(inOneText)));
      expect(told).toEqual(naive);
    }
  });

  it('are all in what is skimmed', () => {
    let runs = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const text = randomText();
      const characters = text.toString('latin1');
      const skimmed = { hex: skimHex(characters), base64: skimBase64(characters) };
      for (const skip of [0, 1, 2, 3]) {
        const inHex = skip > 1 ? [] : naiveRuns(text, HEX, 4, 16, skip);
        const inBase64 = naiveRuns(text, BASE64, 6, 11, skip);
        expect(inHex.filter((run) => !skimmed.hex.some((bytes) => bytes.includes(run)))).toEqual([]);
        expect(inBase64.filter((run) => !skimmed.base64.some((bytes) => bytes.includes(run)))).toEqual([]);
        runs += inHex.length + inBase64.length;
      }
    }
    expect(runs).toBeGreaterThan(10_000);
  });

  it('are located where their first digit stands', () => {
    const text = Buffer.from(`no, 00112233 44556677 8899, ${Buffer.from('a secret value').toString('base64')}`);
    const [hex] = readHex(text);
    expect(hex?.bytes.toString('hex')).toBe('0011223344556677889900');
    expect([0, 1, 4, 9].map((offset) => hex?.locate(offset))).toEqual([4, 6, 13, 24]);
    const inBase64 = readBase64(text).map(({ bytes, locate }) => [bytes.indexOf('secret'), locate] as const);
    const [at, locate] = inBase64.find(([index]) => index >= 0) ?? [0, () => 0];
    expect(text.toString('latin1', locate(at), locate(at) + 8)).toBe('BzZWNyZX');
  });

  it('take a mebibyte of digits, of spaces, and of both', () => {
    const size = 1 << 20;
    for (const text of [
      'a'.repeat(size),
      ' '.repeat(size),
      'ab '.repeat(size / 3),
      `${'a'.repeat(10)}.`.repeat(size / 11),
    ]) {
      expect(readBase64(Buffer.from(text)).length).toBe(text.startsWith(' ') || text.includes('.') ? 0 : 4);
    }
  });
});

describe('text without its escapes', () => {
  /** One byte after the other, as if nothing but escapes were in the text. */
  const naive: Readonly<Record<string, (text: string) => string>> = {
    json: (text) =>
      text.replace(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g, (_, unit: string | undefined, simple: string) =>
        unit === undefined ? JSON.parse(`"\\${simple}"`) : String.fromCharCode(Number.parseInt(unit, 16)),
      ),
    percent: (text) =>
      text.replace(/%([0-9a-fA-F]{2})/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16))),
  };
  const decoders: readonly (readonly [string, Decoder])[] = [
    ['json', unescapeJson],
    ['percent', unescapePercent],
  ];

  it.each(decoders)(
    'is what a naive second implementation gives, and can be stopped at every byte: %s',
    (name, decode) => {
      for (let round = 0; round < 25; round += 1) {
        const pieces = Array.from({ length: below(9) }, () =>
          pick([
            'a',
            'plain text that is longer than a short copy, ',
            '\\n',
            '\\u0041',
            '\\u00',
            '\\x',
            '\\\\',
            '%41',
            '%4',
            '%%41',
            '%zz',
            '\\',
          ]),
        );
        const text = pieces.join('');
        const input = Buffer.from(text);
        const output = Buffer.alloc(input.length);
        const whole = decode(input, output, output.length);
        expect(whole.read).toBe(input.length);
        expect(output.toString('utf8', 0, whole.written)).toBe(naive[name]?.(text));
        let before = 0;
        for (let limit = 0; limit <= whole.written; limit += 1) {
          const part = Buffer.alloc(input.length);
          const { read, written } = decode(input, part, limit);
          expect(written).toBe(limit);
          expect(read).toBeGreaterThanOrEqual(before);
          expect(part.subarray(0, written)).toEqual(output.subarray(0, written));
          // And the rest goes on from there.
          const rest = Buffer.alloc(input.length);
          const end = decode(input.subarray(read), rest, rest.length);
          expect(rest.toString('utf8', 0, end.written)).toBe(output.toString('utf8', written, whole.written));
          before = read;
        }
      }
    },
  );
});
