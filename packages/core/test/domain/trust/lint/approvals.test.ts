import { describe, expect, it } from '@jest/globals';
import { sshSigner } from '../../../../../../test/support/ssh-signer.ts';
import { lintPolicy } from '../../../../src/domain/trust/lint/lint.ts';
import { parseTrustPolicy } from '../../../../src/domain/trust/parse/parse-policy.ts';
import { githubRule, gitlabRule } from '../../../support/trust.ts';

type Plain = Readonly<Record<string, unknown>>;

const NOW = Date.parse('2026-11-27T10:00:00Z');
const LEAD = { name: 'lead', github: '1001', ssh: [sshSigner().publicKey] };
const DUTY = { name: 'duty', github: '1002', ssh: [sshSigner().publicKey] };
const KEYS_ONLY = { name: 'keys', ssh: [sshSigner().publicKey] };
const ID_ONLY = { name: 'id', github: '1003' };
const TERMS = { required: 1, approvers: ['managers'], sources: ['ssh', 'github-environment'] };
const REQUESTS = { target: 'prod' };

const github = (match: Plain = {}, members: Plain = {}) =>
  githubRule(
    { repository_id: '74', ref: 'refs/heads/main', ref_protected: true, ...match },
    { requests: REQUESTS, ...members },
  );

const CODES = [
  'approval-bypass',
  'self-approval',
  'useless-source',
  'too-few-approvers',
  'uncountable-approver',
  'past-approver',
];

/** `code path: message` of each finding on approvals. */
function lint(
  rules: readonly unknown[],
  managers: readonly unknown[] = [LEAD, DUTY],
  lists: Plain = {},
): readonly string[] {
  const document = {
    schema_version: 'cavra.release-governance.trust-policy.v1',
    approvers: { managers, ...lists },
    rules,
  };
  return lintPolicy(parseTrustPolicy(document), NOW)
    .filter(({ code }) => CODES.includes(code))
    .map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

const asking = (changes: Plain = {}, members: Plain = {}, match: Plain = {}) =>
  github(match, { name: 'asking', approvals: { ...TERMS, ...changes }, ...members });

describe('approvals', () => {
  it('are fine with the starter excluded and people who can count', () => {
    expect(lint([asking()])).toEqual([]);
    expect(lint([asking({ required: 2, emergency: ['managers'] })])).toEqual([]);
  });

  it('without exclusion of the starter', () => {
    for (const exclude of [[], ['commit-authors']]) {
      expect(lint([asking({ exclude })])).toEqual([
        'self-approval rules[0].approvals.exclude: exclude does not name the starter',
      ]);
    }
  });

  it('of sources that prove nothing here', () => {
    expect(lint([asking({ sources: ['ssh', 'gitlab-deployment', 'azure-approval'] })])).toEqual([
      'useless-source rules[0].approvals.sources: gitlab-deployment proves nothing to a run of github-actions by oidc',
      'useless-source rules[0].approvals.sources: azure-approval proves nothing to a run of github-actions by oidc',
    ]);
    const hmac = asking({ exclude: [] }, { methods: ['hmac'] }, { repository_id: undefined, ref_protected: undefined });
    expect(lint([hmac])).toContain(
      'useless-source rules[0].approvals.sources: github-environment proves nothing to a run of github-actions by hmac',
    );
  });

  it('of more people than there are', () => {
    expect(lint([asking({ required: 3 })])).toEqual([
      'too-few-approvers rules[0].approvals.required: 3 people must approve, but only 2 of the lists can',
    ]);
  });

  it('of people who cannot count', () => {
    expect(lint([asking()], [LEAD, KEYS_ONLY])).toEqual([
      'uncountable-approver rules[0].approvals.approvers: keys have no id on github-actions, or no key, that a source could prove',
    ]);
    expect(lint([asking({ exclude: [] })], [LEAD, KEYS_ONLY])).toEqual([expect.stringContaining('self-approval')]);
    expect(lint([asking({ sources: ['ssh'] })], [LEAD, ID_ONLY])).toEqual([
      expect.stringContaining('uncountable-approver'),
    ]);
    expect(lint([asking({ sources: ['github-environment'] })], [LEAD, ID_ONLY])).toEqual([]);
    expect(lint([asking({ emergency: ['incident'] })], [LEAD], { incident: [ID_ONLY] })).toEqual([
      'uncountable-approver rules[0].approvals.emergency: id have no key, without which nobody signs an emergency',
    ]);
  });

  it('of people who are past', () => {
    const left = { ...DUTY, valid_before: '2026-11-27T10:00:00Z' };
    expect(lint([asking()], [LEAD, left])).toEqual(['past-approver rules[0].approvals.approvers: duty are past']);
    expect(lint([asking({ required: 2 })], [LEAD, { ...DUTY, revoked_since: '2026-01-01T00:00:00Z' }])).toEqual([
      'too-few-approvers rules[0].approvals.required: 2 people must approve, but only 1 of the lists can',
      'past-approver rules[0].approvals.approvers: duty are past',
    ]);
    expect(lint([asking()], [LEAD, { ...DUTY, valid_before: '2026-11-27T10:00:01Z' }])).toEqual([]);
  });
});

describe('a rule without approvals', () => {
  const bypass = [expect.stringMatching(/^approval-bypass rules\[\d\]: the rule asking asks for approvals/)];

  it.each<[string, Plain, Plain]>([
    ['of the same requests', {}, {}],
    ['of every request', {}, { requests: undefined }],
    [
      'of another kind of the same target',
      {},
      { requests: { ...REQUESTS, metadata_kind: 'rollout-evidence-capture' } },
    ],
    ['of another branch', { ref: 'refs/heads/hotfix' }, {}],
    ['of targets by pattern', {}, { requests: { target: { glob: 'pro*' } } }],
    ['of a channel', {}, { requests: { release_channel: 'stable' } }],
    ['of another event', { event_name: 'schedule' }, {}],
    ['of the owner', { repository: undefined, repository_id: undefined, repository_owner_id: '65' }, {}],
  ])('goes round one with them: %s', (_, match, members) => {
    const without = github(match, { name: 'without', ...members });
    expect(lint([asking(), without])).toEqual(bypass);
    expect(lint([without, asking()])).toEqual(bypass);
  });

  it.each<[string, unknown]>([
    ['another target', github({}, { name: 'without', requests: { target: 'staging' } })],
    ['targets that no pattern meets', github({}, { name: 'without', requests: { target: { glob: 'staging/*' } } })],
    ['another repository', github({ repository: 'octo-org/other', repository_id: '75' }, { name: 'without' })],
    [
      'another platform',
      gitlabRule({ project_id: '22', ref_path: 'refs/heads/main' }, { name: 'without', requests: REQUESTS }),
    ],
  ])('does not for %s', (_, without) => {
    expect(lint([asking(), without])).toEqual([]);
  });
});
