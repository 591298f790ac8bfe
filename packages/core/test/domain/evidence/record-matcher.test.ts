import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RecordScanner } from '../../../src/domain/evidence/grammar.ts';
import { sealRecord } from '../../../src/domain/evidence/record.ts';
import { MAX_MATCHED_BYTES } from '../../../src/domain/evidence/record-matcher.ts';
import { RecordReader } from '../../../src/domain/evidence/record-reader.ts';
import { SLOT_COUNT, slotOf } from '../../../src/domain/evidence/slots.ts';
import { EVIDENCE_RECORD, type FieldLayout, type StructLayout } from '../../../src/domain/wire/layout.ts';
import { randomNumbers } from '../../support/random.ts';
import { IDENTITY, KEY, sealChain, unsealed } from '../../support/streams.ts';

const VECTORS = new URL('../../../../../test/vectors/evidence/', import.meta.url);
const SLOTS = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
const { below, pick } = randomNumbers(20_261_122);

/** Every member of the format, each with a value that a recorder writes. */
const FULL = sealRecord(everyMember(), KEY).line;
const [USUAL = '', SECOND = ''] = sealChain([{}, {}]);
const [UNSIGNED = ''] = sealChain([{}], 'unsigned');
const TEXTS = sealChain([
  { response: { decision: 'block', rule_id: 'é中😀\b\u2028<&>"\\\u0001\u007f', reason: '\u2027\ud7ff\ue000' } },
]);
const [WITHOUT_RUNNER = '', WITHOUT_REQUEST = ''] = sealChain([
  { request: { session_id: 's', release_governance: { blocked_count: 9n } } },
  { request: {} },
]);
const LINES = [FULL, USUAL, SECOND, UNSIGNED, WITHOUT_RUNNER, WITHOUT_REQUEST, ...TEXTS];

function everyMember() {
  const member = ({ name, type }: FieldLayout): [string, unknown] => [
    name,
    typeof type === 'object'
      ? struct(type)
      : { string: `${name} é`, int64: -12n, boolean: true, 'string-list': ['', name] }[type],
  ];
  const struct = (layout: StructLayout): object => Object.fromEntries(layout.fields.map(member));
  const field = (name: string) => EVIDENCE_RECORD.fields.find((one) => one.name === name)?.type as StructLayout;
  const response = { ...struct(field('response')), decision: 'require_approval' as const };
  return unsealed(7, 'a'.repeat(64), { request: struct(field('request')), response });
}

/** Members whose values a match leaves open. */
const LEFT_OPEN = ['sequence', 'timestamp', 'response.decision'];

/** Reads a line both ways; a match must be what the scanner accepts, with every member at the same place. */
function matches(line: Buffer): boolean {
  const matched = new RecordReader(0);
  const scanned = new RecordReader(Number.POSITIVE_INFINITY);
  const isMatch = new RecordScanner().match(line);
  const faults = [matched.read(line), scanned.read(line)];
  if (JSON.stringify(faults[0]) !== JSON.stringify(faults[1])) {
    throw new Error(`${JSON.stringify(faults)} for ${line.toString('latin1')}`);
  }
  if (isMatch && faults[1] !== undefined && !LEFT_OPEN.includes(faults[1].member)) {
    throw new Error(`${JSON.stringify(faults[1])}, but matched: ${line.toString('latin1')}`);
  }
  if (faults[1] === undefined && factsOf(matched) !== factsOf(scanned)) {
    throw new Error(`${factsOf(matched)} and ${factsOf(scanned)}: ${line.toString('latin1')}`);
  }
  return isMatch;
}

const matcher = new RecordScanner();
const scanner = new RecordScanner();

/** Whether a line is canonical, which both must say of it. */
function isCanonical(line: Buffer): boolean {
  const isMatch = matcher.match(line);
  if (isMatch !== (scanner.scan(line) === undefined)) {
    throw new Error(`${isMatch ? 'only' : 'not'} matched: ${line.toString('latin1')}`);
  }
  return isMatch;
}

function factsOf(reader: RecordReader): string {
  const { sequence, previousHash, recordHash, decision, decisionRank, time, scan } = reader;
  const texts = [scan.raw(slotOf('signature.value')), scan.text(slotOf('signature.key_id'))];
  // The last slots first: the first ones are known from the match, the others are scanned for.
  const places = SLOTS.toReversed().map((slot) => [slot, scan.has(slot), scan.start(slot), scan.end(slot)]);
  return JSON.stringify([sequence, previousHash, recordHash, decision, decisionRank, `${time}`, texts, places]);
}

describe('matching a line', () => {
  it('knows the places of members before others are asked for', () => {
    for (const line of LINES) {
      const [matched, scanned] = [new RecordScanner(), new RecordScanner()];
      expect(matched.match(Buffer.from(line))).toBe(true);
      expect(scanned.scan(Buffer.from(line))).toBeUndefined();
      for (const slot of SLOTS) {
        expect([slot, matched.start(slot), matched.end(slot)]).toEqual([slot, scanned.start(slot), scanned.end(slot)]);
      }
    }
  });

  it('leaves what is rare to the scanner', () => {
    const [line = ''] = sealChain([{ request: { target: 'x'.repeat(MAX_MATCHED_BYTES) } }]);
    expect(matches(Buffer.from(line))).toBe(false);
    const [huge = ''] = sealChain([{ request: { release_governance: { blocked_count: 2n ** 63n - 1n } } }]);
    expect(matches(Buffer.from(huge))).toBe(false);
  });

  it('reads what need not be there', () => {
    expect(matches(Buffer.from(sealRecord(unsealed(1, '', { response: { decision: 'allow' } })).line))).toBe(true);
  });

  it('takes strings of any length, and finds what is wrong anywhere in them', () => {
    for (let length = 1; length <= 70; length += 1) {
      const reason = 'x'.repeat(length);
      const line = Buffer.from(sealRecord(unsealed(1, '', { response: { decision: 'allow', reason } }), KEY).line);
      const start = line.indexOf(reason);
      expect(matches(line)).toBe(true);
      const changed = Buffer.from(line);
      for (let at = start; at < start + length; at += 1) {
        for (const byte of [0x00, 0x0a, 0x1f, 0x22, 0x26, 0x3c, 0x3d, 0x3e, 0x3f, 0x5c, 0x7f, 0x80, 0xff]) {
          changed[at] = byte;
          if (isCanonical(changed) !== (byte === 0x3d || byte === 0x3f || byte === 0x7f)) {
            throw new Error(`${byte} at ${at} of ${length}`);
          }
        }
        changed[at] = 0x78;
      }
    }
  });

  it('takes every character as the scanner does, as it is and escaped', () => {
    const [before = '', behind = ''] = sealRecord(
      unsealed(1, '', { response: { decision: 'allow', reason: '@' } }),
      KEY,
    )
      .line.split('@')
      .map((half) => Buffer.from(half).toString('latin1'));
    const isTaken = (text: string) => isCanonical(Buffer.from(`${before}${text}${behind}`, 'latin1'));
    let taken = 0;
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      // Three bytes for every unit, overlong ones and surrogates too.
      const three = String.fromCharCode(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
      const digits = unit.toString(16).padStart(4, '0');
      taken += [three, `\\u${digits}`].filter(isTaken).length;
      // And every pair of bytes.
      taken += isTaken(String.fromCharCode(unit >> 8, unit & 0xff)) ? 1 : 0;
    }
    for (let lead = 0xf0; lead <= 0xff; lead += 1) {
      for (let second = 0x70; second <= 0xcf; second += 1) {
        for (const rest of ['\x80\x80', '\xbf\xbf', '\x80\x7f', '\xc0\x80']) {
          taken += isTaken(String.fromCharCode(lead, second) + rest) ? 1 : 0;
        }
      }
    }
    expect(taken).toBeGreaterThan(60_000);
  });

  it('takes the longest values that it may meet', () => {
    const fill = (value: string, times: number) => value.repeat(times);
    for (const reason of [fill('x', 14_000), fill('<', 2_300), fill('😀', 3_500), fill('<x', 2_000)]) {
      const { line } = sealRecord(unsealed(1, '', { response: { decision: 'allow', rule_id: 'r', reason } }), KEY);
      expect(matches(Buffer.from(line))).toBe(true);
      // And gives up on them just as well: the last quote is missing.
      expect(matches(Buffer.from(line.slice(0, -2)))).toBe(false);
    }
    const refs = sealChain([
      {
        request: {
          release_governance: { evidence_refs: fill('a', 3_500).split('') },
          runner_auth: { identity: IDENTITY },
        },
      },
    ]);
    expect(matches(Buffer.from(refs[0] ?? ''))).toBe(true);
  });

  it('agrees with the scanner on all recorded streams', () => {
    let matched = 0;
    for (const file of readdirSync(VECTORS).filter((name) => name.endsWith('.jsonl'))) {
      for (const line of splitLines(readFileSync(new URL(file, VECTORS)))) {
        matched += matches(line) ? 1 : 0;
      }
    }
    expect(matched).toBeGreaterThan(100);
  });

  it('agrees with the scanner on every byte of a line changed', () => {
    for (const line of [FULL, SECOND, WITHOUT_RUNNER]) {
      const bytes = Buffer.from(line);
      for (let at = 0; at < bytes.length; at += 1) {
        for (const byte of [
          0x00, 0x0a, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x41, 0x5c, 0x61, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xff,
        ]) {
          const changed = Buffer.from(bytes);
          changed[at] = byte;
          matches(changed);
        }
      }
    }
  });

  it('agrees with the scanner on random damage', () => {
    const pieces = [
      '"',
      ',',
      ':',
      '{',
      '}',
      '[]',
      '{}',
      '""',
      '0',
      '-0',
      '-1',
      '9223372036854775807',
      'true',
      'false',
      'null',
      '\\',
      '\\u003c',
      '\\u0008',
      '\\u0041',
      '\\/',
      '<',
      '\u0000',
      '\u2028',
      '\udc00',
      'é',
      '中',
      '😀',
      ' ',
      '"decision":"allow"',
      ',"decision":"block"',
      '"rule_id":"x",',
      ',"signature":{',
      '"request":{}',
      '"identity":{},',
      'Z',
      '.5',
      '00',
    ];
    let matched = 0;
    for (let round = 0; round < 20_000; round += 1) {
      let text = pick(LINES);
      for (let change = 0; change <= below(3); change += 1) {
        const at = below(text.length);
        const other = pick(LINES);
        const from = below(other.length);
        text = pick([
          () => text.slice(0, at) + pick(pieces) + text.slice(at),
          () => text.slice(0, at) + pick(pieces) + text.slice(at + below(8)),
          () => text.slice(0, at) + text.slice(at + below(40)),
          () => text.slice(0, at) + other.slice(from, from + below(60)) + text.slice(at),
          () => swapMembers(text),
        ])();
      }
      const bytes = Buffer.from(text);
      if (below(4) === 0) bytes[below(bytes.length)] = below(256);
      matched += matches(bytes) ? 1 : 0;
    }
    // Damage within a string leaves a line that is canonical, so the matcher has something to say as well.
    expect(matched).toBeGreaterThan(1_000);
  });
});

/** Cuts a member out, or exchanges two neighbours. */
function swapMembers(text: string): string {
  const members = [...text.matchAll(/"[a-z_]+":(?:"(?:[^"\\]|\\.)*"|-?\d+|true),?/g)];
  const index = below(members.length);
  const [one, two] = [members[index]?.[0] ?? '', members[index + 1]?.[0] ?? ''];
  return below(2) === 0 ? text.replace(one, '') : text.replace(one + two, two + one);
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}
