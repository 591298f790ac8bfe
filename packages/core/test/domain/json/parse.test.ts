import { describe, expect, it } from '@jest/globals';
import { JsonError, type JsonErrorCode } from '../../../src/domain/json/error.ts';
import { parseStrictJson } from '../../../src/domain/json/parse.ts';
import { toPlain } from '../../../src/domain/json/plain.ts';
import { JsonDecimal, JsonObject, type JsonValue } from '../../../src/domain/json/value.ts';

const MAX = { maxBytes: 2 ** 20 };

function parse(text: string | Uint8Array): JsonValue {
  return parseStrictJson(typeof text === 'string' ? Buffer.from(text) : text, MAX);
}

function refusal(text: string | Uint8Array, options = MAX): JsonError {
  try {
    parseStrictJson(typeof text === 'string' ? Buffer.from(text) : text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(JsonError);
    if (error instanceof JsonError) return error;
  }
  throw new Error('the text was accepted');
}

describe('what is accepted', () => {
  it.each<[string, JsonValue]>([
    ['null', null],
    ['true', true],
    [' false\r\n', false],
    ['""', ''],
    ['"a\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9"', 'a"\\/\b\f\n\r\tAé'],
    ['"\\ud83d\\ude80"', '🚀'],
    ['"🚀 ä"', '🚀 ä'],
    ['"\\u0000"', '\u0000'],
    ['"\u007f\u2028\u2029\ufeff"', '\u007f\u2028\u2029\ufeff'],
    ['0', 0n],
    ['-0', 0n],
    ['9223372036854775807', 9223372036854775807n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['[]', []],
    ['[1 , [ ] ,"a"]', [1n, [], 'a']],
  ])('%s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each(['1.0', '-0.5', '7e0', '1E+2', '1e-400', '1.7976931348623157e308'])('%s keeps its spelling', (text) => {
    const value = parse(text);
    expect(value).toBeInstanceOf(JsonDecimal);
    expect(value).toHaveProperty('raw', text);
  });

  it('keeps members in order, whatever their names', () => {
    const value = parse('{"b":1,"__proto__":{"x":2},"a":3,"constructor":4,"":5}');
    expect(value).toBeInstanceOf(JsonObject);
    const object = value instanceof JsonObject ? value : new JsonObject(new Map());
    expect([...object.names()]).toEqual(['b', '__proto__', 'a', 'constructor', '']);
    expect(object.get('__proto__')).toBeInstanceOf(JsonObject);
    expect(object.get('toString')).toBeUndefined();
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('reads 32 levels, and no more', () => {
    expect(() => parse('['.repeat(32) + ']'.repeat(32))).not.toThrow();
    expect(refusal('['.repeat(33) + ']'.repeat(33)).code).toBe('too_deep');
  });

  it('reads a view into a larger buffer', () => {
    const buffer = Buffer.from('xx{"a":1}yy');
    expect(toPlain(parse(buffer.subarray(2, 9)))).toEqual(Object.assign(Object.create(null), { a: 1 }));
  });
});

describe('what is refused', () => {
  it.each<[string, JsonErrorCode, string, number]>([
    ['', 'unexpected_end', '', 0],
    ['  ', 'unexpected_end', '', 2],
    ['{', 'unexpected_end', '', 1],
    ['[1', 'unexpected_end', '', 2],
    ['"a', 'unexpected_end', '', 2],
    ['{"a"', 'unexpected_end', '/a', 4],
    ['{"a":', 'unexpected_end', '/a', 5],
    ['tru', 'syntax', '', 0],
    ['True', 'syntax', '', 0],
    ['NaN', 'syntax', '', 0],
    ['Infinity', 'syntax', '', 0],
    ['-Infinity', 'syntax', '', 0],
    ['undefined', 'syntax', '', 0],
    ['+1', 'syntax', '', 0],
    ['.5', 'syntax', '', 0],
    ['-', 'syntax', '', 0],
    ['01', 'trailing_text', '', 1],
    ['-01', 'trailing_text', '', 2],
    ['1.', 'trailing_text', '', 1],
    ['1e', 'trailing_text', '', 1],
    ['0x10', 'trailing_text', '', 1],
    ['1_000', 'trailing_text', '', 1],
    ['1n', 'trailing_text', '', 1],
    ['{} {}', 'trailing_text', '', 3],
    ['null\u0000', 'trailing_text', '', 4],
    ['[1,]', 'syntax', '/1', 3],
    ['[,1]', 'syntax', '/0', 1],
    ['[1 2]', 'syntax', '', 3],
    ['[1}', 'syntax', '', 2],
    ['{"a":1,}', 'syntax', '', 7],
    ['{a:1}', 'syntax', '', 1],
    ["{'a':1}", 'syntax', '', 1],
    ['{"a" 1}', 'syntax', '/a', 5],
    ['{"a":1;"b":2}', 'syntax', '', 6],
    ['// no\n1', 'syntax', '', 0],
    ['[1 /* no */]', 'syntax', '', 3],
    ['"\u0001"', 'syntax', '', 1],
    ['"a\nb"', 'syntax', '', 2],
    ['"\\x41"', 'syntax', '', 1],
    ['"\\u12g4"', 'syntax', '', 1],
    ['"\\u12"', 'syntax', '', 1],
    ['"\\U0041"', 'syntax', '', 1],
    ['\u00a01', 'syntax', '', 0],
    ['\u000b1', 'syntax', '', 0],
    ['["ä", x]', 'syntax', '/1', 7],
    ['"\\ud800"', 'unpaired_surrogate', '', 1],
    ['"\\udc00"', 'unpaired_surrogate', '', 1],
    ['"\\ude80\\ud83d"', 'unpaired_surrogate', '', 1],
    ['"\\ud800\\ud800"', 'unpaired_surrogate', '', 1],
    ['"\\ud800\\n"', 'unpaired_surrogate', '', 1],
    ['"\\ud800x"', 'unpaired_surrogate', '', 1],
    ['{"a":1,"a":1}', 'duplicate_member', '/a', 7],
    ['{"a":1,"b":2,"\\u0061":3}', 'duplicate_member', '/a', 13],
    ['{"x":[{"a/b":1,"a\\/b":2}]}', 'duplicate_member', '/x/0/a~1b', 15],
    ['{"__proto__":1,"__proto__":2}', 'duplicate_member', '/__proto__', 15],
    ['1e309', 'number_out_of_range', '', 0],
    ['[-1e999]', 'number_out_of_range', '/0', 1],
    ['9'.repeat(1001), 'number_out_of_range', '', 0],
    ['\ufeff{}', 'byte_order_mark', '', 0],
  ])('%s', (text, code, path, offset) => {
    expect(refusal(text)).toMatchObject({ code, path, offset });
  });

  it.each<[string, number[], number]>([
    ['a lone continuation byte', [0x22, 0x80, 0x22], 1],
    ['a cut sequence', [0x22, 0xc3], 1],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22], 1],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], 2],
    ['beyond U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 2],
    ['Latin-1', [0x22, 0x0a, 0xe4, 0x22], 3],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], 0],
  ])('%s is not UTF-8', (_name, bytes, offset) => {
    expect(refusal(Uint8Array.from(bytes))).toMatchObject({ code: 'not_utf8', path: '', offset });
  });

  it('tells where, for people', () => {
    const error = refusal('{\r\n  "ä": {"b": [1, nope]}\r\n}');
    expect(error).toMatchObject({ path: '/ä/b/1', line: 2, column: 19, offset: 21 });
    expect(error.message).toBe('not valid JSON, expected a JSON value (line 2, column 19, byte 21, at /\\u{e4}/b/1)');
  });

  it.each([100_000, 200_000])('nesting of %d levels, without exhausting the stack', (depth) => {
    expect(refusal('['.repeat(depth) + ']'.repeat(depth)).code).toBe('too_deep');
    expect(refusal('{"a":'.repeat(depth), { maxBytes: 2 ** 21 }).code).toBe('too_deep');
    expect(refusal('['.repeat(depth)).code).toBe('too_deep');
  });

  it('more bytes than allowed, before anything else', () => {
    expect(refusal(Buffer.alloc(11), { maxBytes: 10 }).code).toBe('too_large');
    expect(refusal(Buffer.alloc(10, 0x31), { maxBytes: 9 }).code).toBe('too_large');
    expect(parseStrictJson(Buffer.alloc(10, 0x31), { maxBytes: 10 })).toBe(1111111111n);
  });

  it('a smaller depth when asked, never a greater one', () => {
    const depthOf = (maxDepth: number, depth: number) => () =>
      parseStrictJson(Buffer.from('['.repeat(depth) + ']'.repeat(depth)), { ...MAX, maxDepth });
    expect(depthOf(2, 2)).not.toThrow();
    expect(depthOf(2, 3)).toThrow(JsonError);
    expect(depthOf(1_000_000, 33)).toThrow(JsonError);
  });

  it('without quoting a line break, an escape sequence or a long name', () => {
    const name = `::error::\\n\\u001b[31m${'x'.repeat(500)}`;
    const { message } = refusal(`{"${name}":1,"${name}":2}`);
    expect(message).toMatch(/^[ -~]+$/);
    expect(message.length).toBeLessThan(250);
  });
});

describe('hostile sizes stay quick', () => {
  it.each<[string, () => string]>([
    ['escapes', () => `"${'\\u0041'.repeat(170_000)}"`],
    ['empty lists', () => `[${'[],'.repeat(340_000)}[]]`],
    ['members', () => `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['white space', () => `${' '.repeat(1_000_000)}1`],
    ['numbers', () => `[${`${'9'.repeat(1000)},`.repeat(1000)}1]`],
  ])('%s', (_name, text) => {
    const bytes = Buffer.from(text());
    const start = process.hrtime.bigint();
    parseStrictJson(bytes, { maxBytes: 2 ** 21 });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(2_000);
  });
});

describe('toPlain', () => {
  it('rounds no integer', () => {
    expect(toPlain(parse('[9007199254740991,9007199254740992,-9007199254740993,1.5]'))).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
      1.5,
    ]);
  });

  it('gives objects without a prototype', () => {
    const plain = toPlain(parse('{"__proto__":{"admin":true}}'));
    expect(Object.getPrototypeOf(plain)).toBeNull();
    expect(plain).not.toHaveProperty('admin');
    expect(Object.keys(plain ?? {})).toEqual(['__proto__']);
  });
});
