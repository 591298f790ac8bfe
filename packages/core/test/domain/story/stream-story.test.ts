import { describe, expect, it } from '@jest/globals';
import type { UnsealedRecord } from '../../../src/domain/evidence/record.ts';
import {
  MAX_REPORT_TEXT,
  MAX_STORY_BUCKETS,
  MAX_STORY_FIRST_RECORDS,
  MAX_STORY_KEY_SPANS,
  MAX_STORY_LAST_RECORDS,
  MAX_STORY_REFUSALS,
  MAX_STORY_RULES,
  MAX_STORY_RUNNERS,
} from '../../../src/domain/limits.ts';
import { StreamStoryteller } from '../../../src/domain/story/stream-story.ts';
import { StreamVerificationRun } from '../../../src/domain/verification/stream-verification.ts';
import type { DecisionResponse } from '../../../src/domain/wire/messages.ts';
import { IDENTITY, KEY, sealChain, stream, WITH_KEY } from '../../support/streams.ts';

type Change = Partial<UnsealedRecord>;

function tell(bytes: Uint8Array) {
  const storyteller = new StreamStoryteller();
  const run = new StreamVerificationRun({ ...WITH_KEY, observers: [storyteller] });
  run.write(bytes);
  const valid = run.finish().findings.errorCount === 0;
  return { ...storyteller.story(), valid };
}

const answer = (decision: DecisionResponse['decision'], changes: Partial<DecisionResponse> = {}): Change => ({
  response: { decision, rule_id: `rule.${decision}`, severity: 'low', reason: `because ${decision}`, ...changes },
});

const chain = (length: number, change: (index: number) => Change) =>
  sealChain(Array.from({ length }, (_, index) => change(index)));

describe('a short stream', () => {
  const story = tell(
    stream(sealChain([answer('allow'), answer('block'), answer('require_approval'), answer('allow')])),
  );

  it('is counted by decision and by rule', () => {
    expect(story).toMatchObject({
      valid: true,
      readable: 4,
      unauthenticated: 0,
      decisions: { allow: 2, require_approval: 1, block: 1 },
      otherRules: 0,
      otherRunners: 0,
    });
    expect(
      story.rules.map(({ ruleId, decision, records, firstRecord }) => [ruleId, decision, records, firstRecord]),
    ).toEqual([
      ['rule.allow', 'allow', 2, 1],
      ['rule.block', 'block', 1, 2],
      ['rule.require_approval', 'require_approval', 1, 3],
    ]);
  });

  it('names who asked and how that was proven', () => {
    expect(story.runners).toEqual([
      {
        identity: IDENTITY,
        proof: 'HMAC-SHA256-REQUEST',
        keyId: 'runner-1',
        records: 4,
        firstRecord: 1,
        unauthenticated: 0,
      },
    ]);
  });

  it('has every record in full', () => {
    expect(story.glimpses.map(({ record, decision }) => [record, decision])).toEqual([
      [1, 'allow'],
      [2, 'block'],
      [3, 'require_approval'],
      [4, 'allow'],
    ]);
    expect(story.glimpses[1]).toMatchObject({
      line: 2,
      time: '2026-03-04T05:06:07.000000002Z',
      reason: 'because block',
      keyId: 'test-key',
      previousHash: story.glimpses[0]?.recordHash,
      question: { target: 'prod <a> & "b"', approvalId: 'apr_1', version: '' },
    });
  });
});

it('tells signed from unsigned records, and one key from another', () => {
  const lines = sealChain([{}, {}, {}, {}]);
  const unsigned = sealChain([{}, {}, {}, {}], 'unsigned');
  const other = sealChain([{}, {}, {}, {}], { ...KEY, id: 'other-key' });
  const { keySpans } = tell(stream([lines[0] ?? '', lines[1] ?? '', unsigned[2] ?? '', other[3] ?? '']));
  expect(keySpans).toEqual([
    { from: 1, to: 2, key: { id: 'test-key' } },
    { from: 3, to: 3, key: 'unsigned' },
    { from: 4, to: 4, key: { id: 'other-key' } },
  ]);
});

it('counts the records whose runner was not authenticated', () => {
  const refused = answer('block', { rule_id: 'runner_auth.invalid' });
  const story = tell(stream(sealChain([answer('allow'), refused, refused])));
  expect(story.unauthenticated).toBe(2);
  expect(story.runners[0]).toMatchObject({ records: 3, unauthenticated: 2 });
});

it('numbers the records as the stream does, beyond those that cannot be read', () => {
  const lines = sealChain([answer('allow'), answer('allow'), answer('block')]);
  const story = tell(stream([lines[0] ?? '', '{"schema_version":1}', lines[2] ?? '']));
  expect(story.readable).toBe(2);
  expect(story.glimpses.map(({ record }) => record)).toEqual([1, 3]);
  expect(story.buckets.map(({ decisions }) => decisions.allow + decisions.block)).toEqual([1, 0, 1]);
});

describe('a long stream', () => {
  const length = 1_000;
  const story = tell(stream(chain(length, (index) => answer(index % 10 === 4 ? 'block' : 'allow'))));

  it('is counted in few buckets that leave no record out', () => {
    const widths = new Set(story.buckets.map(({ from, to }) => to - from + 1));
    expect(story.buckets.length).toBeLessThanOrEqual(MAX_STORY_BUCKETS);
    expect(story.buckets.length).toBeGreaterThan(MAX_STORY_BUCKETS / 2);
    expect([...widths]).toEqual([16]);
    expect(story.buckets.reduce((sum, { decisions }) => sum + decisions.allow + decisions.block, 0)).toBe(length);
    expect(story.buckets.map(({ from }) => from)).toEqual(story.buckets.map((_, index) => index * 16 + 1));
    const times = story.buckets.map(({ time }) => time ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('shows its ends, and refusals between them', () => {
    const records = story.glimpses.map(({ record }) => record);
    const refusals = story.glimpses.slice(MAX_STORY_FIRST_RECORDS, -MAX_STORY_LAST_RECORDS);
    expect(records.slice(0, MAX_STORY_FIRST_RECORDS)).toEqual(
      Array.from({ length: MAX_STORY_FIRST_RECORDS }, (_, i) => i + 1),
    );
    expect(records.slice(-MAX_STORY_LAST_RECORDS)).toEqual(
      Array.from({ length: MAX_STORY_LAST_RECORDS }, (_, i) => length - MAX_STORY_LAST_RECORDS + 1 + i),
    );
    expect(refusals).toHaveLength(MAX_STORY_REFUSALS);
    expect(new Set(refusals.map(({ decision }) => decision))).toEqual(new Set(['block']));
    expect(records).toEqual(records.toSorted((a, b) => a - b));
  });
});

describe('a hostile stream stays small', () => {
  const length = 300;
  const story = tell(
    stream(
      sealChain(
        Array.from({ length }, (_, index) => ({
          request: {
            target: 't'.repeat(5_000),
            runner_auth: { identity: { provider: 'local', repository: `r${index}`.padEnd(3_000, 'x') } },
          },
          response: { decision: 'block', rule_id: `rule-${index}`, reason: 'r'.repeat(100_000) },
        })),
        { ...KEY, id: 'a' },
      ).map((line, index) => (index % 2 === 0 ? line : line.replace('"key_id":"a"', '"key_id":"b"'))),
    ),
  );

  it('in rules, runners and spans of keys, and counts the rest', () => {
    expect(story.rules).toHaveLength(MAX_STORY_RULES);
    expect(story.otherRules).toBe(length - MAX_STORY_RULES);
    expect(story.runners).toHaveLength(MAX_STORY_RUNNERS);
    expect(story.otherRunners).toBe(length - MAX_STORY_RUNNERS);
    expect(story.keySpans).toHaveLength(MAX_STORY_KEY_SPANS);
    expect(story.keySpans.at(-1)).toEqual({ from: MAX_STORY_KEY_SPANS, to: length, key: 'mixed' });
  });

  it('in every text', () => {
    const texts = [
      ...story.glimpses.flatMap(({ reason, question }) => [reason, question.target]),
      ...story.runners.map(({ identity }) => identity.repository ?? ''),
      ...story.rules.map(({ reason }) => reason),
    ];
    expect(Math.max(...texts.map((text) => text.length))).toBe(MAX_REPORT_TEXT);
  });
});
