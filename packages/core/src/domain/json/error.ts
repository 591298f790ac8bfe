import { printable } from './pointer.ts';

/** Why a text is not accepted as JSON. */
export type JsonErrorCode =
  /** More bytes than allowed; nothing was parsed. */
  | 'too_large'
  /** Begins with U+FEFF. */
  | 'byte_order_mark'
  /** Not UTF-8, or an encoded surrogate. */
  | 'not_utf8'
  /** Nested deeper than allowed. */
  | 'too_deep'
  /** An object has two members of one name, however they are spelt. */
  | 'duplicate_member'
  /** An escape `\ud800` to `\udfff` that is not half of a pair. */
  | 'unpaired_surrogate'
  /** A number too long to be handled, or beyond the range of a double. */
  | 'number_out_of_range'
  /** The text ends within a value, or is empty. */
  | 'unexpected_end'
  /** Something follows the value. */
  | 'trailing_text'
  /** Anything else that RFC 8259 does not allow. */
  | 'syntax';

/** Where in a text an error is. */
export interface JsonPosition {
  /** JSON Pointer of the innermost value or member being read; the empty string is the whole text. */
  readonly path: string;
  /** In bytes, from 0. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** In bytes within the line, from 1. */
  readonly column: number;
}

/** A text is not JSON, or not in the strict form that is accepted here. The message holds nothing of the text but names. */
export class JsonError extends Error implements JsonPosition {
  readonly code: JsonErrorCode;
  readonly path: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;

  constructor(code: JsonErrorCode, problem: string, position: JsonPosition) {
    super(`${problem} (${describePosition(position)})`);
    this.name = 'JsonError';
    this.code = code;
    this.path = position.path;
    this.offset = position.offset;
    this.line = position.line;
    this.column = position.column;
  }
}

function describePosition({ path, offset, line, column }: JsonPosition): string {
  const where = `line ${line}, column ${column}, byte ${offset}`;
  return path === '' ? where : `${where}, at ${printable(path)}`;
}
