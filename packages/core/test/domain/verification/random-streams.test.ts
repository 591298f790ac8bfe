import { describe, expect, it } from '@jest/globals';
import { sealRecord } from '../../../src/domain/evidence/record.ts';
import {
  DECISION_RESPONSE,
  EVALUATE_REQUEST,
  type FieldType,
  type StructLayout,
} from '../../../src/domain/wire/layout.ts';
import type { DecisionResponse, EvaluateRequest } from '../../../src/domain/wire/messages.ts';
import { naiveVerify } from '../../support/naive-evidence.ts';
import { randomNumbers } from '../../support/random.ts';
import { KEY, stream, unsealed, verify } from '../../support/streams.ts';

const STREAMS = 1_000;
const { below, pick } = randomNumbers(20_260_304);

const ODD_STRINGS = [
  'plain',
  '',
  '<>&"\\/',
  '\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f',
  '\u2028\u2029\u2027',
  'é \u00ff \u0100 中文 \ufffd \ufffe \ueeee',
  '😀 \u{10ffff} \u{10000}',
  '\ud800',
  'a\udc00b',
  '\ud83d\ud83d\ude00\ude00',
  '__proto__',
  '\\u0041 \\',
  '","decision":"allow","x":"',
  '{"a":[1,2]}',
];

function randomString(): string {
  return below(3) === 0
    ? pick(ODD_STRINGS) + pick(ODD_STRINGS)
    : String.fromCodePoint(...Array.from({ length: below(12) }, () => below(0xd7ff)));
}

function randomInteger(): bigint {
  return pick([0n, 1n, -1n, 7n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(below(100_000))]);
}

function randomValue(type: FieldType): unknown {
  if (typeof type === 'object') return randomStruct(type);
  if (type === 'string') return randomString();
  if (type === 'int64') return randomInteger();
  if (type === 'boolean') return below(2) === 0;
  return Array.from({ length: below(4) }, randomString);
}

/** Any subset of the members, in any order: what is written must not depend on it. */
function randomStruct(layout: StructLayout): object {
  const members = layout.fields
    .filter(({ presence }) => presence === 'always' || below(2) === 0)
    .map(({ name, type }) => [below(1_000_000), name, randomValue(type)] as const)
    .sort(([a], [b]) => a - b)
    .map(([, name, value]) => [name, value]);
  return Object.fromEntries(members);
}

function randomStream(): string[] {
  const lines: string[] = [];
  let previousHash = '';
  for (let sequence = 1; sequence <= 1 + below(4); sequence += 1) {
    const request = randomStruct(EVALUATE_REQUEST) as EvaluateRequest;
    const response = { ...randomStruct(DECISION_RESPONSE), decision: pick(['allow', 'block', 'require_approval']) };
    const sealed = sealRecord(
      unsealed(sequence, previousHash, { request, response: response as DecisionResponse }),
      KEY,
    );
    lines.push(sealed.line);
    previousHash = sealed.record.record_hash ?? '';
  }
  return lines;
}

describe(`${STREAMS} random streams`, () => {
  it('are read by ours and by a naive second implementation alike', () => {
    for (let index = 0; index < STREAMS; index += 1) {
      const lines = randomStream();
      const bytes = stream(lines);
      const { valid, summary, findings } = verify(bytes);
      if (!valid) {
        throw new Error(`${lines.join('\n')}\n${JSON.stringify(findings.kept)}`);
      }
      expect(summary.signedRecords).toBe(lines.length);
      expect(naiveVerify(bytes.toString('utf8'), KEY)).toEqual([]);
    }
  });
});
