import { describe, expect, it } from '@jest/globals';
import { logLine } from '../../../src/domain/text/log-line.ts';
import { printable, shortened } from '../../../src/domain/text/printable.ts';
import { HOSTILE_TEXTS } from '../../support/hostile-texts.ts';

/** GitHub's runner takes `::` for a command at the start of a line, and `##[` anywhere; Azure's agent `##vso[`. */
const COMMAND = /^\s*::|##\[|##vso\[|section_(start|end):/i;

describe('logLine', () => {
  it.each([
    ...HOSTILE_TEXTS,
    '  ::set-output name=x::y',
    '\u00a0::error::x',
    '::::error::x',
    'a ##[error]b',
    '###[error]b',
    '##[##[error]b',
    '##VSO[task.complete]',
    'section_start:0:x\r\u001b[0K',
    'a\n::error::x',
    'a\r::error::x',
    'a\u2028::error::x',
  ])('%j is one line and no command', (text) => {
    const line = logLine(text);
    expect(line).not.toMatch(COMMAND);
    expect(line.split(/[\r\n\u0085\u2028\u2029]/)).toHaveLength(1);
    expect(line).toBe(Buffer.from(line, 'utf8').toString('utf8'));
  });

  it('leaves everything else as it is', () => {
    const text = 'allow by release_governance.approval.approved: C++ std::vector, 50% #1 [x]';
    expect(logLine(text)).toBe(text);
  });
});

describe('shortened', () => {
  it.each([
    ['', 3, ''],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['🚀🚀🚀', 3, '🚀🚀🚀'],
    ['🚀🚀🚀🚀', 3, '🚀🚀…'],
    ['x'.repeat(1_000_000), 2, 'x…'],
  ])('%# keeps whole characters', (text, limit, expected) => {
    expect(shortened(text, limit)).toBe(expected);
  });
});

describe('printable', () => {
  it.each([
    ['a\tb\nc', 'a\\u0009b\\u000ac'],
    ['\u001b[2J', '\\u001b[2J'],
    ['a\u202eb', 'a\\u202eb'],
    ['\ud800', '\\ud800'],
    ['\u{e0041}', '\\ue0041'],
    ['Größe 日本 🚀', 'Größe 日本 🚀'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
