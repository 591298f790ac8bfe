import {
  above,
  add,
  and,
  and128,
  areAllSet,
  assemble,
  below,
  belowBytes,
  belowSignedBytes,
  type Code,
  call,
  choose,
  during,
  equal,
  equal64,
  equalBytes,
  FIRST,
  fill,
  forever,
  get,
  give,
  i32,
  i64,
  isZero,
  load8,
  load16,
  load32,
  load64,
  load128,
  or128,
  SECOND,
  set,
  shiftLeft,
  signs,
  sixteen,
  store32,
  sub,
  subBytes,
  trailingZeros,
  variable,
  vector,
  type WasmFunction,
  when,
} from '../wasm/assembler.ts';
import {
  EVIDENCE_EVENT_TYPE,
  EVIDENCE_PRODUCT,
  EVIDENCE_RECORD,
  EVIDENCE_SCHEMA_VERSION,
  type FieldLayout,
  type FieldType,
  type StructLayout,
} from '../wire/layout.ts';
import { SHORT_ESCAPES, UNICODE_ESCAPES } from './canonical-values.ts';
import { HASH_DIGITS, RECORD_ID_DIGITS } from './lower-hex.ts';
import { SLOT_COUNT, slotOf } from './slots.ts';

/**
 * The grammar of evidence lines as a WebAssembly program, made from the layout tables: it looks at sixteen bytes of a string at once
 * and reads a line several times faster than the scanner of `grammar.ts`. It knows the constants, the id and the hashes of a record as
 * well. It accepts less than the scanner does and nothing that the scanner refuses; a line that it does not accept is the scanner's to
 * judge, which also says what is wrong with it, and where.
 *
 * Every function takes the address at which something must stand, and the address of the line, and gives the address behind it, or 0.
 * Where the line ends is asked at the end: what a function accepts, it has looked at byte for byte, so that the program has accepted a
 * line when it comes out where the line ends. A function that runs on into what stands behind the line is stopped by zeros at last.
 */

// The memory: where the members of the line stand, tables, and behind them the lines.
const INT = 4;
export const STARTS_AT = 64;
export const ENDS_AT = STARTS_AT + SLOT_COUNT * INT;
const SHORT_ESCAPES_AT = ENDS_AT + SLOT_COUNT * INT;
const LEADS_AT = SHORT_ESCAPES_AT + 256;
const UNICODE_ESCAPES_AT = LEADS_AT + 256 * INT;
const UNICODE_ESCAPES_END = UNICODE_ESCAPES_AT + UNICODE_ESCAPES.size * INT;
/** Where lines may be put: memory that is shared is copied by the word only to where a word may begin. */
export const LINES_AT = Math.ceil(UNICODE_ESCAPES_END / 64) * 64;
/** Zeros that must follow the lines: as many as are looked at together. */
export const ZEROS_BEHIND = 64;

/** Integers stay below the 19 digits at which int64 ends. */
const MAX_DIGITS = 18;

const ADDRESS = get(FIRST);
const LINE = get(SECOND);
const NO = i32(0);

/** Says no, unless the condition holds. */
const expect = (condition: Code): Code => when(isZero(condition), give(NO));
const byte = (offset = 0): Code => load8(ADDRESS, offset);
const advance = (by: number | Code): Code => set(FIRST, add(ADDRESS, typeof by === 'number' ? i32(by) : by));
const ascii = (character: string): number => character.charCodeAt(0);
const isByte = (code: Code, character: string): Code => equal(code, i32(ascii(character)));

/** The functions of the program so far; a function can only call those before it. */
class Program {
  readonly functions: WasmFunction[] = [];

  /** Returns its number. */
  add(variables: number, ...body: readonly Code[]): number {
    return this.functions.push({ variables, body }) - 1;
  }
}

/** A program whose `main` takes the address of a line twice. */
export function recordProgram(pages: number): Uint8Array<ArrayBuffer> {
  const program = new Program();
  const values = { ...valueFunctions(program), exact: exactFunctions(program) };
  const record = addStruct(program, EVIDENCE_RECORD, '', values);
  program.add(0, fill(STARTS_AT, 0xff, 2 * SLOT_COUNT * INT), call(record, ADDRESS, LINE));
  return assemble(program.functions, pages);
}

/** Writes the tables that the program reads. */
export function writeTables(memory: DataView): void {
  for (const letter of SHORT_ESCAPES) memory.setUint8(SHORT_ESCAPES_AT + letter, 1);
  for (const [lead, { continuations, least, most }] of leads()) {
    const at = LEADS_AT + lead * INT;
    memory.setUint8(at, continuations);
    memory.setUint8(at + 1, least);
    memory.setUint8(at + 2, most);
  }
  for (const [index, digits] of [...UNICODE_ESCAPES].entries()) {
    memory.setInt32(UNICODE_ESCAPES_AT + index * INT, digits);
  }
}

/** The leads of UTF-8 sequences, how many bytes follow each, and between which the first of them lies (RFC 3629 section 4). */
function leads() {
  const sequence = (continuations: number, least = 0x80, most = 0xbf) => ({ continuations, least, most });
  const special = new Map([
    [0xe0, sequence(2, 0xa0)],
    [0xed, sequence(2, 0x80, 0x9f)],
    [0xf0, sequence(3, 0x90)],
    [0xf4, sequence(3, 0x80, 0x8f)],
  ]);
  const range = (from: number, to: number, continuations: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => [from + index, sequence(continuations)] as const);
  return new Map([...range(0xc2, 0xdf, 1), ...range(0xe0, 0xef, 2), ...range(0xf0, 0xf4, 3), ...special]);
}

interface ValueFunctions extends Readonly<Record<Exclude<FieldType, StructLayout>, number>> {
  /** For members, by their path, that have only one value or are digits. */
  readonly exact: ReadonlyMap<string, number>;
}

/** Values of members that are left out when empty. */
function valueFunctions(program: Program): Omit<ValueFunctions, 'exact'> {
  const rest = addRestOfString(program, addEscape(program), addSequence(program));
  const text = program.add(0, expect(isByte(byte(), '"')), call(rest, add(ADDRESS, i32(1)), LINE));
  return {
    string: program.add(0, when(isByte(byte(1), '"'), give(NO)), call(text, ADDRESS, LINE)),
    int64: addInteger(program),
    boolean: program.add(0, expect(equal(load32(ADDRESS), i32(littleEndian('true')))), add(ADDRESS, i32(4))),
    'string-list': addList(program, text),
  };
}

/** Values that the format fixes, apart from its grammar. */
function exactFunctions(program: Program): ReadonlyMap<string, number> {
  const constant = (text: string): number => {
    const json = JSON.stringify(text);
    return program.add(0, partsOf(json).map(expect), add(ADDRESS, i32(json.length)));
  };
  const recordId = addLowerHex(program, RECORD_ID_DIGITS);
  const hash = addLowerHex(program, HASH_DIGITS);
  return new Map([
    ['schema_version', constant(EVIDENCE_SCHEMA_VERSION)],
    ['product', constant(EVIDENCE_PRODUCT)],
    ['event_type', constant(EVIDENCE_EVENT_TYPE)],
    ['record_id', recordId],
    ['previous_hash', hash],
    ['record_hash', hash],
  ]);
}

/** A string of lower-case hex digits, sixteen or more. */
function addLowerHex(program: Program, digits: number): number {
  const variables = 0;
  const bytes = vector(variables);
  const isRange = (from: string, to: string): Code =>
    belowBytes(subBytes(get(bytes), sixteen(ascii(from))), sixteen(ascii(to) - ascii(from) + 1));
  // The last sixteen may be looked at a second time.
  const offsets = Array.from({ length: Math.ceil(digits / 16) }, (_, index) => 1 + Math.min(index * 16, digits - 16));
  return program.add(
    variables,
    expect(isByte(byte(), '"')),
    offsets.map((offset) => [
      set(bytes, load128(ADDRESS, offset)),
      expect(areAllSet(or128(isRange('0', '9'), isRange('a', 'f')))),
    ]),
    expect(isByte(byte(1 + digits), '"')),
    add(ADDRESS, i32(digits + 2)),
  );
}

/** What may follow a backslash. */
function addEscape(program: Program): number {
  const candidate = variable(0);
  return program.add(
    1,
    when(load8(add(byte(), i32(SHORT_ESCAPES_AT))), give(add(ADDRESS, i32(1)))),
    expect(isByte(byte(), 'u')),
    set(candidate, i32(UNICODE_ESCAPES_AT)),
    during(
      below(get(candidate), i32(UNICODE_ESCAPES_END)),
      when(equal(load32(ADDRESS, 1), load32(get(candidate))), give(add(ADDRESS, i32(1 + INT)))),
      set(candidate, add(get(candidate), i32(INT))),
    ),
    NO,
  );
}

/** A well-formed sequence of UTF-8 of two bytes or more, but for U+2028 and U+2029. */
function addSequence(program: Program): number {
  const entry = variable(0);
  const length = variable(1);
  const isContinuation = (offset: number) => equal(and(byte(offset), i32(0xc0)), i32(0x80));
  const threeBytes = and(load32(ADDRESS), i32(0xff_ffff));
  return program.add(
    2,
    set(entry, add(shiftLeft(byte(), i32(2)), i32(LEADS_AT))),
    set(length, load8(get(entry))),
    expect(get(length)),
    when(below(byte(1), load8(get(entry), 1)), give(NO)),
    when(above(byte(1), load8(get(entry), 2)), give(NO)),
    ...['\u2028', '\u2029'].map((character) => when(equal(threeBytes, i32(littleEndian(character))), give(NO))),
    when(above(get(length), i32(1)), expect(isContinuation(2))),
    when(above(get(length), i32(2)), expect(isContinuation(3))),
    add(add(ADDRESS, get(length)), i32(1)),
  );
}

/** A string behind its first quote. */
function addRestOfString(program: Program, escaped: number, sequence: number): number {
  const others = variable(0);
  const variables = 1;
  const bytes = vector(variables);
  const one = (character: string): Code => equalBytes(get(bytes), sixteen(ascii(character)));
  // Controls, and all that is not ASCII; `<` and `>` differ in one bit.
  const notPlain = or128(
    belowSignedBytes(get(bytes), sixteen(0x20)),
    ...['"', '\\', '&'].map(one),
    equalBytes(and128(get(bytes), sixteen(0xff ^ ascii('<') ^ ascii('>'))), sixteen(ascii('<'))),
  );
  return program.add(
    variables,
    forever(
      set(bytes, load128(ADDRESS)),
      set(others, signs(notPlain)),
      choose(
        isZero(get(others)),
        [advance(16)],
        [
          advance(trailingZeros(get(others))),
          when(isByte(byte(), '"'), give(add(ADDRESS, i32(1)))),
          choose(
            isByte(byte(), '\\'),
            [set(FIRST, call(escaped, add(ADDRESS, i32(1)), LINE))],
            [set(FIRST, call(sequence, ADDRESS, LINE))],
          ),
          expect(ADDRESS),
        ],
      ),
    ),
  );
}

function addInteger(program: Program): number {
  const first = variable(0);
  const isDigitFrom = (least: string) => below(sub(byte(), i32(ascii(least))), i32(10 - Number(least)));
  return program.add(
    1,
    when(isByte(byte(), '-'), advance(1)),
    set(first, ADDRESS),
    expect(isDigitFrom('1')),
    during(isDigitFrom('0'), advance(1)),
    when(above(sub(ADDRESS, get(first)), i32(MAX_DIGITS)), give(NO)),
    ADDRESS,
  );
}

function addList(program: Program, text: number): number {
  return program.add(
    0,
    expect(isByte(byte(), '[')),
    forever(
      set(FIRST, call(text, add(ADDRESS, i32(1)), LINE)),
      expect(ADDRESS),
      when(isByte(byte(), ']'), give(add(ADDRESS, i32(1)))),
      expect(isByte(byte(), ',')),
    ),
  );
}

/** An object: each of its members in its place, with a comma before the next. */
function addStruct(program: Program, { fields }: StructLayout, path: string, values: ValueFunctions): number {
  const members = fields.map((field) => {
    const { name, type } = field;
    const own = `${path}${name}`;
    const value = typeof type === 'string' ? values[type] : addStruct(program, type, `${own}.`, values);
    return member(field, slotOf(own), values.exact.get(own) ?? value);
  });
  return program.add(
    1,
    expect(isByte(byte(), '{')),
    advance(1),
    ...members,
    expect(isByte(byte(), '}')),
    add(ADDRESS, i32(1)),
  );
}

function member({ name, presence }: FieldLayout, slot: number, value: number): Code {
  const key = `"${name}":`;
  const isMissing = variable(0);
  const found = [
    set(isMissing, i32(0)),
    advance(key.length),
    store32(STARTS_AT + slot * INT, sub(ADDRESS, LINE)),
    set(FIRST, call(value, ADDRESS, LINE)),
    expect(ADDRESS),
    store32(ENDS_AT + slot * INT, sub(ADDRESS, LINE)),
    // A comma has another member behind it.
    choose(isByte(byte(), ','), [advance(1), expect(isByte(byte(), '"'))], [expect(isByte(byte(), '}'))]),
  ];
  const optional = partsOf(key).reduceRight<Code>((then, part) => when(part, then), found);
  return presence === 'always' ? [set(isMissing, i32(1)), optional, when(get(isMissing), give(NO))] : optional;
}

/** Conditions that hold together when a text stands at the address. */
function partsOf(text: string, offset = 0): readonly Code[] {
  const { length } = text;
  const compare = (size: number, condition: Code): readonly Code[] => [
    condition,
    ...partsOf(text.slice(size), offset + size),
  ];
  if (length >= 8) return compare(8, equal64(load64(ADDRESS, offset), i64(littleEndian64(text.slice(0, 8)))));
  if (length >= 4) return compare(4, equal(load32(ADDRESS, offset), i32(littleEndian(text.slice(0, 4)))));
  if (length >= 2) return compare(2, equal(load16(ADDRESS, offset), i32(littleEndian(text.slice(0, 2)))));
  return length === 0 ? [] : compare(1, isByte(byte(offset), text));
}

/** Up to four bytes as the signed number that a load of them gives. */
function littleEndian(text: string): number {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(4)]).readInt32LE();
}

function littleEndian64(text: string): bigint {
  return Buffer.from(text).readBigInt64LE();
}
