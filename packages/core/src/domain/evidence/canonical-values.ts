import { isInt64 } from '../json/int64.ts';

/**
 * Scanners for the values of canonical JSON (wire-format.md section 5), over the bytes themselves and without decoding them.
 *
 * Each takes the offset at which a value must start and returns the offset after it, or `~offset` (a negative number) of the byte at
 * which the bytes stop being canonical. The hot loops stay within `bytes`, which V8 reads much faster than past its end; elsewhere an
 * element past the end reads as undefined, which no comparison accepts.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LOWER_U = 0x75;

const INT64_DIGITS = 19;

/** How a byte may stand in a string: as it is, ... */
const PLAIN = 0;
/** ... as the string's end, ... */
const CLOSING = 1;
/** ... as the start of an escape, ... */
const ESCAPE = 2;
/** ... never (controls and < > & must be escaped; a UTF-8 continuation cannot lead), ... */
const FORBIDDEN = 3;
/** ... or as the lead of a sequence of two, three or four bytes. */
const LEAD_2 = 4;
const LEAD_3 = 5;
const LEAD_4 = 6;

const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(byte));

function kindOf(byte: number): number {
  if (byte === QUOTE) {
    return CLOSING;
  }
  if (byte === BACKSLASH) {
    return ESCAPE;
  }
  if (byte < 0x20 || '<>&'.includes(String.fromCharCode(byte))) {
    return FORBIDDEN;
  }
  if (byte < 0x80) {
    return PLAIN;
  }
  if (byte >= 0xc2 && byte <= 0xdf) {
    return LEAD_2;
  }
  if (byte >= 0xe0 && byte <= 0xef) {
    return LEAD_3;
  }
  return byte >= 0xf0 && byte <= 0xf4 ? LEAD_4 : FORBIDDEN;
}

export const SHORT_ESCAPES = new Set(Buffer.from('"\\bfnrt'));

/**
 * The code units that are written as `\uxxxx`. Backspace and form feed may be written both ways: an older encoder knew no `\b` and
 * `\f`, and its streams stay valid (upstream-weaknesses.md row 34).
 */
export const UNICODE_ESCAPES = new Set(
  [...Array(0x20).keys(), 0x26, 0x3c, 0x3e, 0x2028, 0x2029]
    .filter((unit) => !'\t\n\r'.includes(String.fromCharCode(unit)))
    .map((unit) => Buffer.from(unit.toString(16).padStart(4, '0')).readInt32BE()),
);

/** A string with its quotes: canonical escapes only, everything else raw and well-formed UTF-8. */
export function scanString(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) {
    return ~start;
  }
  const end = bytes.length;
  let at = start + 1;
  for (;;) {
    while (at < end && KINDS[bytes[at] as number] === PLAIN) {
      at += 1;
    }
    if (at >= end) {
      return ~end;
    }
    const kind = KINDS[bytes[at] as number];
    if (kind === CLOSING) {
      return at + 1;
    }
    const width = kind === ESCAPE ? escapeWidth(bytes, at) : sequenceWidth(bytes, at, kind);
    if (width === 0) {
      return ~at;
    }
    at += width;
  }
}

/** Bytes of the canonical escape at `at`, 0 when it is none. */
function escapeWidth(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1] as number;
  if (letter !== LOWER_U) {
    return SHORT_ESCAPES.has(letter) ? 2 : 0;
  }
  return UNICODE_ESCAPES.has(fourBytes(bytes, at + 2)) ? 6 : 0;
}

/** Bytes of the UTF-8 sequence at `at`, 0 when it is ill-formed or must be escaped (RFC 3629 section 4). */
function sequenceWidth(bytes: Uint8Array, at: number, kind: number | undefined): number {
  const lead = bytes[at];
  const second = bytes[at + 1] as number;
  switch (kind) {
    case LEAD_2:
      return isContinuation(second) ? 2 : 0;
    case LEAD_3: {
      const third = bytes[at + 2] as number;
      const overlong = lead === 0xe0 && second < 0xa0;
      const surrogate = lead === 0xed && second > 0x9f;
      const lineSeparator = lead === 0xe2 && second === 0x80 && (third === 0xa8 || third === 0xa9);
      return isContinuation(second) && isContinuation(third) && !overlong && !surrogate && !lineSeparator ? 3 : 0;
    }
    case LEAD_4: {
      const overlong = lead === 0xf0 && second < 0x90;
      const beyondUnicode = lead === 0xf4 && second > 0x8f;
      return isContinuation(second) &&
        isContinuation(bytes[at + 2] as number) &&
        isContinuation(bytes[at + 3] as number) &&
        !overlong &&
        !beyondUnicode
        ? 4
        : 0;
    }
    default:
      return 0;
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** A decimal int64: no plus sign, leading zero, negative zero, fraction or exponent. */
export function scanInteger(bytes: Uint8Array, start: number): number {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let at = first;
  while (isDigit(bytes[at])) {
    at += 1;
  }
  if (at === first || (bytes[first] === ZERO && (negative || at > first + 1))) {
    return ~first;
  }
  const digits = at - first;
  if (digits < INT64_DIGITS) {
    return at;
  }
  if (digits > INT64_DIGITS) {
    return ~start;
  }
  const value = BigInt(Buffer.from(bytes.subarray(start, at)).toString('latin1'));
  return isInt64(value) ? at : ~start;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** A list of strings without white space. */
export function scanStringList(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== OPEN_BRACKET) {
    return ~start;
  }
  if (bytes[start + 1] === CLOSE_BRACKET) {
    return start + 2;
  }
  let at = start;
  do {
    at = scanString(bytes, at + 1);
    if (at < 0) {
      return at;
    }
  } while (bytes[at] === COMMA);
  return bytes[at] === CLOSE_BRACKET ? at + 1 : ~at;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

export function scanBoolean(bytes: Uint8Array, start: number): number {
  return startsWith(bytes, start, TRUE)
    ? start + TRUE.length
    : startsWith(bytes, start, FALSE)
      ? start + FALSE.length
      : ~start;
}

/** Four bytes as one number, to be compared at once; 0 past the end. */
export function fourBytes(bytes: Uint8Array, at: number): number {
  return at + 4 > bytes.length
    ? 0
    : ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
}

/** Whether `expected` stands at `start`. */
export function startsWith(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  const { length } = expected;
  if (start + length > bytes.length) {
    return false;
  }
  for (let index = 0; index < length; index += 1) {
    if (bytes[start + index] !== expected[index]) {
      return false;
    }
  }
  return true;
}
