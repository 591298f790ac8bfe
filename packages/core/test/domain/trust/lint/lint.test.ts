import { describe, expect, it } from '@jest/globals';
import { LINT_RULES, type LintCode } from '../../../../src/domain/trust/lint/codes.ts';
import { lintPolicy } from '../../../../src/domain/trust/lint/lint.ts';
import { azureRule, githubRule, gitlabRule, policyOf } from '../../../support/trust.ts';

type Plain = Readonly<Record<string, unknown>>;

const SCOPE = { metadata_kind: 'rollout-evidence-capture' };

/** Rules of which the linter has nothing to say; each case changes one thing. */
const github = (match: Plain = {}, members: Plain = {}) =>
  githubRule(
    { repository_id: '74', ref: 'refs/heads/main', ref_protected: true, ...match },
    { requests: SCOPE, ...members },
  );
const gitlab = (match: Plain = {}, members: Plain = {}) =>
  gitlabRule(
    { project_id: '22', ref_path: 'refs/heads/main', ref_protected: true, ...match },
    { requests: SCOPE, ...members },
  );
const azure = (match: Plain = {}, members: Plain = {}) =>
  azureRule({ rpo_ref: 'refs/heads/main', ...match }, { requests: SCOPE, ...members });
const hmac = (match: Plain = {}, members: Plain = {}) => ({
  name: 'rule',
  provider: 'local',
  methods: ['hmac'],
  match: { key_id: 'ci-1', ...match },
  requests: SCOPE,
  ...members,
});

/** `code path`, of every finding. */
function lint(...rules: readonly unknown[]): readonly string[] {
  return lintPolicy(policyOf(...rules)).map(({ code, path }) => `${code} ${path}`);
}

describe('nothing is said of', () => {
  it.each([
    ['a GitHub rule', github()],
    ['a GitLab rule', gitlab()],
    ['an Azure rule', azure()],
    ['an HMAC rule', hmac()],
    [
      'an environment instead of a ref',
      github({ ref: undefined, ref_protected: undefined, environment: 'production' }),
    ],
    [
      'a reviewed workflow of an owner',
      github({
        repository: undefined,
        repository_id: undefined,
        repository_owner_id: '65',
        job_workflow_ref: 'o/w/.github/workflows/x.yml@refs/heads/main',
      }),
    ],
    [
      'a pipeline of a project',
      azure({ rpo_id: undefined, prj_id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', def_id: '42' }),
    ],
    ['a glob after a separator', github({ ref: { glob: 'refs/heads/release/*' } })],
    ['protected tags', github({ ref: { glob: 'refs/tags/v*' } })],
    ['production from its environment', github({ environment: 'production' }, { requests: { target: 'production' } })],
    [
      'a protected environment on GitLab',
      gitlab({ environment: 'production', environment_protected: true, ref_protected: undefined }),
    ],
    ['words that only look like production', github({}, { requests: { target: ['product-docs', 'nonprod'] } })],
    ['an exact id beside a glob', github({ repository: { glob: 'octo-org/*' } })],
    ['a commit', github({ ref: undefined, ref_protected: undefined, sha: 'f'.repeat(40) })],
  ])('%s', (_, rule) => {
    expect(lint(rule)).toEqual([]);
  });
});

const CASES: readonly (readonly [code: LintCode, path: string, name: string, ...rules: readonly unknown[]])[] = [
  ['name-without-id', 'rules[0].match.repository', 'a repository', github({ repository_id: undefined })],
  ['name-without-id', 'rules[0].match.actor', 'an actor', github({ actor: 'octocat' })],
  ['name-without-id', 'rules[0].match.project_path', 'a project', gitlab({ project_id: undefined })],
  [
    'wide-repository',
    'rules[0].match.repository',
    'org/*',
    github({ repository: { glob: 'octo-org/*' }, repository_id: undefined, repository_owner_id: '65' }),
  ],
  [
    'wide-repository',
    'rules[0].match.repository_owner_id',
    'an owner',
    github({ repository: undefined, repository_id: undefined, repository_owner_id: '65' }),
  ],
  [
    'wide-repository',
    'rules[0].match.namespace_id',
    'a namespace',
    gitlab({ project_path: undefined, project_id: undefined, namespace_id: '11' }),
  ],
  [
    'wide-repository',
    'rules[0].match.org_id',
    'an organisation',
    azure({ rpo_id: undefined, org_id: '11111111-2222-3333-4444-555555555555' }),
  ],
  [
    'wide-repository',
    'rules[0].match.repository',
    'an HMAC for any',
    hmac({ key_id: undefined, repository: { glob: 'a/*' } }, { match: { repository: { glob: 'a/*' } } }),
  ],
  ['wildcard-alone', 'rules[0].match.environment', '*', github({ environment: { glob: '*' } })],
  ['wildcard-alone', 'rules[0].match.repository', '*/*', github({ repository: { glob: '*/*' } })],
  [
    'wildcard-alone',
    'rules[0].requests.target',
    'in requests',
    github({}, { requests: { ...SCOPE, target: { glob: '*' } } }),
  ],
  ['prefix-pattern', 'rules[0].match.repository', 'repo*', github({ repository: { glob: 'octo-org/repo*' } })],
  ['prefix-pattern', 'rules[0].match.repository', 'org*/repo', github({ repository: { glob: 'octo*/repo' } })],
  ['prefix-pattern', 'rules[0].match.ref', 'refs/heads/release*', github({ ref: { glob: 'refs/heads/release*' } })],
  [
    'prefix-pattern',
    'rules[0].requests.target',
    'in requests',
    github({}, { requests: { ...SCOPE, target: { glob: 'eu*' } } }),
  ],
  ['pull-request-event', 'rules[0].match.event_name', 'pull_request', github({ event_name: ['push', 'pull_request'] })],
  [
    'pull-request-event',
    'rules[0].match.pipeline_source',
    'merge_request_event',
    gitlab({ pipeline_source: 'merge_request_event' }),
  ],
  [
    'pull-request-target',
    'rules[0].match.event_name',
    'pull_request_target',
    github({ event_name: 'pull_request_target' }),
  ],
  ['outsider-event', 'rules[0].match.event_name', 'workflow_run', github({ event_name: 'workflow_run' })],
  ['outsider-event', 'rules[0].match.event_name', 'issue_comment', github({ event_name: 'issue_comment' })],
  [
    'outsider-event',
    'rules[0].match.pipeline_source',
    'parent_pipeline',
    gitlab({ pipeline_source: 'parent_pipeline' }),
  ],
  ['pull-request-ref', 'rules[0].match.rpo_ref', 'refs/pull', azure({ rpo_ref: { glob: 'refs/pull/*/merge' } })],
  [
    'pull-request-ref',
    'rules[0].match.ref',
    'the merge queue',
    github({ ref: { glob: 'refs/heads/gh-readonly-queue/main/*' } }),
  ],
  ['any-ref', 'rules[0].match', 'no ref', github({ ref: undefined, ref_protected: undefined })],
  ['any-ref', 'rules[0].match', 'no ref on Azure', azure({ rpo_ref: undefined })],
  ['any-ref', 'rules[0].match', 'refs that are not protected', github({ ref: undefined, ref_protected: false })],
  ['unprotected-branch', 'rules[0].match.ref', 'a branch', github({ ref_protected: undefined })],
  ['unprotected-branch', 'rules[0].match.ref_path', 'a branch of GitLab', gitlab({ ref_protected: undefined })],
  ['movable-tag', 'rules[0].match.ref', 'tags', github({ ref: { glob: 'refs/tags/v*' }, ref_protected: undefined })],
  [
    'movable-tag',
    'rules[0].match.ref',
    'a short tag',
    gitlab({ ref_path: undefined, ref: 'v1', ref_type: 'tag', ref_protected: undefined }),
  ],
  ['trailing-slash-issuer', 'rules[0].issuer', 'a slash', github({}, { issuer: 'https://gitlab.com/' })],
  [
    'no-environment',
    'rules[0].match',
    'a promotion',
    github({}, { requests: { metadata_kind: 'rollout-promotion-execution' } }),
  ],
  ['no-environment', 'rules[0].match', 'a target', github({}, { requests: { target: 'eu-prod' } })],
  ['no-environment', 'rules[0].match', 'a channel', gitlab({}, { requests: { release_channel: 'stable' } })],
  ['no-environment', 'rules[0].match', 'every request', github({}, { requests: undefined })],
  [
    'unprotected-environment',
    'rules[0].match.environment',
    'on GitLab',
    gitlab({ environment: 'production', ref_protected: undefined }),
  ],
  ['unscoped-requests', 'rules[0]', 'no scope', azure({}, { requests: undefined })],
  ['hmac-beside-oidc', 'rules[0].methods', 'both in one rule', githubRule({}, { methods: ['oidc', 'hmac'] })],
  ['hmac-beside-oidc', 'rules[1].methods', 'two rules', github(), hmac({}, { name: 'b', provider: 'github-actions' })],
  ['shadowed-rule', 'rules[1]', 'the same rule', github(), github({}, { name: 'b' })],
  ['shadowed-rule', 'rules[1]', 'a narrower ref', github({ ref: { glob: 'refs/heads/*' } }), github({}, { name: 'b' })],
  [
    'shadowed-rule',
    'rules[1]',
    'a narrower scope',
    github({}, { requests: { metadata_kind: ['rollout-evidence-capture', 'x'] } }),
    github({}, { name: 'b' }),
  ],
  ['shadowed-rule', 'rules[1]', 'an event that passes anyway', github(), github({ event_name: 'push' }, { name: 'b' })],
  ['shadowed-rule', 'rules[1]', 'a ref where any passes', github({ ref: undefined }), github({}, { name: 'b' })],
  ['never-matches', 'rules[0].match.ref', 'a short ref', github({ ref: 'main' })],
  ['never-matches', 'rules[0].match.ref', 'a full ref on GitLab', gitlab({ ref: 'refs/heads/main' })],
  ['never-matches', 'rules[0].match.repository', 'a name without owner', github({ repository: 'octo-repo' })],
  [
    'never-matches',
    'rules[0].match.repository',
    'look-alike letters',
    github({ repository: '\u043ecto-org/octo-repo' }),
  ],
  ['never-matches', 'rules[0].match.project_path', 'a project without group', gitlab({ project_path: 'my-project' })],
  [
    'never-matches',
    'rules[0].match.workflow_ref',
    'a workflow without ref',
    github({ workflow_ref: 'octo-org/octo-repo/.github/workflows/x.yml' }),
  ],
  [
    'never-matches',
    'rules[0].match.ci_config_ref_uri',
    'a config without host',
    gitlab({ ci_config_ref_uri: '.gitlab-ci.yml' }),
  ],
  ['never-matches', 'rules[0].match.rpo_ref', 'a short ref on Azure', azure({ rpo_ref: 'main' })],
  ['never-matches', 'rules[0].match.rpo_uri', 'an address without scheme', azure({ rpo_uri: 'github.com/a/b' })],
  ['never-matches', 'rules[0].match.sha', 'a short commit', github({ sha: 'ffac537' })],
  [
    'never-matches',
    'rules[0].match.repository',
    'another owner',
    github({ repository_owner: 'other', repository_owner_id: '1' }),
  ],
  ['never-matches', 'rules[0].match.ref_type', 'another type', github({ ref_type: 'tag' })],
  [
    'never-matches',
    'rules[0].match.event_name',
    'a pull request’s ref without its event',
    github({ ref: { glob: 'refs/pull/*/merge' } }),
  ],
  ['never-matches', 'rules[0].match.ref', 'a pull request’s event on a branch', github({ event_name: 'pull_request' })],
  ['unknown-value', 'rules[0].match.event_name', 'an event', github({ event_name: 'pushed' })],
  ['unknown-value', 'rules[0].match.ref_type', 'a type', github({ ref_type: ['branch', 'head'] })],
  ['unknown-value', 'rules[0].match.deployment_tier', 'a tier', gitlab({ deployment_tier: 'prod' })],
  [
    'unknown-value',
    'rules[0].requests.metadata_kind',
    'a kind',
    github({}, { requests: { metadata_kind: 'rollout-evidence' } }),
  ],
];

describe('each habit is named', () => {
  it.each(CASES)('%s at %s: %s', (code, path, _, ...rules) => {
    expect(lint(...rules)).toContain(`${code} ${path}`);
  });

  it('every code has a case', () => {
    expect(new Set(CASES.map(([code]) => code))).toEqual(new Set(Object.keys(LINT_RULES)));
  });
});

describe('a later rule is not shadowed', () => {
  it.each([
    ['by one of another provider', gitlab(), github({}, { name: 'b' })],
    ['by one of another issuer', github({}, { issuer: 'https://a' }), github({}, { name: 'b', issuer: 'https://b' })],
    ['by one with an issuer', github({}, { issuer: 'https://a' }), github({}, { name: 'b' })],
    [
      'by one of another method',
      hmac({}, { provider: 'github-actions', match: { repository: 'octo-org/octo-repo' } }),
      github({}, { name: 'b' }),
    ],
    ['by one of another scope', github(), github({}, { name: 'b', requests: undefined })],
    ['by one of one more condition', github({ environment: 'production' }), github({}, { name: 'b' })],
    ['by one of fewer values', github(), github({ ref: ['refs/heads/main', 'refs/heads/x'] }, { name: 'b' })],
    [
      'where it names an event that needs a name',
      github(),
      github({ event_name: ['push', 'workflow_run'] }, { name: 'b' }),
    ],
    ['where the earlier one names fewer events', github({ event_name: 'push' }), github({}, { name: 'b' })],
    [
      'where it names a ref that needs a name',
      github({ ref: undefined }),
      github({ ref: { glob: 'refs/pull/*/merge' } }, { name: 'b' }),
    ],
    [
      'where only the later spells the merge queue out',
      github({ ref: { glob: 'refs/heads/*/main/*' } }),
      github({ ref: { glob: 'refs/heads/gh-readonly-queue/main/*' } }, { name: 'b' }),
    ],
  ])('%s', (_, ...rules) => {
    expect(lint(...rules)).not.toContain('shadowed-rule rules[1]');
  });
});

it('a finding says what, why and what to do', () => {
  const [finding] = lintPolicy(policyOf(github({ repository_id: undefined }, { name: 'main' })));
  expect(finding).toEqual({
    code: 'name-without-id',
    ...LINT_RULES['name-without-id'],
    rule: 'main',
    path: 'rules[0].match.repository',
    at: ['rules', 0, 'match', 'repository'],
    message: 'repository is matched without repository_id',
  });
});

it('the largest policies are linted in time', () => {
  const values = Array.from({ length: 60 }, (_, index) => `refs/heads/${index}`);
  const rules = Array.from({ length: 500 }, (_, index) =>
    github({ ref: [...values, `refs/heads/x${index}`] }, { name: `${index}` }),
  );
  const started = process.hrtime.bigint();
  expect(lint(...rules)).toEqual([]);
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(10_000);
});
