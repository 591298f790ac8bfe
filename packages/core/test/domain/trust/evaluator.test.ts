import { describe, expect, it } from '@jest/globals';
import {
  createTrustPolicyEvaluator,
  DEFAULT_RULE,
  explainPolicy,
  type OwnJob,
} from '../../../src/domain/trust/evaluator.ts';
import type { AuthenticatedRunner } from '../../../src/domain/trust/trust-decision.ts';
import {
  azureRule,
  azureRunner,
  githubRule,
  githubRunner,
  gitlabRule,
  gitlabRunner,
  hmacRunner,
  policyOf,
} from '../../support/trust.ts';

const PROMOTION = {
  target: 'production',
  release_governance: { metadata_kind: 'rollout-promotion-execution', release_channel: 'stable' },
};

function decide(rules: readonly unknown[], runner: AuthenticatedRunner, request = {}) {
  return createTrustPolicyEvaluator(policyOf(...rules)).evaluate(runner, request);
}

/** Which condition stops the rule; undefined: it matches. */
function stop(rule: unknown, runner: AuthenticatedRunner, request = {}): string | undefined {
  const { decision, rules } = explainPolicy(policyOf(rule), runner, request);
  const unmet = rules[0]?.conditions.find(({ met }) => !met);
  expect(decision.trusted).toBe(unmet === undefined);
  return unmet && `${unmet.origin} ${unmet.name}`;
}

describe('claims', () => {
  it.each([
    ['every condition is met', {}, {}, undefined],
    ['an id', { repository_id: '74' }, {}, undefined],
    ['an id sent as number', { repository_id: '74' }, { repository_id: 74 }, undefined],
    ['an id sent as bigint', { repository_id: '74' }, { repository_id: 74n }, undefined],
    ['another id', { repository_id: '75' }, {}, 'rule match.repository_id'],
    ['an id that begins alike', { repository_id: '7' }, {}, 'rule match.repository_id'],
    ['any of a list', { ref: ['refs/heads/x', 'refs/heads/main'] }, {}, undefined],
    ['none of a list', { ref: ['refs/heads/x', 'refs/heads/y'] }, {}, 'rule match.ref'],
    ['a flag', { ref_protected: true }, {}, undefined],
    ['a flag sent as boolean', { ref_protected: true }, { ref_protected: true }, undefined],
    ['a flag that is false', { ref_protected: true }, { ref_protected: 'false' }, 'rule match.ref_protected'],
    ['a flag in capitals', { ref_protected: true }, { ref_protected: 'TRUE' }, 'rule match.ref_protected'],
    ['a flag as 1', { ref_protected: true }, { ref_protected: 1 }, 'rule match.ref_protected'],
    ['a claim that is not there', { ref_protected: true }, { ref_protected: undefined }, 'rule match.ref_protected'],
    [
      'a flag asked to be false, not there',
      { ref_protected: false },
      { ref_protected: undefined },
      'rule match.ref_protected',
    ],
    ['an empty claim', { environment: 'production' }, { environment: '' }, 'rule match.environment'],
    [
      'a claim that is a list',
      { environment: 'production' },
      { environment: ['production'] },
      'rule match.environment',
    ],
    [
      'a claim that is an object',
      { environment: 'production' },
      { environment: { toString: 'production' } },
      'rule match.environment',
    ],
    ['another letter case', {}, { repository: 'Octo-Org/octo-repo' }, 'rule match.repository'],
    ['a longer name', {}, { repository: 'octo-org/octo-repo-evil' }, 'rule match.repository'],
    ['a path in the name', {}, { repository: 'octo-org/octo-repo/../x' }, 'rule match.repository'],
    ['a glob', { ref: { glob: 'refs/heads/release/*' } }, { ref: 'refs/heads/release/1' }, undefined],
    [
      'a glob over two segments',
      { ref: { glob: 'refs/heads/release/*' } },
      { ref: 'refs/heads/release/1/2' },
      'rule match.ref',
    ],
  ])('%s', (_, match, claims, expected) => {
    expect(stop(githubRule(match), githubRunner(claims))).toBe(expected);
  });

  it('a claim of an inherited name is none', () => {
    const runner = githubRunner();
    const claims = Object.create({ environment: 'production' }) as Record<string, unknown>;
    Object.assign(claims, runner.claims, { environment: undefined });
    delete claims['environment'];
    expect(stop(githubRule({ environment: 'production' }), { ...runner, claims })).toBe('rule match.environment');
  });

  it('GUIDs are compared without letter case', () => {
    const rule = azureRule({ org_id: '11111111-2222-3333-4444-55555555AbCd' });
    expect(stop(rule, azureRunner({ org_id: '11111111-2222-3333-4444-55555555aBcD' }))).toBeUndefined();
    expect(stop(rule, azureRunner())).toBe('rule match.org_id');
  });

  it('the issuer is compared exactly', () => {
    const rule = (issuer: string) => githubRule({}, { issuer });
    const runner = githubRunner();
    expect(stop(rule('https://token.actions.githubusercontent.com'), runner)).toBeUndefined();
    expect(stop(rule('https://token.actions.githubusercontent.com/'), runner)).toBe('rule issuer');
    expect(stop(rule('https://token.actions.githubusercontent.com'), githubRunner({ iss: undefined }))).toBe(
      'rule issuer',
    );
  });
});

describe('who', () => {
  it('a runner of another provider', () => {
    expect(stop(gitlabRule(), githubRunner({ project_path: 'my-group/my-project' }))).toBe('rule provider');
  });

  it('a provider that is only the runner’s word', () => {
    expect(stop(githubRule(), { ...githubRunner(), unverified: ['provider'] })).toBe('rule provider');
  });

  it('a proof that does not cover the repository', () => {
    expect(stop(githubRule(), { ...githubRunner(), verified: ['provider'] })).toBe('built-in repository');
  });

  it('the wrong method', () => {
    const hmac = hmacRunner({ provider: 'github-actions' });
    expect(stop(githubRule(), hmac)).toBe('rule methods');
    expect(stop(githubRule({}, { methods: ['hmac'] }), githubRunner())).toBe('rule methods');
    expect(stop(githubRule({}, { methods: ['oidc', 'hmac'] }), hmac)).toBeUndefined();
  });

  it('claims beside an HMAC prove nothing', () => {
    const runner = {
      ...hmacRunner({ provider: 'github-actions', ref: 'refs/heads/x' }),
      claims: { ref: 'refs/heads/main' },
    };
    expect(stop(githubRule({ ref: 'refs/heads/main' }, { methods: ['hmac'] }), runner)).toBe('rule match.ref');
  });

  it('identity fields beside a token prove nothing', () => {
    const runner = githubRunner({ ref: 'refs/heads/x' });
    const lying = { ...runner, identity: { ...runner.identity, ref: 'refs/heads/main' } };
    expect(stop(githubRule({ ref: 'refs/heads/main' }), lying)).toBe('rule match.ref');
  });

  it('an HMAC rule by key and repository', () => {
    const rule = {
      name: 'x',
      provider: 'local',
      methods: ['hmac'],
      match: { key_id: 'ci-1', repository: 'octo-org/octo-repo' },
    };
    expect(stop(rule, hmacRunner())).toBeUndefined();
    expect(stop(rule, hmacRunner({}, 'ci-2'))).toBe('rule match.key_id');
    expect(stop(rule, hmacRunner({}, ''))).toBe('rule match.key_id');
    expect(stop(rule, hmacRunner({ repository: 'octo-org/other' }))).toBe('rule match.repository');
  });
});

describe('events', () => {
  it.each(['push', 'workflow_dispatch', 'schedule', 'release'])('GitHub %s passes unnamed', (event_name) => {
    expect(stop(githubRule(), githubRunner({ event_name }))).toBeUndefined();
  });

  it.each([
    'pull_request',
    'pull_request_target',
    'pull_request_review',
    'workflow_run',
    'issue_comment',
    'merge_group',
    'repository_dispatch',
    'an_event_of_tomorrow',
    'Push',
    '',
    undefined,
  ])('GitHub %s passes only where it is named', (event_name) => {
    expect(stop(githubRule(), githubRunner({ event_name }))).toBe('built-in event_name');
    if (event_name) {
      expect(stop(githubRule({ event_name }), githubRunner({ event_name }))).toBeUndefined();
      expect(stop(githubRule({ event_name: 'push' }), githubRunner({ event_name }))).toBe('rule match.event_name');
    }
  });

  it.each(['merge_request_event', 'external_pull_request_event', 'parent_pipeline', 'pipeline', 'trigger', undefined])(
    'GitLab %s passes only where it is named',
    (pipeline_source) => {
      expect(stop(gitlabRule(), gitlabRunner({ pipeline_source }))).toBe('built-in pipeline_source');
      if (pipeline_source !== undefined) {
        expect(stop(gitlabRule({ pipeline_source }), gitlabRunner({ pipeline_source }))).toBeUndefined();
      }
    },
  );

  it.each(['push', 'web', 'schedule', 'api'])('GitLab %s passes unnamed', (pipeline_source) => {
    expect(stop(gitlabRule(), gitlabRunner({ pipeline_source }))).toBeUndefined();
  });

  it('a merge request that an HMAC runner admits', () => {
    const rule = (match = {}) => ({
      name: 'x',
      provider: 'gitlab-ci',
      methods: ['hmac'],
      match: { repository: 'octo-org/octo-repo', ...match },
    });
    const runner = (workflow: string) => hmacRunner({ provider: 'gitlab-ci', workflow });
    expect(stop(rule(), runner('push'))).toBeUndefined();
    expect(stop(rule(), runner('merge_request_event'))).toBe('built-in workflow');
    expect(stop(rule({ workflow: 'merge_request_event' }), runner('merge_request_event'))).toBeUndefined();
  });

  it('the merge-request pipeline of a fork in its parent', () => {
    const fork = { project_path: 'fork/my-project', project_id: '99', pipeline_source: 'merge_request_event' };
    const rule = gitlabRule({ project_path: 'fork/my-project', pipeline_source: 'merge_request_event' });
    expect(stop(rule, gitlabRunner(fork))).toBe('built-in job_project_id');
    expect(stop(rule, gitlabRunner({ ...fork, job_project_id: undefined }))).toBeUndefined();
  });
});

describe('refs', () => {
  it.each([
    ['refs/pull/7/merge', 'refs/pull/7/merge'],
    ['refs/pull/7/merge', { glob: 'refs/pull/*/merge' }],
    ['refs/heads/gh-readonly-queue/main/pr-1-abc', { glob: 'refs/heads/gh-readonly-queue/main/*' }],
    ['refs/notes/x', { glob: 'refs/notes/*' }],
  ])('GitHub %s passes only where its namespace is spelt out', (ref, named) => {
    expect(stop(githubRule(), githubRunner({ ref }))).toBe('built-in ref');
    expect(stop(githubRule({ ref: named }), githubRunner({ ref }))).toBeUndefined();
  });

  it.each([
    ['refs/pull/7/merge', { glob: 'refs/*/*/merge' }],
    ['refs/pull/7/merge', { glob: 'refs/p*/*/merge' }],
    ['refs/heads/gh-readonly-queue/main/pr-1-abc', { glob: 'refs/heads/*/main/*' }],
  ])('GitHub %s does not pass by %j', (ref, pattern) => {
    expect(stop(githubRule({ ref: pattern }), githubRunner({ ref }))).toBe('built-in ref');
  });

  it.each([
    [githubRule(), githubRunner({ ref: undefined }), 'built-in ref'],
    [gitlabRule(), gitlabRunner({ ref: undefined, ref_path: undefined }), 'built-in ref_path'],
    [azureRule(), azureRunner({ rpo_ref: undefined }), 'built-in rpo_ref'],
    [azureRule(), azureRunner({ rpo_ref: 'refs/pull/3/merge' }), 'built-in rpo_ref'],
    [azureRule({ rpo_ref: { glob: 'refs/pull/*/merge' } }), azureRunner({ rpo_ref: 'refs/pull/3/merge' }), undefined],
    [gitlabRule(), gitlabRunner({ ref_path: 'refs/merge-requests/3/head' }), 'built-in ref_path'],
    [gitlabRule(), gitlabRunner({ ref: 'refs/merge-requests/3/head' }), 'built-in ref'],
    [gitlabRule(), gitlabRunner({ ref_path: undefined }), undefined],
    [gitlabRule(), gitlabRunner({ ref_path: 'main' }), 'built-in ref_path'],
    [githubRule(), githubRunner({ ref: 'main' }), 'built-in ref'],
    [azureRule(), azureRunner({ rpo_ref: 'pull/3/merge' }), 'built-in rpo_ref'],
    [githubRule(), githubRunner({ ref: 'refs/tags/v1' }), undefined],
  ])('%#', (rule, runner, expected) => {
    expect(stop(rule, runner)).toBe(expected);
  });
});

describe('requests', () => {
  it.each([
    ['no scope', undefined, {}, undefined],
    ['a kind', { metadata_kind: 'rollout-promotion-execution' }, PROMOTION, undefined],
    ['another kind', { metadata_kind: ['rollout-evidence-capture'] }, PROMOTION, 'rule requests.metadata_kind'],
    ['no kind', { metadata_kind: ['rollout-evidence-capture'] }, { target: 'x' }, 'rule requests.metadata_kind'],
    [
      'a kind with a space',
      { metadata_kind: 'a' },
      { release_governance: { metadata_kind: 'a ' } },
      'rule requests.metadata_kind',
    ],
    ['a target', { target: ['staging', 'production'] }, PROMOTION, undefined],
    ['a target by glob', { target: { glob: 'eu/*' } }, { target: 'eu/west' }, undefined],
    ['another target', { target: 'staging' }, PROMOTION, 'rule requests.target'],
    ['an empty request', { target: 'staging' }, {}, 'rule requests.target'],
    ['a channel', { release_channel: 'stable' }, PROMOTION, undefined],
    [
      'all but one',
      { metadata_kind: 'rollout-promotion-execution', target: 'production', release_channel: 'beta' },
      PROMOTION,
      'rule requests.release_channel',
    ],
  ])('%s', (_, requests, request, expected) => {
    const rule = githubRule({}, requests === undefined ? {} : { requests });
    expect(stop(rule, githubRunner(), request)).toBe(expected);
  });

  it('a job outside the environment cannot promote, whatever its request says', () => {
    const rules = [
      githubRule(
        { environment: 'production' },
        { name: 'promotion', requests: { metadata_kind: 'rollout-promotion-execution' } },
      ),
      githubRule({}, { name: 'evidence', requests: { metadata_kind: 'rollout-evidence-capture' } }),
    ];
    const outside = githubRunner({ environment: undefined });
    expect(decide(rules, githubRunner(), PROMOTION)).toEqual({ trusted: true, rule: 'promotion' });
    expect(decide(rules, outside, PROMOTION).trusted).toBe(false);
    const forged = {
      ...PROMOTION,
      release_governance: { ...PROMOTION.release_governance, approval_state: 'approved' },
    };
    expect(decide(rules, outside, forged).trusted).toBe(false);
    const capture = { release_governance: { metadata_kind: 'rollout-evidence-capture' } };
    expect(decide(rules, outside, capture)).toEqual({ trusted: true, rule: 'evidence' });
  });
});

describe('several rules', () => {
  it('the first that matches decides', () => {
    const rules = [
      githubRule({ ref: 'refs/heads/x' }, { name: 'a' }),
      githubRule({}, { name: 'b' }),
      githubRule({}, { name: 'c' }),
    ];
    expect(decide(rules, githubRunner())).toEqual({ trusted: true, rule: 'b' });
  });

  it('the refusal says where each rule stops, the closest first', () => {
    const rules = [
      gitlabRule({}, { name: 'gitlab' }),
      githubRule({ ref: 'refs/heads/main', environment: 'production' }, { name: 'close' }),
      githubRule({ ref: 'refs/heads/x' }, { name: 'far' }),
    ];
    expect(decide(rules, githubRunner({ environment: 'staging' }))).toEqual({
      trusted: false,
      reason:
        'no rule lets this runner pass: "close" stops at match.environment, expected production, got "staging"; ' +
        '"far" stops at match.ref, expected refs/heads/x, got "refs/heads/main"; ' +
        '"gitlab" stops at provider, expected gitlab-ci, got "github-actions"',
    });
  });

  it('the refusal tells a request that does not say from a proof that does not', () => {
    const reason = (rule: unknown) => decide([rule], githubRunner({ environment: undefined }));
    expect(reason(githubRule({}, { requests: { target: 'x' } }))).toMatchObject({
      reason: expect.stringMatching(/requests\.target, expected x, the request does not say it$/),
    });
    expect(reason(githubRule({ environment: 'x' }))).toMatchObject({
      reason: expect.stringMatching(/match\.environment, expected x, nothing is proven$/),
    });
  });

  it('the refusal is one short line, whatever rules and claims hold', () => {
    const rules = Array.from({ length: 300 }, (_, index) =>
      githubRule(
        { repository: Array.from({ length: 40 }, (_, value) => `${'x'.repeat(400)}${value}`) },
        { name: `rule ${index}` },
      ),
    );
    const runner = githubRunner({ repository: `a/b\n::error::${'\u202e'}${'x'.repeat(16_000)}` });
    const decision = decide(rules, runner);
    expect(decision.trusted).toBe(false);
    const reason = decision.trusted ? '' : decision.reason;
    expect(reason).toMatch(/^[ -~…]+; and 295 more rules$/);
    expect(reason.length).toBeLessThan(3_000);
  });
});

describe('without a policy', () => {
  const evaluate = (runner: AuthenticatedRunner, own?: OwnJob) =>
    createTrustPolicyEvaluator(undefined, own).evaluate(runner, PROMOTION);
  const trusted = { trusted: true, rule: DEFAULT_RULE };

  it.each([
    ['GitHub', githubRunner()],
    ['GitLab', gitlabRunner()],
    ['Azure', azureRunner()],
    ['an HMAC', hmacRunner()],
    ['an HMAC with a branch', hmacRunner({ ref: 'refs/heads/main' })],
  ])('%s: this repository', (_, runner) => {
    expect(evaluate(runner)).toEqual(trusted);
  });

  it.each([
    ['a pull request', githubRunner({ event_name: 'pull_request', ref: 'refs/pull/1/merge' })],
    ['pull_request_target', githubRunner({ event_name: 'pull_request_target' })],
    ['a merge request', gitlabRunner({ pipeline_source: 'merge_request_event' })],
    ['a pull request on Azure', azureRunner({ rpo_ref: 'refs/pull/1/merge' })],
    ['a pull request by HMAC', hmacRunner({ ref: 'refs/pull/1/merge' })],
    ['a merge request by HMAC', hmacRunner({ provider: 'gitlab-ci', workflow: 'merge_request_event' })],
    ['a fork', gitlabRunner({ project_id: '99' })],
    ['a repository that is not proven', { ...githubRunner(), verified: ['provider' as const] }],
    ['a provider that is not proven', { ...githubRunner(), unverified: ['provider' as const] }],
    ['an unknown provider', hmacRunner({ provider: 'jenkins' })],
    ['no provider', hmacRunner({ provider: '' })],
  ])('%s is refused', (_, runner) => {
    expect(evaluate(runner)).toEqual({
      trusted: false,
      reason: expect.stringContaining(`"${DEFAULT_RULE}" stops at`),
    });
  });

  it('a verifier of its own names the one repository', () => {
    const own = { provider: 'github-actions', repository: 'octo-org/octo-repo' } as const;
    expect(evaluate(githubRunner(), own)).toEqual(trusted);
    expect(evaluate(githubRunner({ repository: 'evil/octo-repo' }), own).trusted).toBe(false);
    expect(evaluate(hmacRunner(), own).trusted).toBe(false);
    expect(evaluate(hmacRunner({ provider: 'github-actions' }), own)).toEqual(trusted);
  });
});

it('the explanation shows every rule and condition, also after the one that decides', () => {
  const policy = policyOf(
    githubRule({ environment: 'production' }, { name: 'a' }),
    githubRule({ ref: { glob: 'refs/heads/r*' } }, { name: 'b', requests: { target: ['x', 'y'] } }),
  );
  const { decision, rules } = explainPolicy(policy, githubRunner(), PROMOTION);
  expect(decision).toEqual({ trusted: true, rule: 'a' });
  expect(rules.map(({ rule, matched }) => [rule, matched])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  expect(rules[1]?.conditions).toEqual([
    { name: 'provider', origin: 'rule', expected: 'github-actions', actual: 'github-actions', met: true },
    { name: 'methods', origin: 'rule', expected: 'oidc', actual: 'oidc', met: true },
    {
      name: 'repository',
      origin: 'built-in',
      expected: 'a proven repository',
      actual: 'octo-org/octo-repo',
      met: true,
    },
    {
      name: 'event_name',
      origin: 'built-in',
      expected: 'push, workflow_dispatch, schedule, release, as no rule names it',
      actual: 'push',
      met: true,
    },
    {
      name: 'ref',
      origin: 'built-in',
      expected: 'a branch or a tag, unless a rule names its refs/…/',
      actual: 'refs/heads/main',
      met: true,
    },
    {
      name: 'match.repository',
      origin: 'rule',
      expected: 'octo-org/octo-repo',
      actual: 'octo-org/octo-repo',
      met: true,
    },
    { name: 'match.ref', origin: 'rule', expected: 'glob refs/heads/r*', actual: 'refs/heads/main', met: false },
    { name: 'requests.target', origin: 'rule', expected: 'x or y', actual: 'production', met: false },
  ]);
});
