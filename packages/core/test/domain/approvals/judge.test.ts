import { describe, expect, it } from '@jest/globals';
import { type SigningOptions, sshSign, sshSigner } from '../../../../../test/support/ssh-signer.ts';
import type { OfferedApproval, PlatformEntry, SourceAnswer } from '../../../src/domain/approvals/judging/facts.ts';
import { judgeApprovals } from '../../../src/domain/approvals/judging/judge.ts';
import { type ApprovalsVerdict, findingOf } from '../../../src/domain/approvals/judging/verdict.ts';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import {
  ARTIFACT,
  ann,
  approvalBy,
  bob,
  type CaseChanges,
  COMMIT,
  cara,
  caseOf,
  MANAGERS,
  NOW,
  person,
  type StatementChanges,
} from '../../support/approvals.ts';

const judge = (
  offered: readonly OfferedApproval[],
  changes: CaseChanges = {},
  answers: readonly SourceAnswer[] = [],
): ApprovalsVerdict => judgeApprovals(caseOf(changes), offered, answers);

/** Why the only approval does not count; null: it does. */
function whyNot(offered: OfferedApproval, changes: CaseChanges = {}): string | null {
  const { approvals, counted, proven } = judge([offered], changes);
  const [approval] = approvals;
  expect(approvals).toHaveLength(1);
  expect({ counted, proven }).toEqual(
    approval?.counted && approval.decision === 'approve' ? { counted: 1, proven: true } : { counted: 0, proven: false },
  );
  return approval?.whyNot ?? null;
}

const HOUR = 3_600_000;
const at = (ms: number) => new Date(NOW + ms).toISOString().replace('.000Z', 'Z');

describe('a signed approval', () => {
  it('counts', () => {
    const verdict = judge([approvalBy(ann)]);
    expect(verdict).toMatchObject({
      required: 1,
      counted: 1,
      proven: true,
      approvers: ['ann'],
      sources: ['ssh'],
      emergency: null,
      remarks: [],
    });
    expect(verdict.approvals[0]).toMatchObject({
      source: 'ssh',
      approver: { name: 'ann', id: '1001' },
      decision: 'approve',
      givenAtMs: Date.parse('2026-11-27T09:00:00Z'),
      counted: true,
      whyNot: null,
      boundTo: { repository: 'github-actions:octo-org/octo-repo', commit: COMMIT, target: 'production' },
    });
    expect(findingOf(verdict)).toEqual({
      rejectedBy: [],
      emergencyBy: null,
      proven: true,
      summary: '1 of 1 required person approved; ann by ssh',
    });
  });

  it('counts once for a person, however often it is given', () => {
    const twice = [approvalBy(ann), approvalBy(ann, { predicate: { nonce: 'f'.repeat(32) } })];
    expect(judge(twice, { terms: { required: 2 } })).toMatchObject({ counted: 1, proven: false, required: 2 });
    const [first] = twice;
    expect(
      judge([approvalBy(ann), ...(first === undefined ? [] : [first, { ...first, name: 'copy' }])]).approvals.length,
    ).toBeLessThan(3);
    expect(judge([...twice, approvalBy(bob)], { terms: { required: 2 } })).toMatchObject({
      counted: 2,
      proven: true,
      approvers: ['ann', 'bob'],
    });
  });

  it('counts once for a person with two keys', () => {
    const second = sshSigner();
    const both = [
      {
        ...person('ann', { ids: { github: '1001' } }),
        keys: [ann, second].flatMap((signer) => person('x', { signer }).keys),
      },
    ];
    expect(
      judge([approvalBy(ann), approvalBy(second)], { terms: { required: 2 }, lists: { managers: both } }),
    ).toMatchObject({ counted: 1, proven: false });
  });

  it('is asked for as often as the request says, where that is more', () => {
    expect(judge([approvalBy(ann)], { request: { requiredCount: 2 } })).toMatchObject({ required: 2, proven: false });
    expect(judge([approvalBy(ann)], { request: { requiredCount: -3 } })).toMatchObject({ required: 1, proven: true });
  });

  it.each<[string, StatementChanges, CaseChanges, string | null]>([
    ['another provider', { predicate: { provider: 'gitlab-ci' } }, {}, 'it is of the provider gitlab-ci'],
    [
      'another repository',
      { predicate: { repository: 'octo-org/other' } },
      {},
      'it is of the repository octo-org/other',
    ],
    [
      'a repository in other letters',
      { predicate: { repository: 'Octo-Org/octo-repo' } },
      {},
      'it is of the repository',
    ],
    ['the issuer', { predicate: { issuer: 'https://token.actions.githubusercontent.com' } }, {}, null],
    ['another issuer', { predicate: { issuer: 'https://evil.example' } }, {}, 'it is of the issuer'],
    [
      'an issuer that nobody proved',
      { predicate: { issuer: 'https://x.example' } },
      { run: { issuer: null } },
      'nothing proves that',
    ],
    ['the repository’s id', { predicate: { repository_id: '74' } }, {}, null],
    ['another id', { predicate: { repository_id: '75' } }, {}, 'it is of the repository_id 75, this run of 74'],
    ['another target', { predicate: { target: 'staging' } }, {}, 'it is of the target staging'],
    ['no target', { predicate: { target: null } }, {}, 'it is of the target (none), this run of production'],
    ['nothing where the request says nothing', { predicate: { target: null } }, { request: { target: null } }, null],
    ['another version', { predicate: { release_version: '1.2.4' } }, {}, 'it is of the release_version 1.2.4'],
    ['another kind', { predicate: { metadata_kind: 'rollout-rollback-execution' } }, {}, 'it is of the metadata_kind'],
    ['another commit', { commit: COMMIT.replace('0', '1') }, {}, 'it is of the commit'],
    ['no commit', { commit: null }, {}, 'it names no commit, which the policy binds'],
    ['no commit where none is bound', { commit: null }, { terms: { bind: ['request'] } }, null],
    [
      'another commit where none is bound',
      { commit: COMMIT.replace('0', '1') },
      { terms: { bind: ['request'] } },
      'it is of the commit',
    ],
    ['a commit that nobody proved', {}, { run: { commit: null } }, 'nothing proves that of this run'],
    ['this run', { predicate: { run_id: '30433642' } }, {}, null],
    ['another run', { predicate: { run_id: '30433641' } }, {}, 'it is of the run_id 30433641'],
    [
      'no run where it is bound',
      {},
      { terms: { bind: ['request', 'run'] } },
      'it names no run_id, which the policy binds',
    ],
    ['the artifact', { artifacts: [ARTIFACT] }, { facts: { artifacts: [ARTIFACT] } }, null],
    [
      'the artifact from another folder',
      { artifacts: [{ ...ARTIFACT, name: 'app.tgz' }] },
      { facts: { artifacts: [ARTIFACT] } },
      null,
    ],
    [
      'the artifact under another name',
      { artifacts: [{ ...ARTIFACT, name: 'other.tgz' }] },
      { facts: { artifacts: [ARTIFACT] } },
      'other artifacts',
    ],
    [
      'another artifact',
      { artifacts: [{ ...ARTIFACT, sha256: 'a'.repeat(64) }] },
      { facts: { artifacts: [ARTIFACT] } },
      'other artifacts',
    ],
    [
      'one of two artifacts',
      { artifacts: [ARTIFACT] },
      { facts: { artifacts: [ARTIFACT, { name: 'b', sha256: 'b'.repeat(64) }] } },
      'other artifacts',
    ],
    [
      'more artifacts',
      { artifacts: [ARTIFACT, { name: 'b', sha256: 'b'.repeat(64) }] },
      { facts: { artifacts: [ARTIFACT] } },
      'other artifacts',
    ],
    [
      'no artifacts where some are given',
      {},
      { facts: { artifacts: [ARTIFACT] } },
      'it names no artifacts, which the policy binds',
    ],
    [
      'no artifacts where they are not bound',
      {},
      { facts: { artifacts: [ARTIFACT] }, terms: { bind: ['request', 'commit'] } },
      null,
    ],
    ['artifacts where none are given', { artifacts: [ARTIFACT] }, {}, 'the gate is given none'],
    [
      'artifacts bound where none are given',
      {},
      { terms: { bind: ['request', 'artifacts'] } },
      'it names no artifacts',
    ],
  ])('names %s', (_, changes, context, expected) => {
    const reason = whyNot(approvalBy(ann, changes), context);
    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toContain(expected);
  });

  it.each<[string, number, number, string | null]>([
    ['now', 0, 72 * HOUR, null],
    ['within a minute', 60_000, 60_000 + 72 * HOUR, null],
    ['in the future', 61_000, 72 * HOUR, 'in the future'],
    ['a moment ago', -HOUR, 1_000, null],
    ['until now', -HOUR, 0, 'it expired at'],
    ['for longer than the policy lets it', -HOUR, 71 * HOUR + 1_000, 'it lasts longer than 3d'],
    ['for exactly that long', -HOUR, 71 * HOUR, null],
  ])('serves %s', (_, from, until, expected) => {
    const reason = whyNot(approvalBy(ann, { predicate: { not_before: at(from), not_after: at(until) } }));
    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toContain(expected);
  });

  it.each<[string, CaseChanges, string]>([
    ['nobody of the lists', { lists: { managers: [] } }, 'stands in no list'],
    ['somebody of another list', { lists: { managers: [], others: MANAGERS } }, 'not among its approvers'],
    [
      'somebody who left',
      { lists: { managers: [{ ...person('ann', { ids: { github: '1001' }, signer: ann }), validBefore: NOW }] } },
      'no longer an approver',
    ],
    [
      'somebody revoked',
      { lists: { managers: [{ ...person('ann', { ids: { github: '1001' }, signer: ann }), revokedSince: NOW }] } },
      'the person is revoked',
    ],
    ['somebody who started the run', { facts: { starters: { ids: ['9', '1001'] } } }, 'the person started this run'],
    [
      'somebody, and nobody knows who started',
      { facts: { starters: { unresolved: 'HTTP 403' } } },
      'who started the run is not known: HTTP 403',
    ],
    [
      'somebody without id',
      { lists: { managers: [person('ann', { signer: ann })] } },
      'the policy has no id of the person on github-actions',
    ],
    [
      'somebody with an id of another platform',
      { lists: { managers: [person('ann', { ids: { gitlab: '1001' }, signer: ann })] } },
      'the policy has no id',
    ],
    [
      'an author',
      { terms: { exclude: ['starter', 'commit-authors'] }, facts: { authors: { ids: ['1001'] } } },
      'the person wrote what is released',
    ],
    [
      'somebody, and nobody knows who wrote it',
      { terms: { exclude: ['commit-authors'] }, facts: { authors: { unresolved: 'no pull request' } } },
      'who wrote it is not known: no pull request',
    ],
    ['somebody where no signatures are taken', { terms: { sources: ['github-environment'] } }, 'takes no signatures'],
  ])('is of %s', (_, changes, expected) => {
    expect(whyNot(approvalBy(ann), changes)).toContain(expected);
  });

  it('may be of the starter where nobody is excluded', () => {
    const changes: CaseChanges = { terms: { exclude: [] }, facts: { starters: { ids: ['1001'] } } };
    expect(whyNot(approvalBy(ann), changes)).toBeNull();
    expect(whyNot(approvalBy(ann), { ...changes, facts: { starters: { unresolved: 'HMAC' } } })).toBeNull();
  });

  it('is of a key within its period', () => {
    const list = (period: object) => ({
      lists: {
        managers: [
          {
            name: 'ann',
            ids: { github: '1001' },
            keys: person('ann', { signer: ann }).keys.map((key) => ({ ...key, ...period })),
          },
        ],
      },
    });
    expect(whyNot(approvalBy(ann), list({ validAfter: NOW, validBefore: NOW + 1 }))).toBeNull();
    expect(whyNot(approvalBy(ann), list({ validAfter: NOW + 1 }))).toBe('its key is not valid yet');
    expect(whyNot(approvalBy(ann), list({ validBefore: NOW }))).toBe('its key is no longer valid');
  });

  it('is signed, by its own signature', () => {
    const approval = approvalBy(ann);
    expect(whyNot({ ...approval, signature: null })).toContain('no signature stands beside it');
    expect(whyNot({ ...approval, signature: approvalBy(ann, { commit: null }).signature })).toContain(
      'over these bytes',
    );
    expect(whyNot({ ...approval, signature: Buffer.from('x') })).toContain('BEGIN SSH SIGNATURE');
    expect(whyNot({ ...approval, signature: sshSign(ann, approval.statement, { namespace: 'git' }) })).toContain(
      'was made for git',
    );
    expect(whyNot({ ...approval, signature: sshSign(cara, approval.statement) })).toContain('stands in no list');
  });

  it('does not survive a change of any byte', () => {
    const { statement, signature, name } = approvalBy(ann);
    for (const at of statement.keys()) {
      const changed = Buffer.from(statement);
      changed.writeUInt8((statement[at] ?? 0) ^ 1, at);
      expect([at, judge([{ name, statement: changed, signature }]).proven]).toEqual([at, false]);
    }
    expect(judge([{ name, statement: Buffer.concat([statement, Buffer.from('\n')]), signature }])).toMatchObject({
      proven: false,
      remarks: [expect.stringContaining('is no approval')],
    });
  });
});

describe('an approval with an authenticator', () => {
  const key = sshSigner('sk-ssh-ed25519@openssh.com');
  const browserKey = sshSigner('sk-ecdsa-sha2-nistp256@openssh.com', 'example.com');
  const origin = 'https://approve.example.com';
  const lists = {
    managers: [
      person('ann', { ids: { github: '1001' }, signer: key }),
      person('bob', { ids: { github: '1002' }, signer: browserKey }),
    ],
  };
  const ssh = (changes: object) => ({ terms: { ssh: { ...caseOf().terms.ssh, ...changes } }, lists });

  it.each<[string, SigningOptions, object, string | null]>([
    ['touched', { flags: 1 }, {}, null],
    ['not touched', { flags: 0 }, {}, 'its key was not touched'],
    ['not touched where nobody asks', { flags: 0 }, { userPresence: false }, null],
    ['touched where a PIN is asked for', { flags: 1 }, { userVerification: true }, 'its key was given no PIN'],
    ['touched and with a PIN', { flags: 5 }, { userVerification: true }, null],
    ['with a PIN, not touched', { flags: 4 }, { userVerification: true }, 'its key was not touched'],
  ])('%s', (_, options, changes, expected) => {
    expect(whyNot(approvalBy(key, {}, options), ssh(changes))).toBe(expected);
  });

  it('from a browser, only from the pages that the policy names', () => {
    const approval = approvalBy(browserKey, {}, { origin });
    const refused = 'a browser signed it from a page that the policy does not name';
    expect(whyNot(approval, ssh({}))).toBe(refused);
    expect(whyNot(approval, ssh({ webauthnOrigins: [`${origin}.evil.example`, 'https://example.com'] }))).toBe(refused);
    expect(whyNot(approval, ssh({ webauthnOrigins: [origin] }))).toBeNull();
    expect(whyNot(approvalBy(browserKey), ssh({}))).toBeNull();
  });

  it('asks nothing of a key in a file', () => {
    expect(whyNot(approvalBy(ann), { terms: { ssh: { ...caseOf().terms.ssh, userVerification: true } } })).toBeNull();
  });
});

describe('a signed rejection', () => {
  const rejection = (changes: StatementChanges = {}) =>
    approvalBy(bob, { ...changes, predicate: { decision: 'reject', ...changes.predicate } });

  it('stops, beside any number of approvals', () => {
    const verdict = judge([approvalBy(ann), rejection()]);
    expect(verdict).toMatchObject({ counted: 1, proven: true });
    expect(findingOf(verdict).rejectedBy).toEqual(['bob by ssh']);
  });

  it.each<[string, CaseChanges]>([
    ['the starter', { facts: { starters: { ids: ['1002'] } } }],
    ['somebody, where nobody knows who started', { facts: { starters: { unresolved: 'x' } } }],
    ['somebody without id', { lists: { managers: [person('bob', { signer: bob })] } }],
    [
      'somebody of the emergency list',
      { terms: { emergency: ['incident'] }, lists: { managers: [], incident: [person('bob', { signer: bob })] } },
    ],
    ['somebody, where signatures are not taken', { terms: { sources: ['github-environment'] } }],
  ])('is taken from %s', (_, changes) => {
    expect(findingOf(judge([rejection()], changes)).rejectedBy).toEqual(['bob by ssh']);
  });

  it.each<[string, StatementChanges, CaseChanges]>([
    ['of another commit', { commit: COMMIT.replace('0', '1') }, {}],
    ['that expired', { predicate: { not_before: at(-HOUR), not_after: at(0) } }, {}],
    ['of a stranger', {}, { lists: { managers: [] } }],
    ['of a leaver', {}, { lists: { managers: [{ ...person('bob', { signer: bob }), validBefore: NOW }] } }],
  ])('does not stop: %s', (_, changes, context) => {
    expect(findingOf(judge([rejection(changes)], context)).rejectedBy).toEqual([]);
  });
});

describe('an emergency', () => {
  const incident = { terms: { emergency: ['incident'] }, lists: { incident: [person('cara', { signer: cara })] } };
  const emergency = (predicate: StatementChanges['predicate'] = {}, changes: StatementChanges = {}, signer = cara) =>
    approvalBy(signer, {
      ...changes,
      predicate: {
        decision: 'emergency',
        reason: 'database is down',
        run_id: '30433642',
        not_before: at(-HOUR),
        not_after: at(HOUR),
        ...predicate,
      },
    });

  it('lets pass alone, and is no approval', () => {
    const verdict = judge([emergency()], incident);
    expect(verdict).toMatchObject({ counted: 0, proven: false, approvers: [], emergency: 'cara' });
    expect(findingOf(verdict)).toMatchObject({ emergencyBy: 'cara', proven: false });
  });

  it('may be declared by the starter', () => {
    const facts = { starters: { ids: ['1003'] } };
    const lists = { incident: [person('cara', { ids: { github: '1003' }, signer: cara })] };
    expect(judge([emergency()], { ...incident, lists, facts }).emergency).toBe('cara');
  });

  it.each<[string, OfferedApproval, string]>([
    ['without reason', emergency({ reason: ' ' }), 'an emergency needs a reason'],
    ['of another run', emergency({ run_id: '1' }), 'it is of the run_id 1'],
    ['of no run', emergency({ run_id: null }), 'it names no run_id'],
    ['of no commit', emergency({}, { commit: null }), 'it names no commit'],
    ['for longer than four hours', emergency({ not_after: at(3 * HOUR + 1_000) }), 'it lasts longer than 4h'],
    ['that expired', emergency({ not_after: at(0) }), 'it expired'],
    ['of an ordinary approver', emergency({}, {}, ann), 'may not declare an emergency'],
  ])('does not: %s', (_, offered, expected) => {
    const verdict = judge([offered], incident);
    expect(verdict.emergency).toBeNull();
    expect(verdict.approvals[0]?.whyNot).toContain(expected);
  });

  it('is nothing where the policy names no list', () => {
    expect(judge([emergency()], { lists: incident.lists })).toMatchObject({ emergency: null, proven: false });
  });

  it('must be touched, whatever the policy says', () => {
    const key = sshSigner('sk-ssh-ed25519@openssh.com');
    const terms = { ...incident.terms, ssh: { ...caseOf().terms.ssh, userPresence: false } };
    const lists = { incident: [person('cara', { signer: key })] };
    const offered = (flags: number) => {
      const { name, statement } = emergency();
      return { name, statement, signature: sshSign(key, statement, { flags }) };
    };
    expect(judge([offered(0)], { terms, lists }).emergency).toBeNull();
    expect(judge([offered(1)], { terms, lists }).emergency).toBe('cara');
  });

  it('of a person of that list is no ordinary approval', () => {
    expect(judge([approvalBy(cara)], incident)).toMatchObject({ proven: false, emergency: null });
  });
});

describe('what was handed over', () => {
  it('is looked through for the approvals of this request', () => {
    const other = approvalBy(ann, { request: { name: 'other.json', sha256: 'a'.repeat(64) } });
    const stale = {
      ...approvalBy(ann, { request: { name: 'prod.json', sha256: 'a'.repeat(64) } }),
      name: 'stale.approval.json',
    };
    const broken = { name: 'broken.approval.json', statement: Buffer.from('{}'), signature: null };
    const verdict = judge([other, stale, broken, approvalBy(bob)]);
    expect(verdict.approvals.map(({ approver }) => approver.name)).toEqual(['bob']);
    expect(verdict.remarks).toEqual([
      'stale.approval.json is of other bytes of prod.json: it was changed since',
      expect.stringContaining('broken.approval.json is no approval: /_type must be'),
    ]);
  });

  it('is at most sixteen approvals of a request', () => {
    const many = Array.from({ length: 17 }, (_, index) =>
      approvalBy(ann, { predicate: { nonce: String(index).padStart(32, '0') } }),
    );
    expect(judge(many.slice(1)).approvals).toHaveLength(16);
    expect(() => judge(many)).toThrow(ConfigurationError);
    expect(() => judge(many)).toThrow(expect.objectContaining({ code: 'CAVRA-E252' }));
    const [first] = many;
    expect(judge(Array.from({ length: 40 }, () => first as OfferedApproval)).approvals).toHaveLength(1);
  });
});

describe('an entry of a platform', () => {
  const entry = (changes: Partial<PlatformEntry> = {}): PlatformEntry => ({
    source: 'github-environment',
    decision: 'approve',
    personId: '1001',
    givenAtMs: NOW - HOUR,
    stopsRun: changes.decision === 'reject',
    boundTo: { run_id: '30433642', environment: 'production' },
    proof: { path: '/repos/octo-org/octo-repo/actions/runs/30433642/approvals', members: { state: 'approved' } },
    ...changes,
  });
  const answer = (...entries: readonly PlatformEntry[]): readonly SourceAnswer[] => [
    { source: 'github-environment', entries, problem: null },
  ];

  it('counts beside signatures, and a person of both once', () => {
    const changes: CaseChanges = { terms: { required: 2 } };
    expect(judge([approvalBy(ann)], changes, answer(entry()))).toMatchObject({ counted: 1, proven: false });
    expect(judge([approvalBy(bob)], changes, answer(entry()))).toMatchObject({
      counted: 2,
      proven: true,
      approvers: ['bob', 'ann'],
      sources: ['ssh', 'github-environment'],
    });
  });

  it.each<[string, Partial<PlatformEntry>, CaseChanges, string]>([
    ['of somebody else', { personId: '7' }, {}, 'not among its approvers'],
    ['of the starter', {}, { facts: { starters: { ids: ['1001'] } } }, 'started this run'],
    ['of somebody, and nobody knows who started', {}, { facts: { starters: { unresolved: 'x' } } }, 'not known'],
    ['that is too old', { givenAtMs: NOW - 72 * HOUR - 1 }, {}, 'it is older than 3d'],
    ['of the future', { givenAtMs: NOW + 61_000 }, {}, 'in the future'],
    ['without time', { givenAtMs: null }, {}, 'says no time'],
    [
      'of another source',
      { source: 'github-pull-request' },
      { terms: { sources: ['ssh'] } },
      'does not take this source',
    ],
    [
      'of a leaver',
      {},
      { lists: { managers: [{ ...person('ann', { ids: { github: '1001' } }), validBefore: NOW }] } },
      'no longer',
    ],
  ])('does not count: %s', (_, changes, context, expected) => {
    const verdict = judge([], context, answer(entry(changes)));
    expect(verdict).toMatchObject({ counted: 0, proven: false });
    expect(verdict.approvals[0]?.whyNot).toContain(expected);
  });

  it('stops the run where it rejects it, whoever gave it and when', () => {
    for (const changes of [{}, { personId: '7' }, { givenAtMs: null }, { givenAtMs: NOW - 1_000 * HOUR }]) {
      const verdict = judge([approvalBy(ann)], {}, answer(entry({ decision: 'reject', ...changes })));
      expect(findingOf(verdict).rejectedBy).toHaveLength(1);
    }
  });

  it('that asks for changes is taken from approvers alone', () => {
    const changesRequested = { source: 'github-pull-request', decision: 'reject', stopsRun: false } as const;
    expect(findingOf(judge([], {}, answer(entry(changesRequested)))).rejectedBy).toEqual([
      'ann by github-pull-request',
    ]);
    expect(findingOf(judge([], {}, answer(entry({ ...changesRequested, personId: '7' })))).rejectedBy).toEqual([]);
    const starter = { facts: { starters: { ids: ['1001'] } } };
    expect(findingOf(judge([], starter, answer(entry(changesRequested)))).rejectedBy).toHaveLength(1);
  });

  it('is missed where the platform could not be asked', () => {
    const verdict = judge([], {}, [{ source: 'github-environment', entries: [], problem: 'HTTP 403' }]);
    expect(verdict).toMatchObject({ proven: false, remarks: ['github-environment could not be asked: HTTP 403'] });
    expect(findingOf(verdict)).toMatchObject({
      rejectedBy: [],
      summary: '0 of 1 required person approved; github-environment could not be asked: HTTP 403',
    });
  });
});
