import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildResponse } from '../../../src/domain/decision/response.ts';
import { decide } from '../../../src/domain/decision/rules.ts';
import { parseRequest } from '../../../src/domain/request/parse.ts';
import type { DecisionResponse } from '../../../src/domain/wire/messages.ts';

interface Vector {
  readonly id: string;
  readonly request: unknown;
  readonly expected: Readonly<Record<string, string>>;
}

const VECTORS_FILE = new URL('../../../../../test/vectors/release_governance_decisions.jsonl', import.meta.url);
const VECTORS: readonly Vector[] = readFileSync(VECTORS_FILE, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const STAMP = { decisionId: 'dec_000000000001', correlationId: 'corr_000000000001', timestamp: '2026-01-02T03:04:05Z' };

function respond({ request }: Vector): DecisionResponse {
  const parsed = parseRequest(Buffer.from(JSON.stringify(request)));
  return buildResponse(parsed, decide(parsed, 'compatible'), STAMP);
}

/** The fields that the vectors name; they write an absent one as the empty string. */
function compared(response: DecisionResponse, names: readonly string[]): Record<string, unknown> {
  const members: Readonly<Record<string, unknown>> = { ...response };
  return Object.fromEntries(names.map((name) => [name, members[name] ?? '']));
}

describe('decisions of the Go implementation', () => {
  it('has all vectors', () => {
    expect(VECTORS).toHaveLength(2529);
  });

  it('are ours under the compatible rules, in every compared field', () => {
    const differing = VECTORS.filter(
      (vector) =>
        JSON.stringify(compared(respond(vector), Object.keys(vector.expected))) !== JSON.stringify(vector.expected),
    );
    expect(differing.map(({ id }) => id)).toEqual([]);
  });

  it('compares what a wrong verdict would change', () => {
    const [first] = VECTORS;
    expect(Object.keys(first?.expected ?? {})).toEqual(
      expect.arrayContaining(['decision', 'rule_id', 'severity', 'reason', 'approver_group', 'target', 'policy_id']),
    );
  });
});
