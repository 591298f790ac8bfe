import { describe, expect, it } from '@jest/globals';
import { jsonPointer, oneLine, printable } from '../../../src/domain/json/pointer.ts';
import { prettyJson } from '../../../src/domain/json/pretty.ts';

describe('jsonPointer', () => {
  it('escapes as RFC 6901 says', () => {
    expect(jsonPointer([])).toBe('');
    expect(jsonPointer(['a/b', 'm~n', 0, ''])).toBe('/a~1b/m~0n/0/');
  });
});

describe('text from outside in messages', () => {
  it('cannot begin a line, drive a terminal or turn the reading direction', () => {
    const hostile = 'a\n::set-output name=x::y\r\u001b[2J\u202e\u2028\u0085\ud800';
    for (const safe of [printable(hostile), oneLine(hostile)]) {
      expect(safe).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
  });

  it('keeps the letters of a path, and spells those of a name out', () => {
    expect(oneLine('anträge/日本.json')).toBe('anträge/日本.json');
    expect(printable('tаrget')).toBe('t\\u{430}rget');
  });

  it('is shortened', () => {
    expect(printable('x'.repeat(100_000)).length).toBeLessThan(100);
    expect(oneLine('x'.repeat(100_000)).length).toBeLessThan(1_100);
  });
});

describe('prettyJson', () => {
  it('is JSON.stringify with two spaces and a final line end', () => {
    const value = { a: [1, 'x"\n', true, null, [], {}], b: { c: { d: [[1], { e: 2.5 }] } } };
    expect(prettyJson(value)).toBe(`${JSON.stringify(value, null, 2)}\n`);
  });

  it('writes integers in full and leaves undefined members out', () => {
    expect(prettyJson({ n: 9223372036854775807n, u: undefined })).toBe('{\n  "n": 9223372036854775807\n}\n');
  });
});
