/**
 * As much of a WebAssembly assembler as the matcher of evidence lines needs (WebAssembly Core Specification 2.0, section 5). Every
 * function has two i32 parameters and an i32 result; its other variables are i32 as well, but for one v128.
 */

/** Code of an expression, which leaves a value, or of statements, which leave none: bytes, nested as they were put together. */
export type Code = number | readonly Code[];

/** Number of a parameter or variable. */
export type Local = number;

export interface WasmFunction {
  /** i32 variables behind the two parameters. */
  readonly variables: number;
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;
const FUNCTION_TYPE = 0x60;
const END = 0x0b;

/** Both parameters of every function. */
export const FIRST: Local = 0;
export const SECOND: Local = 1;
/** The i32 variables of a function, from 0. */
export const variable = (index: number): Local => 2 + index;
/** The v128 variable of a function with so many i32 variables. */
export const vector = (variables: number): Local => 2 + variables;

// Values
export const i32 = (value: number): Code => [0x41, signed(value)];
export const i64 = (value: bigint): Code => [0x42, signed64(value)];
export const get = (local: Local): Code => [0x20, unsigned(local)];
export const add = (a: Code, b: Code): Code => [a, b, 0x6a];
export const sub = (a: Code, b: Code): Code => [a, b, 0x6b];
export const and = (a: Code, b: Code): Code => [a, b, 0x71];
export const shiftLeft = (a: Code, b: Code): Code => [a, b, 0x74];
export const trailingZeros = (a: Code): Code => [a, 0x68];
export const call = (callee: number, first: Code, second: Code): Code => [first, second, 0x10, unsigned(callee)];

// Conditions; numbers have no sign
export const isZero = (a: Code): Code => [a, 0x45];
export const equal = (a: Code, b: Code): Code => [a, b, 0x46];
export const below = (a: Code, b: Code): Code => [a, b, 0x49];
export const above = (a: Code, b: Code): Code => [a, b, 0x4b];
export const equal64 = (a: Code, b: Code): Code => [a, b, 0x51];

// Memory, little-endian and at any address
export const load8 = (address: Code, offset = 0): Code => [address, 0x2d, 0, unsigned(offset)];
export const load16 = (address: Code, offset = 0): Code => [address, 0x2f, 0, unsigned(offset)];
export const load32 = (address: Code, offset = 0): Code => [address, 0x28, 0, unsigned(offset)];
export const load64 = (address: Code, offset = 0): Code => [address, 0x29, 0, unsigned(offset)];
export const store32 = (address: number, value: Code): Code => [i32(0), value, 0x36, 0, unsigned(address)];
export const fill = (address: number, byte: number, length: number): Code => [
  [i32(address), i32(byte), i32(length)],
  [0xfc, 0x0b, 0],
];

// Sixteen bytes at once
export const load128 = (address: Code, offset = 0): Code => [address, 0xfd, 0x00, 0, unsigned(offset)];
export const sixteen = (byte: number): Code => [0xfd, 0x0c, Array.from({ length: 16 }, () => byte)];
export const equalBytes = (a: Code, b: Code): Code => [a, b, 0xfd, 0x23];
/** Bytes from 0x80 on count as negative. */
export const belowSignedBytes = (a: Code, b: Code): Code => [a, b, 0xfd, 0x25];
export const belowBytes = (a: Code, b: Code): Code => [a, b, 0xfd, 0x26];
export const subBytes = (a: Code, b: Code): Code => [a, b, 0xfd, 0x71];
export const and128 = (a: Code, b: Code): Code => [a, b, 0xfd, 0x4e];
export const or128 = (first: Code, ...others: readonly Code[]): Code => [
  first,
  others.map((code) => [code, 0xfd, 0x50]),
];
/** Whether no byte is zero. */
export const areAllSet = (a: Code): Code => [a, 0xfd, 0x63];
/** One bit of each byte's sign. */
export const signs = (a: Code): Code => [a, 0xfd, 0x64];

// Statements
export const set = (local: Local, value: Code): Code => [value, 0x21, unsigned(local)];
export const give = (value: Code): Code => [value, 0x0f];
export const when = (condition: Code, ...then: readonly Code[]): Code => [condition, 0x04, NO_RESULT, then, END];
export const choose = (condition: Code, then: readonly Code[], otherwise: readonly Code[]): Code => [
  [condition, 0x04, NO_RESULT, then],
  [0x05, otherwise, END],
];
/** Again and again, until the function gives its result. */
export const forever = (...body: readonly Code[]): Code => [0x03, NO_RESULT, body, 0x0c, 0, END, 0x00];
/** As long as the condition holds. */
export const during = (condition: Code, ...body: readonly Code[]): Code => [
  [0x03, NO_RESULT],
  when(condition, body, [0x0c, 1]),
  END,
];

/**
 * A module with one memory, which it exports as `memory`, and of whose functions it exports the last one as `main`.
 *
 * @param pages of the memory, 64 KiB each; it never grows
 */
export function assemble(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = list([[FUNCTION_TYPE, list([I32, I32]), list([I32])]]);
  const memory = list([[0x01, unsigned(pages), unsigned(pages)]]);
  const exported = list([
    [name('memory'), 0x02, 0],
    [name('main'), 0x00, unsigned(functions.length - 1)],
  ]);
  const bodies = list(functions.map(({ variables, body }) => sized([locals(variables), body, END])));
  const module = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, types),
    section(3, list(functions.map(() => 0))),
    section(5, memory),
    section(7, exported),
    section(10, bodies),
  ];
  return Uint8Array.from(bytesOf(module, []));
}

function section(id: number, content: Code): Code {
  return [id, sized(content)];
}

function sized(content: Code): Code {
  const bytes = bytesOf(content, []);
  return [unsigned(bytes.length), bytes];
}

function bytesOf(code: Code, bytes: number[]): number[] {
  if (typeof code === 'number') {
    bytes.push(code);
  } else {
    for (const part of code) bytesOf(part, bytes);
  }
  return bytes;
}

function list(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function locals(variables: number): Code {
  return list([
    [unsigned(variables), I32],
    [1, V128],
  ]);
}

function name(text: string): Code {
  return list([...Buffer.from(text)]);
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? value : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? value & 0x7f : [(value & 0x7f) | 0x80, signed(value >> 7)];
}

function signed64(value: bigint): Code {
  const low = Number(BigInt.asUintN(7, value));
  return value >= -0x40n && value < 0x40n ? low : [low | 0x80, signed64(value >> 7n)];
}
