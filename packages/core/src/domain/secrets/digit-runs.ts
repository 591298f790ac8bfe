import { Buffer } from 'node:buffer';

/**
 * What the runs of hex and base64 digits in a text stand for. A secret that was encoded together with what stands around it, in
 * either alphabet or letter case, padded or not, wrapped or not, shows in one of the readings as it is: where its encoding begins is
 * not known, so there is a reading for each alignment.
 */

/** What all runs of a text say, read from one alignment. */
export interface RunReading {
  /** The bytes of one run after the other, a separator behind each. */
  readonly bytes: Buffer;
  /** Where in the text the first digit of a byte stands. */
  locate(offset: number): number;
}

interface Alphabet {
  /** Value of each digit by its code, -1 for every other code. */
  readonly values: Int8Array;
  readonly bits: number;
  /** Shorter runs cannot hold a searchable secret. */
  readonly minRun: number;
  /** So many digits stand for a whole number of bytes. */
  readonly group: number;
}

/** Stands between two runs that do not belong together; not a digit's value. */
const RUN_END = 0xff;
const SEPARATOR = 0x00;

const HEX: Alphabet = { values: new Int8Array(256).fill(-1), bits: 4, minRun: 16, group: 2 };
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX.values[digit.charCodeAt(0)] = value;
  HEX.values[digit.toUpperCase().charCodeAt(0)] = value;
}

/** base64 and base64url at once: a text in one of them never holds the digits that only the other has. */
const BASE64: Alphabet = { values: new Int8Array(256).fill(-1), bits: 6, minRun: 11, group: 4 };
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  BASE64.values[digit.charCodeAt(0)] = value;
}
BASE64.values[0x2d] = 62;
BASE64.values[0x5f] = 63;

/** White space does not end a run: long base64 and hex are wrapped. */
const IS_SPACE = new Uint8Array(256);
for (const code of [0x09, 0x0a, 0x0d, 0x20]) {
  IS_SPACE[code] = 1;
}

/** The two readings of the hex in a text. */
export function readHex(text: Uint8Array): RunReading[] {
  return readRuns(text, HEX);
}

/** The four readings of the base64 in a text. */
export function readBase64(text: Uint8Array): RunReading[] {
  return readRuns(text, BASE64);
}

/** What may hold a run, with its white space. */
const HEX_CANDIDATES = /[0-9A-Fa-f\t\n\r ]{16,}/g;
const BASE64_CANDIDATES = /[A-Za-z0-9+/_\-\t\n\r ]{11,}/g;
const SPACES = /[\t\n\r ]+/g;
/** Digits of zeros, enough for a whole byte of them at any alignment. */
const HEX_GAP = '0000';
const BASE64_GAP = 'AAAAAAAA';

/**
 * The same readings by Node's own decoders, many times faster in a program's first second, and less exact: where a run begins and ends
 * there may be one more byte. What is in the exact readings is in these.
 *
 * @param text a character for each byte (latin1)
 */
export function skimHex(text: string): Buffer[] {
  const runs = text.match(HEX_CANDIDATES);
  if (runs === null) {
    return [];
  }
  const digits = runs.join(HEX_GAP).replace(SPACES, '');
  return ['', '0'].map((shift) => Buffer.from(`${shift}${digits}0`, 'hex'));
}

/** See `skimHex`. */
export function skimBase64(text: string): Buffer[] {
  const runs = text.match(BASE64_CANDIDATES);
  if (runs === null) {
    return [];
  }
  // The decoder passes over white space. Wherever a run begins, one of the four shifts brings it into each alignment.
  const digits = runs.join(BASE64_GAP);
  return ['', 'A', 'AA', 'AAA'].map((shift) => Buffer.from(`${shift}${digits}${BASE64_GAP}`, 'base64'));
}

function readRuns(text: Uint8Array, alphabet: Alphabet): RunReading[] {
  const digits = collectDigits(text, alphabet);
  return digits.length === 0
    ? []
    : [...Array(alphabet.group).keys()].map((skip) => readAt(text, digits, alphabet, skip));
}

/** The values of all digits in runs that are long enough, RUN_END behind each run. */
function collectDigits(text: Uint8Array, { values, minRun }: Alphabet): Uint8Array {
  const digits = Buffer.allocUnsafe(text.length + 1);
  let runStart = 0;
  let count = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const code = text[index] ?? 0;
    const value = values[code] ?? -1;
    if (value >= 0) {
      digits[count] = value;
      count += 1;
    } else if (IS_SPACE[code] === 0) {
      if (count - runStart >= minRun) {
        digits[count] = RUN_END;
        count += 1;
        runStart = count;
      } else {
        count = runStart;
      }
    }
  }
  return digits.subarray(0, runStart);
}

/** Decodes every run, leaving out its first `skip` digits. */
function readAt(text: Uint8Array, digits: Uint8Array, alphabet: Alphabet, skip: number): RunReading {
  const bytes = Buffer.allocUnsafe(digits.length);
  const length = decode(digits, bytes, alphabet, skip, bytes.length).written;
  return {
    bytes: bytes.subarray(0, length),
    locate: (offset) => {
      // A byte's first digit is the one before its last, in hex as in base64.
      const digit = decode(digits, bytes, alphabet, skip, offset + 1).read - 2;
      return locateDigit(text, alphabet, Math.max(0, digit));
    },
  };
}

function decode(digits: Uint8Array, output: Uint8Array, { bits }: Alphabet, skip: number, limit: number) {
  let written = 0;
  let read = 0;
  let toSkip = skip;
  let buffer = 0;
  let held = 0;
  while (read < digits.length && written < limit) {
    const value = digits[read] ?? RUN_END;
    read += 1;
    if (value === RUN_END) {
      output[written] = SEPARATOR;
      written += 1;
      toSkip = skip;
      held = 0;
    } else if (toSkip > 0) {
      toSkip -= 1;
    } else {
      buffer = (buffer << bits) | value;
      held += bits;
      if (held >= 8) {
        held -= 8;
        output[written] = buffer >> held;
        written += 1;
      }
    }
  }
  return { written, read };
}

/** Where in the text the digit stands that `collectDigits` puts at `wanted`. */
function locateDigit(text: Uint8Array, { values, minRun }: Alphabet, wanted: number): number {
  let runStart = 0;
  let positions: number[] = [];
  for (let index = 0; index <= text.length; index += 1) {
    const code = text[index] ?? 0;
    if ((values[code] ?? -1) >= 0) {
      positions.push(index);
    } else if (IS_SPACE[code] === 0) {
      if (positions.length >= minRun) {
        if (wanted < runStart + positions.length) {
          return positions[wanted - runStart] ?? index;
        }
        runStart += positions.length + 1;
      }
      positions = [];
    }
  }
  return text.length;
}
