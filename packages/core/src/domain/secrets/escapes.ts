/**
 * Text without its escapes. A secret of which only some characters were escaped shows in the result as it is. Each decoder is one
 * linear pass, never fails (what is no escape is copied), and can be stopped early to learn where in the input an output byte came
 * from.
 */

/** Undoes one encoding of text. `output` has room for `input.length` bytes; the pass ends early once `limit` bytes are written. */
export type Decoder = (input: Uint8Array, output: Uint8Array, limit: number) => Progress;

export interface Progress {
  /** Bytes written to the output. */
  readonly written: number;
  /** Bytes of the input used for them. */
  readonly read: number;
}

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const SMALL_U = 0x75;

const HEX_VALUES = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_VALUES[digit.charCodeAt(0)] = value;
  HEX_VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

const SIMPLE_ESCAPES = new Uint8Array(256);
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SIMPLE_ESCAPES[(letter ?? '').charCodeAt(0)] = (meaning ?? '').charCodeAt(0);
}

/** So many bytes are copied one by one before it is worth while to look for the next escape and copy all up to it at once. */
const SHORT_COPY = 16;

/** Copies what is before the next `sign`, as far as the limit; returns how many bytes that are. */
function copyPlain(input: Uint8Array, read: number, output: Uint8Array, written: number, limit: number, sign: number) {
  const end = Math.min(input.length, read + limit - written);
  let at = read;
  while (at < end && input[at] !== sign) {
    if (at - read === SHORT_COPY) {
      const next = input.indexOf(sign, at);
      const stop = next < 0 || next > end ? end : next;
      output.set(input.subarray(at, stop), written + SHORT_COPY);
      return stop - read;
    }
    output[written + at - read] = input[at] as number;
    at += 1;
  }
  return at - read;
}

/** Undoes JSON string escapes, surrogate pairs included, wherever a backslash stands. */
export const unescapeJson: Decoder = (input, output, limit) => {
  let read = 0;
  let written = 0;
  while (read < input.length && written < limit) {
    const plain = copyPlain(input, read, output, written, limit, BACKSLASH);
    if (plain > 0) {
      read += plain;
      written += plain;
      continue;
    }
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
    const plain = copyPlain(input, read, output, written, limit, PERCENT);
    if (plain > 0) {
      read += plain;
      written += plain;
      continue;
    }
    const code = input[read] ?? 0;
    const value = code === PERCENT ? hexNumber(input, read + 1, 2) : -1;
    output[written] = value >= 0 ? value : code;
    written += 1;
    read += value >= 0 ? 3 : 1;
  }
  return { written, read };
};

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
