import { Buffer, isUtf8 } from 'node:buffer';
import { MAX_JSON_DEPTH, MAX_JSON_NUMBER_CHARACTERS } from '../limits.ts';
import { JsonError, type JsonErrorCode } from './error.ts';
import { jsonPointer } from './pointer.ts';
import { JsonDecimal, JsonObject, type JsonValue } from './value.ts';

export interface StrictJsonOptions {
  /** Longer texts are refused unread. */
  readonly maxBytes: number;
  /** Lists and objects within one another; at most, and unless given, MAX_JSON_DEPTH. */
  readonly maxDepth?: number;
}

/**
 * Parses one JSON text (RFC 8259) and refuses what parsers disagree about: a byte order mark, invalid UTF-8, unpaired surrogates,
 * members of one name, numbers out of range, and anything after the value. `JSON.parse` accepts several of these and rounds integers.
 *
 * @param bytes the text, UTF-8
 * @throws JsonError
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): JsonValue {
  checkSize(bytes, options.maxBytes);
  checkEncoding(bytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const parser = new Parser(text, Math.min(options.maxDepth ?? MAX_JSON_DEPTH, MAX_JSON_DEPTH));
  return parser.parse();
}

function checkSize(bytes: Uint8Array, maxBytes: number): void {
  if (bytes.byteLength > maxBytes) {
    const start = { path: '', offset: 0, line: 1, column: 1 };
    throw new JsonError('too_large', `the text has ${bytes.byteLength} bytes, at most ${maxBytes} are allowed`, start);
  }
}

function checkEncoding(bytes: Uint8Array): void {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    const start = { path: '', offset: 0, line: 1, column: 1 };
    throw new JsonError('byte_order_mark', 'the text begins with a byte order mark', start);
  }
  if (!isUtf8(bytes)) {
    const offset = utf8ErrorOffset(bytes);
    const before = Buffer.from(bytes.subarray(0, offset));
    const line = before.filter((byte) => byte === LF).length + 1;
    const column = offset - before.lastIndexOf(LF);
    throw new JsonError('not_utf8', 'the text is not UTF-8', { path: '', offset, line, column });
  }
}

/** Offset of the first byte that cannot continue the UTF-8 before it, found by halving: a decoder tells only whether there is one. */
function utf8ErrorOffset(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.byteLength;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (beginsUtf8(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return valid;
}

function beginsUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST_OPEN = 0x5b;
const BACKSLASH = 0x5c;
const LIST_CLOSE = 0x5d;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const OBJECT_OPEN = 0x7b;
const OBJECT_CLOSE = 0x7d;

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const HEX4 = /^[0-9a-fA-F]{4}$/;
const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Recursive descent over the decoded text. The depth is checked before each descent, so a nesting of any depth ends in an error and
 * never in an exhausted stack.
 */
class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  /** Index of the next UTF-16 unit. */
  #at = 0;
  /** Names and indices that lead to the value being read. */
  readonly #path: (string | number)[] = [];

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  parse(): JsonValue {
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) {
      throw this.#error('trailing_text', 'something follows the JSON value');
    }
    return value;
  }

  #value(): JsonValue {
    switch (this.#peek()) {
      case OBJECT_OPEN:
        return this.#object();
      case LIST_OPEN:
        return this.#list();
      case QUOTE:
        return this.#string();
      case LETTER_N:
        return this.#literal('null', null);
      case LETTER_T:
        return this.#literal('true', true);
      case LETTER_F:
        return this.#literal('false', false);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    this.#enter();
    const members = new Map<string, JsonValue>();
    if (!this.#take(OBJECT_CLOSE)) {
      do {
        this.#member(members);
      } while (this.#another(OBJECT_CLOSE, 'a comma or }'));
    }
    return new JsonObject(members);
  }

  #member(members: Map<string, JsonValue>): void {
    const start = this.#at;
    if (this.#peek() !== QUOTE) {
      throw this.#unexpected('a member name in double quotes');
    }
    const name = this.#string();
    this.#path.push(name);
    if (members.has(name)) {
      throw this.#error('duplicate_member', 'an object has two members of this name', start);
    }
    this.#skipSpace();
    if (!this.#take(COLON)) {
      throw this.#unexpected('a colon');
    }
    members.set(name, this.#value());
    this.#path.pop();
  }

  #list(): readonly JsonValue[] {
    this.#enter();
    const items: JsonValue[] = [];
    if (!this.#take(LIST_CLOSE)) {
      do {
        this.#path.push(items.length);
        items.push(this.#value());
        this.#path.pop();
      } while (this.#another(LIST_CLOSE, 'a comma or ]'));
    }
    return items;
  }

  /** Takes the opening bracket; the path is as long as the nesting is deep. */
  #enter(): void {
    if (this.#path.length >= this.#maxDepth) {
      throw this.#error('too_deep', `nested deeper than ${this.#maxDepth} levels`);
    }
    this.#at += 1;
    this.#skipSpace();
  }

  /** After an item: true at a comma, false at the closing bracket, which it takes. */
  #another(close: number, expected: string): boolean {
    this.#skipSpace();
    if (this.#take(COMMA)) return true;
    if (this.#peek() !== close) {
      throw this.#unexpected(expected);
    }
    this.#at += 1;
    return false;
  }

  #literal(word: string, value: JsonValue): JsonValue {
    if (!this.#text.startsWith(word, this.#at)) {
      throw this.#unexpected('a JSON value');
    }
    this.#at += word.length;
    return value;
  }

  #number(): bigint | JsonDecimal {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) {
      throw this.#unexpected('a JSON value');
    }
    const [raw, fraction, exponent] = match;
    if (raw.length > MAX_JSON_NUMBER_CHARACTERS) {
      throw this.#error('number_out_of_range', `a number has more than ${MAX_JSON_NUMBER_CHARACTERS} characters`);
    }
    const integer = fraction === undefined && exponent === undefined;
    if (!integer && !Number.isFinite(Number(raw))) {
      throw this.#error('number_out_of_range', 'a number is beyond the range of a double');
    }
    this.#at += raw.length;
    return integer ? BigInt(raw) : new JsonDecimal(raw);
  }

  /** At the opening quote. */
  #string(): string {
    this.#at += 1;
    let decoded = this.#plainRun();
    while (this.#peek() !== QUOTE) {
      decoded += this.#escape() + this.#plainRun();
    }
    this.#at += 1;
    return decoded;
  }

  /** What a string may hold as it is: anything but a quote, a backslash and control characters. */
  #plainRun(): string {
    const start = this.#at;
    let unit = this.#peek();
    while (unit >= SPACE && unit !== QUOTE && unit !== BACKSLASH) {
      this.#at += 1;
      unit = this.#peek();
    }
    return this.#text.slice(start, this.#at);
  }

  #escape(): string {
    if (this.#peek() !== BACKSLASH) {
      throw this.#unexpected('the closing quote, or an escape instead of a control character');
    }
    const letter = this.#text.charAt(this.#at + 1);
    const simple = SIMPLE_ESCAPES.get(letter);
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    return this.#unicodeEscape();
  }

  #unicodeEscape(): string {
    const start = this.#at;
    const first = this.#utf16Escape();
    if (first < 0xd800 || first > 0xdfff) {
      return String.fromCharCode(first);
    }
    const paired = first <= 0xdbff && this.#text.startsWith('\\u', this.#at);
    const second = paired ? this.#utf16Escape() : 0;
    if (second < 0xdc00 || second > 0xdfff) {
      throw this.#error('unpaired_surrogate', 'an escape is half of a surrogate pair', start);
    }
    return String.fromCharCode(first, second);
  }

  /** One `\uXXXX`; gives the UTF-16 unit. */
  #utf16Escape(): number {
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (this.#text.charAt(this.#at + 1) !== 'u' || !HEX4.test(digits)) {
      throw this.#unexpected('a JSON escape');
    }
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  /** The next UTF-16 unit, NaN at the end. */
  #peek(): number {
    return this.#text.charCodeAt(this.#at);
  }

  /** Takes the given unit and the white space after it; false when something else is next. */
  #take(unit: number): boolean {
    if (this.#peek() !== unit) return false;
    this.#at += 1;
    if (unit === COMMA || unit === COLON) this.#skipSpace();
    return true;
  }

  #skipSpace(): void {
    let unit = this.#peek();
    while (unit === SPACE || unit === LF || unit === CR || unit === TAB) {
      this.#at += 1;
      unit = this.#peek();
    }
  }

  #unexpected(expected: string): JsonError {
    if (this.#at >= this.#text.length) {
      const problem = this.#text.length === 0 ? 'the text is empty' : 'the text ends too early';
      return this.#error('unexpected_end', `${problem}, expected ${expected}`);
    }
    return this.#error('syntax', `not valid JSON, expected ${expected}`);
  }

  #error(code: JsonErrorCode, problem: string, at: number = this.#at): JsonError {
    const before = this.#text.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    return new JsonError(code, problem, {
      path: jsonPointer(this.#path),
      offset: Buffer.byteLength(before),
      line: before.split('\n').length,
      column: Buffer.byteLength(before.slice(lineStart)) + 1,
    });
  }
}
