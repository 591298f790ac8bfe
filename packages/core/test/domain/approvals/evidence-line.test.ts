import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { approvalsJsonSchema } from '../../../../../scripts/published/approvals-schema.ts';
import { ApprovalError } from '../../../src/domain/approvals/error.ts';
import { approvalsLine, approvalsReference, encodeApprovalsLine } from '../../../src/domain/approvals/evidence/line.ts';
import { readApprovalsLine } from '../../../src/domain/approvals/evidence/line-reader.ts';
import type { SourceAnswer } from '../../../src/domain/approvals/judging/facts.ts';
import { judgeApprovals } from '../../../src/domain/approvals/judging/judge.ts';
import {
  ARTIFACT,
  ann,
  approvalBy,
  bob,
  type CaseChanges,
  caseOf,
  NOW,
  REQUEST_SHA256,
} from '../../support/approvals.ts';

const published = readFileSync(new URL('../../../../../schemas/approvals.schema.json', import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: true }).compile(JSON.parse(published));

const ANSWERS: readonly SourceAnswer[] = [
  {
    source: 'github-environment',
    problem: null,
    entries: [
      {
        source: 'github-environment',
        decision: 'approve',
        personId: '1002',
        givenAtMs: NOW,
        stopsRun: false,
        boundTo: { environment: 'production' },
        proof: { path: '/repos/o/r/actions/runs/1/approvals', members: { state: 'approved', user: { id: 1002 } } },
      },
    ],
  },
  { source: 'github-pull-request', entries: [], problem: 'HTTP 404' },
];

function lineOf(changes: CaseChanges = {}) {
  const context = caseOf(changes);
  const offered = [approvalBy(ann, { artifacts: [...context.facts.artifacts] }), approvalBy(bob, { commit: null })];
  const verdict = judgeApprovals(context, offered, ANSWERS);
  return approvalsLine(context, verdict, { recordId: '0123456789abcdef01234567', trustRule: 'production' });
}

const VARIANTS: readonly CaseChanges[] = [
  {},
  { facts: { artifacts: [ARTIFACT], starters: { unresolved: 'x' } }, terms: { bind: ['request'], exclude: [] } },
  {
    terms: { emergency: ['managers'] },
    run: { issuer: null, repositoryId: null, asserted: ['commit', 'run_id'] },
    request: { name: null },
  },
];

describe('a line of the approvals file', () => {
  it.each(VARIANTS)('is read as it was written: %#', (changes) => {
    const line = lineOf(changes);
    const text = encodeApprovalsLine(line);
    expect(readApprovalsLine(Buffer.from(text))).toEqual(JSON.parse(JSON.stringify(line)));
    expect({ valid: validate(JSON.parse(text)), errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  it('has what was judged, and why', () => {
    const line = lineOf({ terms: { required: 2 } });
    expect(line).toMatchObject({
      request_sha256: REQUEST_SHA256,
      judged_at: '2026-11-27T10:00:00Z',
      trust_rule: 'production',
      starters: ['9'],
      approvers: [
        { name: 'ann', roles: ['approver'], ssh: [{ key: ann.publicKey, valid_after: null, valid_before: null }] },
        { name: 'bob', roles: ['approver'] },
      ],
      approvals: [
        { source: 'ssh', approver: { name: 'ann', id: '1001' }, counted: true, why_not: null },
        {
          source: 'ssh',
          approver: { name: 'bob' },
          counted: false,
          why_not: 'it names no commit, which the policy binds',
        },
        { source: 'github-environment', approver: { name: 'bob', id: '1002' }, counted: true },
      ],
      remarks: ['github-pull-request could not be asked: HTTP 404'],
      summary: {
        required: 2,
        counted: 2,
        sources: ['ssh', 'github-environment'],
        approvers: ['ann', 'bob'],
        emergency: null,
      },
    });
  });

  it('is referred to by the digest of its bytes', () => {
    const text = encodeApprovalsLine(lineOf());
    expect(approvalsReference(text)).toBe(
      `urn:cavra:approvals:sha256:${createHash('sha256').update(text).digest('hex')}`,
    );
  });

  it.each<[string, (text: string) => string]>([
    ['white space', (text) => text.replace('","record_id', '", "record_id')],
    ['an unknown member', (text) => text.replace('"remarks":[', '"extra":1,"remarks":[')],
    ['a member that is missing', (text) => text.replace('"starters":["9"],', '')],
    ['another version', (text) => text.replace('approvals.v1', 'approvals.v2')],
    ['a reason why what counts does not', (text) => text.replace('"why_not":null', '"why_not":"x"')],
    ['no reason why something does not count', (text) => text.replace(/"why_not":"it names[^"]*"/, '"why_not":null')],
    ['another source', (text) => text.replace('"source":"ssh"', '"source":"pgp"')],
    ['a proof of another source', (text) => text.replace('"source":"ssh"', '"source":"github-environment"')],
    ['no proof', (text) => text.replace(/"proof":\{"path".*?\}\}\}/, '"proof":null')],
    ['a time with a fraction', (text) => text.replace('10:00:00Z', '10:00:00.1Z')],
    ['bound to something that is no text', (text) => text.replace('"environment":"production"', '"environment":1')],
    ['no JSON', () => '{'],
  ])('is refused with %s', (_, change) => {
    const text = encodeApprovalsLine(lineOf());
    expect(change(text)).not.toBe(text);
    expect(() => readApprovalsLine(Buffer.from(change(text)))).toThrow(ApprovalError);
  });
});

it('the published schema is the one of the code; `node scripts/generate-schemas.mjs` writes it', () => {
  expect(published).toBe(approvalsJsonSchema());
});
