/**
 * Other readings of the same bytes: what they say once an encoding is undone. A secret that was encoded together with what stands
 * around it, with other alignment, letter case or alphabet, or only in part, shows in the reading as it is. Every decoder is one
 * linear pass, never fails (what is not of its encoding is copied or left out), and can be stopped early to learn where in the
 * input an output byte came from.
 */

/** Undoes one encoding. `output` has room for `input.length` bytes; the pass ends early once `limit` bytes are written. */
export type Decoder = (input: Uint8Array, output: Uint8Array, limit: number) => Progress;

export interface Progress {
  /** Bytes written to the output. */
  readonly written: number;
  /** Bytes of the input used for them. */
  readonly read: number;
}

/** Stands between two runs that do not belong together; no encoding of text yields it. */
const SEPARATOR = 0x00;
/** Shorter runs cannot hold a searchable secret. */
const MIN_HEX_RUN = 16;
const MIN_BASE64_RUN = 11;

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const SMALL_U = 0x75;

const HEX_VALUES = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_VALUES[digit.charCodeAt(0)] = value;
  HEX_VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Both alphabets at once: a text in one of them never holds the digits that only the other has. */
const BASE64_VALUES = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  BASE64_VALUES[digit.charCodeAt(0)] = value;
}
BASE64_VALUES[0x2d] = 62;
BASE64_VALUES[0x5f] = 63;

/** White space does not end a run: long base64 and hex are wrapped. */
const LINE_SPACE = new Uint8Array(256);
for (const code of [0x09, 0x0a, 0x0d, 0x20]) {
  LINE_SPACE[code] = 1;
}

const SIMPLE_ESCAPES = new Uint8Array(256);
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SIMPLE_ESCAPES[(letter ?? '').charCodeAt(0)] = (meaning ?? '').charCodeAt(0);
}

/** Undoes JSON string escapes, surrogate pairs included, wherever a backslash stands. */
export const unescapeJson: Decoder = (input, output, limit) => {
  let read = 0;
  let written = 0;
  while (read < input.length && written < limit) {
    const code = input[read] ?? 0;
    const simple = code === BACKSLASH ? (SIMPLE_ESCAPES[input[read + 1] ?? 0] ?? 0) : 0;
    if (simple !== 0) {
      output[written] = simple;
      written += 1;
      read += 2;
    } else if (code === BACKSLASH && unicodeEscape(input, read) >= 0) {
      const { point, size } = codePoint(input, read);
      written += writeUtf8(output, written, point);
      read += size;
    } else {
      output[written] = code;
      written += 1;
      read += 1;
    }
  }
  return { written, read };
};

/** Undoes percent-encoding. */
export const unescapePercent: Decoder = (input, output, limit) => {
  let read = 0;
  let written = 0;
  while (read < input.length && written < limit) {
    const code = input[read] ?? 0;
    const value = code === PERCENT ? hexNumber(input, read + 1, 2) : -1;
    output[written] = value >= 0 ? value : code;
    written += 1;
    read += value >= 0 ? 3 : 1;
  }
  return { written, read };
};

/** Decodes every run of hex digits, starting at its first or (`skip` 1) second digit. */
export function hexRuns(skip: 0 | 1): Decoder {
  return (input, output, limit) => decodeRuns(input, output, limit, HEX, skip);
}

/** Decodes every run of base64 or base64url digits, starting at its first to fourth digit. */
export function base64Runs(skip: 0 | 1 | 2 | 3): Decoder {
  return (input, output, limit) => decodeRuns(input, output, limit, BASE64, skip);
}

interface Alphabet {
  readonly values: Int8Array;
  readonly bits: number;
  readonly minRun: number;
}

const HEX: Alphabet = { values: HEX_VALUES, bits: 4, minRun: MIN_HEX_RUN };
const BASE64: Alphabet = { values: BASE64_VALUES, bits: 6, minRun: MIN_BASE64_RUN };

function decodeRuns(input: Uint8Array, output: Uint8Array, limit: number, alphabet: Alphabet, skip: number): Progress {
  const { values } = alphabet;
  let read = 0;
  let written = 0;
  while (read < input.length && written < limit) {
    if ((values[input[read] ?? 0] ?? -1) < 0) {
      read += 1;
      continue;
    }
    const end = runEnd(input, read, values);
    if (end - read >= alphabet.minRun) {
      const run = decodeRun(input.subarray(read, end), output.subarray(written), limit - written, alphabet, skip);
      written += run.written;
      if (written >= limit) {
        return { written, read: read + run.read };
      }
      output[written] = SEPARATOR;
      written += 1;
    }
    read = end;
  }
  return { written, read };
}

function runEnd(input: Uint8Array, start: number, values: Int8Array): number {
  let end = start;
  while (end < input.length) {
    const code = input[end] ?? 0;
    if ((values[code] ?? -1) < 0 && LINE_SPACE[code] === 0) {
      return end;
    }
    end += 1;
  }
  return end;
}

function decodeRun(run: Uint8Array, output: Uint8Array, limit: number, alphabet: Alphabet, skip: number): Progress {
  const { values, bits } = alphabet;
  let toSkip = skip;
  let buffer = 0;
  let held = 0;
  let written = 0;
  let read = 0;
  while (read < run.length && written < limit) {
    const value = values[run[read] ?? 0] ?? -1;
    read += 1;
    if (value < 0) {
      continue;
    }
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    buffer = ((buffer << bits) | value) & 0xffff;
    held += bits;
    if (held >= 8) {
      held -= 8;
      output[written] = buffer >> held;
      written += 1;
    }
  }
  return { written, read };
}

/** The code unit of a `\uXXXX` at `at`, or -1. */
function unicodeEscape(input: Uint8Array, at: number): number {
  return input[at] === BACKSLASH && input[at + 1] === SMALL_U ? hexNumber(input, at + 2, 4) : -1;
}

/** The code point of the one or two escapes at `at`, and their size. */
function codePoint(input: Uint8Array, at: number): { readonly point: number; readonly size: number } {
  const high = unicodeEscape(input, at);
  const low = unicodeEscape(input, at + 6);
  if (high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
    return { point: 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), size: 12 };
  }
  return { point: high, size: 6 };
}

function hexNumber(input: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index += 1) {
    const digit = HEX_VALUES[input[index] ?? 0] ?? -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

function writeUtf8(output: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    output[at] = point;
    return 1;
  }
  const tail = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  output[at] = (0xff00 >> (tail + 1)) | (point >> (6 * tail));
  for (let index = 1; index <= tail; index += 1) {
    output[at + index] = 0x80 | ((point >> (6 * (tail - index))) & 0x3f);
  }
  return tail + 1;
}
