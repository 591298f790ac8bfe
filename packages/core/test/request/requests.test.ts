import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/domain/decision/rules.ts';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { REQUEST_MEMBERS } from '../../src/domain/request/members.ts';
import { parseRequest } from '../../src/domain/request/parse.ts';
import type { ReleaseGovernance } from '../../src/domain/wire/messages.ts';
import { type LintFinding, lintRequest, newRequest } from '../../src/request/requests.ts';
import { refusalOf } from '../support/refusal.ts';

function values(given: Readonly<Record<string, string | readonly string[]>>): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(given).map(([name, text]) => [name, typeof text === 'string' ? [text] : text]));
}

describe('newRequest', () => {
  it('writes what people and the parser can read', () => {
    const text = newRequest(
      values({
        target: 'prod',
        metadata_kind: 'rollout-promotion-execution',
        approval_state: 'approved',
        approval_id: 'CHG-1',
        approval_required_count: '2',
        delivery_success: 'true',
        evidence_refs: ['a', 'b'],
      }),
    );
    expect(text).toBe(`{
  "action_type": "release_governance_record",
  "target": "prod",
  "release_governance": {
    "metadata_kind": "rollout-promotion-execution",
    "approval_state": "approved",
    "approval_id": "CHG-1",
    "approval_required_count": 2,
    "delivery_success": true,
    "evidence_refs": [
      "a",
      "b"
    ]
  }
}
`);
    expect(decide(parseRequest(Buffer.from(text)), 'strict')).toMatchObject({ decision: 'allow' });
  });

  it('can write every member', () => {
    const samples = { string: 'x"\n', int64: '-9223372036854775808', boolean: 'true', 'string-list': 'x' };
    const all = values(Object.fromEntries(REQUEST_MEMBERS.map(({ name, type }) => [name, samples[type]])));
    const { release_governance: record, ...request } = parseRequest(Buffer.from(newRequest(all)));
    expect([...Object.keys(request), ...Object.keys(record ?? {})].sort()).toEqual([...all.keys()].sort());
    expect(record).toMatchObject({
      blocked_count: -9223372036854775808n,
      delivery_success: true,
      evidence_refs: ['x'],
    });
  });

  it('names every value that does not fit', () => {
    const error = refusalOf(() =>
      newRequest(values({ blocked_count: '1.5', delivery_success: 'yes', target: ['a', 'b'], runner_auth: 'x' })),
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'CAVRA-E204',
      message:
        'target must be given once; delivery_success must be true or false, once; blocked_count must be a decimal integer, once; runner_auth is not a member of a request',
    });
  });

  it.each(['9223372036854775808', '١', '0x1', ' 1', '+1', '', '1'.repeat(1000)])('%j is no count', (text) => {
    expect(refusalOf(() => newRequest(values({ blocked_count: text })))).toMatchObject({ code: 'CAVRA-E204' });
  });

  it('refuses half of a surrogate pair', () => {
    expect(refusalOf(() => newRequest(values({ target: '\ud800' })))).toMatchObject({ code: 'CAVRA-E204' });
  });
});

describe('lintRequest', () => {
  const good: ReleaseGovernance = { metadata_kind: 'rollout-artifact-integrity', integrity_status: 'intact' };

  function lint(record: object, rest: object = {}): readonly LintFinding[] {
    return lintRequest(Buffer.from(JSON.stringify({ target: 'prod', ...rest, release_governance: record })));
  }

  it('tells the decision of a request without faults', () => {
    expect(lint(good)).toEqual([
      {
        level: 'note',
        code: 'strict_decision',
        path: '',
        message:
          'the strict rules decide allow by release_governance.record.verified: rollout-artifact-integrity is recognized release governance evidence with no blocking signal',
      },
    ]);
  });

  it.each<[string, object, object]>([
    [
      'unknown_kind',
      { ...good, metadata_kind: 'Rollout_Artifact_Integrity' },
      { path: '/release_governance/metadata_kind' },
    ],
    ['unknown_kind', { release_channel: 'stable' }, { message: 'prod is not a known kind' }],
    ['unknown_status', { ...good, verification_status: 'OKAY' }, { path: '/release_governance/verification_status' }],
    [
      'unknown_approval_state',
      { ...good, approval_state: 'Pre-Approved' },
      { path: '/release_governance/approval_state' },
    ],
    ['approval_without_id', { ...good, approval_state: 'approved' }, { path: '/release_governance/approval_id' }],
    ['negative_count', { ...good, blocked_count: -1 }, { path: '/release_governance/blocked_count' }],
    ['empty_record', {}, { path: '/release_governance' }],
  ])('warns of %s', (code, record, more) => {
    const findings = lint(record);
    expect(findings).toContainEqual(expect.objectContaining({ level: 'warning', code, ...more }));
    expect(findings.at(-1)).toMatchObject({ level: 'note', code: 'strict_decision' });
  });

  it('says how a misspelt kind is spelt', () => {
    const [finding] = lint({ ...good, metadata_kind: 'Rollout_Artifact_Integrity' });
    expect(finding?.message).toContain('it is spelt rollout-artifact-integrity');
  });

  it('warns of another action', () => {
    expect(lint(good, { action_type: 'Release_Governance_Record' })).toContainEqual(
      expect.objectContaining({ level: 'warning', code: 'other_action' }),
    );
  });

  it('gives errors alone where there are some', () => {
    const bytes = Buffer.from('{"target":1,"runner_auth":{},"release_governance":{"metadata_kind":"odd"}}');
    expect(lintRequest(bytes)).toEqual([
      expect.objectContaining({ level: 'error', code: 'trust_member', path: '/runner_auth' }),
      expect.objectContaining({ level: 'error', code: 'invalid_member', path: '/target' }),
    ]);
    expect(lintRequest(Buffer.from('{"a":1,"a":2}'))).toEqual([
      expect.objectContaining({ level: 'error', code: 'not_json', path: '/a' }),
    ]);
  });

  it('keeps hostile text on one line', () => {
    const hostile = 'x\n::error::y\u202e';
    for (const { message } of lint({ metadata_kind: hostile, approval_state: hostile, integrity_status: hostile })) {
      expect(message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
  });
});
