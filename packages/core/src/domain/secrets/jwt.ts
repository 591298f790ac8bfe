/**
 * Finds what looks like a JSON Web Token: `header.payload.signature` in base64url, or the five parts of an encrypted one. A part
 * counts as header when it decodes to the beginning of a JSON object. One pass, linear in the input, whatever it holds.
 */

/** Half-open range of indices into what was searched. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Shortest header there is: `{"alg":""}` has 14 digits. */
const MIN_HEADER_DIGITS = 14;
/** So many digits of a header are decoded and looked at. */
const LOOKED_AT_DIGITS = 32;
/** An encrypted token has five parts. */
const MAX_PARTS = 5;

const DOT = 0x2e;
const SMALL_E = 0x65;
/** A header's first byte is `{`, its second white space or `"`: its first two digits are then `ew` or `ey`. */
const SECOND_DIGITS: readonly number[] = [0x77, 0x79];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Value of each base64url digit by its code, -1 for every other code. */
const DIGIT_VALUES = new Int8Array(256).fill(-1);
for (const [value, digit] of [...ALPHABET].entries()) {
  DIGIT_VALUES[digit.charCodeAt(0)] = value;
}

/** `{`, JSON white space, `"`, and nothing but printable characters and white space after it. */
const OBJECT_START = /^\{[ \t\r\n]*"[\t\r\n\x20-\x7e]*$/;

/** The tokens in `codes` (bytes, or UTF-16 code units), in order and without overlap; at most `limit` of them. */
export function findTokens(codes: ArrayLike<number>, limit = Number.POSITIVE_INFINITY): Range[] {
  const found: Range[] = [];
  let parts: Range[] = [];
  let start = 0;
  for (let index = 0; index <= codes.length; index += 1) {
    const code = index < codes.length ? (codes[index] ?? 0) : 0;
    if (isDigit(code)) {
      continue;
    }
    parts.push({ start, end: index });
    start = index + 1;
    if (code === DOT) {
      continue;
    }
    if (parts.length >= 3) {
      collect(codes, parts, found);
      if (found.length >= limit) {
        return found.slice(0, limit);
      }
    }
    parts = [];
  }
  return found;
}

/** Where the first token begins; -1 when there is none. */
export function indexOfToken(bytes: Uint8Array): number {
  return mayHoldToken(bytes) ? (findTokens(bytes, 1)[0]?.start ?? -1) : -1;
}

/** Whether there is a dot with what may be a header before it, and another dot behind the digits that follow. */
function mayHoldToken(bytes: Uint8Array): boolean {
  let dot = bytes.indexOf(DOT);
  while (dot >= 0) {
    let next = dot + 1;
    if (mayEndHeader(bytes, dot)) {
      while (isDigit(bytes[next] ?? 0)) next += 1;
      if (bytes[next] === DOT) return true;
    }
    dot = bytes.indexOf(DOT, next);
  }
  return false;
}

/** Whether a header's first two digits stand among those before the dot, far enough from it. Each byte belongs to one dot. */
function mayEndHeader(bytes: Uint8Array, dot: number): boolean {
  for (let at = dot - 1; at >= 0 && isDigit(bytes[at] ?? 0); at -= 1) {
    if (bytes[at] === SMALL_E && at <= dot - MIN_HEADER_DIGITS && SECOND_DIGITS.includes(bytes[at + 1] ?? 0))
      return true;
  }
  return false;
}

/** Replaces every token in `text`. */
export function replaceTokens(text: string, replacement: string): string {
  if (!text.includes('.') || !(text.includes('ey') || text.includes('ew'))) {
    return text;
  }
  let result = '';
  let from = 0;
  for (const { start, end } of findTokens(codeUnits(text))) {
    result += text.slice(from, start) + replacement;
    from = end;
  }
  return from === 0 ? text : result + text.slice(from);
}

function codeUnits(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < units.length; index += 1) {
    units[index] = text.charCodeAt(index);
  }
  return units;
}

function isDigit(code: number): boolean {
  return (DIGIT_VALUES[code] ?? -1) >= 0;
}

/** Looks for tokens in parts that are joined by dots; each part is looked at as a header at most once. */
function collect(codes: ArrayLike<number>, parts: readonly Range[], found: Range[]): void {
  let index = 0;
  while (index + 2 < parts.length) {
    const start = headerStart(codes, parts, index);
    if (start === undefined) {
      index += 1;
      continue;
    }
    const last = lastPart(parts, index);
    found.push({ start, end: parts[last]?.end ?? start });
    index = last + 1;
  }
}

/** Where in part `index` a header begins that has a payload or a signature after it. */
function headerStart(codes: ArrayLike<number>, parts: readonly Range[], index: number): number | undefined {
  const [header, second, third] = parts.slice(index, index + 3);
  if (header === undefined || second === undefined || third === undefined || third.end - second.start <= 1) {
    return undefined;
  }
  // A name may be glued to the token (`token_eyJ…`): its characters are base64url digits too.
  for (let at = header.start; at <= header.end - MIN_HEADER_DIGITS; at += 1) {
    if (codes[at] === SMALL_E && SECOND_DIGITS.includes(codes[at + 1] ?? 0)) {
      const end = Math.min(header.end, at + LOOKED_AT_DIGITS);
      if (OBJECT_START.test(decodeDigits(codes, at, end))) {
        return at;
      }
    }
  }
  return undefined;
}

/** A token goes on for as long as its parts have content, up to five. */
function lastPart(parts: readonly Range[], first: number): number {
  let last = first + 2;
  while (last + 1 < parts.length && last + 1 < first + MAX_PARTS) {
    const next = parts[last + 1];
    if (next === undefined || next.end === next.start) {
      break;
    }
    last += 1;
  }
  return last;
}

function decodeDigits(codes: ArrayLike<number>, start: number, end: number): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (let index = start; index < end; index += 1) {
    bits = ((bits << 6) | (DIGIT_VALUES[codes[index] ?? 0] ?? 0)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      text += String.fromCharCode((bits >> count) & 0xff);
    }
  }
  return text;
}
