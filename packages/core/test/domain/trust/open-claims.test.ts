import { describe, expect, it } from '@jest/globals';
import { editDistance } from '../../../src/domain/text/edit-distance.ts';
import { explainPolicy } from '../../../src/domain/trust/evaluator.ts';
import { lintPolicy } from '../../../src/domain/trust/lint/lint.ts';
import { parseTrustPolicy } from '../../../src/domain/trust/parse/parse-policy.ts';
import { runnerFromClaims } from '../../../src/domain/trust/sample-runner.ts';
import {
  azureRule,
  GITHUB_CLAIMS,
  GITLAB_CLAIMS,
  githubRule,
  gitlabRule,
  policyDocument,
} from '../../support/trust.ts';

type Plain = Readonly<Record<string, unknown>>;

function trusted(rule: Plain, claims: Plain): boolean {
  const runner = runnerFromClaims(claims);
  return runner !== undefined && explainPolicy(parseTrustPolicy(policyDocument(rule)), runner, {}).decision.trusted;
}

const codesOf = (rule: Plain) => lintPolicy(parseTrustPolicy(policyDocument(rule))).map(({ code }) => code);

describe('a claim that no table names', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['repo_property_tier', 'gold', 'gold', true],
    ['repo_property_tier', { glob: 'team/*' }, 'team/a', true],
    ['repo_property_tier', 'gold', 'silver', false],
    ['repo_property_tier', 'gold', undefined, false],
    ['repo_property_tier', 'gold', '', false],
    ['check_run_id', '123', 123n, true],
    ['check_run_id', '123', 123, true],
    ['check_run_id', ['122', '123'], '123', true],
    ['a_list', 'b', ['a', 'b'], true],
    ['a_list', 'c', ['a', 'b'], false],
    ['a_list', 'b', ['a', 'b', 7], false],
    ['a_list', 'a, b', ['a', 'b'], false],
    ['a_list', 'b', [['b']], false],
    ['a_list', 'b', { b: 'b' }, false],
    ['guid', '01234567-89AB-CDEF-0123-456789ABCDEF', '01234567-89ab-cdef-0123-456789abcdef', true],
  ])('%s: %j against %j', (name, condition, value, expected) => {
    expect(trusted(githubRule({ [name]: condition }), { ...GITHUB_CLAIMS, [name]: value })).toBe(expected);
  });

  it('matches what GitLab says of groups, jobs and targets', () => {
    const claims = { ...GITLAB_CLAIMS, groups_direct: ['ops', 'release'], job_source: 'push', target_ref: 'main' };
    const rule = gitlabRule({ groups_direct: 'release', job_source: 'push', target_ref: 'main' });
    expect(trusted(rule, claims)).toBe(true);
    expect(trusted(rule, { ...claims, groups_direct: ['ops'] })).toBe(false);
    expect(codesOf(rule)).not.toContain('misspelt-claim');
  });

  it.each([
    ['enviroment', true],
    ['Environment', true],
    ['envrionment', true],
    ['event_nam', true],
    ['enviro', false],
    ['repo_property_environment', false],
    ['check_run_id', false],
    ['iss', false],
    ['run_id', false],
  ])('%s is a mistake: %s', (name, isMistake) => {
    expect(codesOf(githubRule({ [name]: 'x' })).includes('misspelt-claim')).toBe(isMistake);
    // It only refuses.
    expect(trusted(githubRule({ [name]: 'x' }), { ...GITHUB_CLAIMS, environment: 'x', event_name: 'push' })).toBe(
      false,
    );
  });
});

describe('values of tokens that hide something', () => {
  it.each([
    'refs/heads/release/1\nx',
    'refs/heads/release/%2e%2e',
    'refs/heads/release/a%2Fb',
    'refs/heads/release/a\u2028b',
    'refs/heads/release/a\u202eb',
  ])('are not matched by a wildcard: %j', (ref) => {
    expect(trusted(githubRule({ ref: { glob: 'refs/heads/release/*' } }), { ...GITHUB_CLAIMS, ref })).toBe(false);
  });
});

describe('a merge request of GitLab', () => {
  const MERGE_REQUEST = {
    ...GITLAB_CLAIMS,
    pipeline_source: 'merge_request_event',
    ref: 'feature',
    ref_path: 'refs/heads/feature',
    ref_protected: 'false',
  };
  const match = { pipeline_source: 'merge_request_event', ref: undefined, ref_protected: undefined };

  it('passes where its event is named, by its source branch', () => {
    const rule = gitlabRule({ ...match, ref_path: { glob: 'refs/heads/*' } });
    expect(trusted(rule, MERGE_REQUEST)).toBe(true);
    expect(
      trusted(gitlabRule({ ...match, pipeline_source: undefined, ref_path: 'refs/heads/feature' }), MERGE_REQUEST),
    ).toBe(false);
  });

  it('has no ref below refs/merge-requests/, and the linter says so', () => {
    const rule = gitlabRule({ ...match, ref_path: { glob: 'refs/merge-requests/*/head' } });
    expect(trusted(rule, MERGE_REQUEST)).toBe(false);
    expect(codesOf(rule)).toContain('never-matches');
    expect(codesOf(rule)).not.toContain('pull-request-ref');
  });
});

it('asks a rule for Azure for the project or the address', () => {
  expect(codesOf(azureRule({ prj_id: undefined, rpo_uri: undefined }))).toContain('unnamed-project');
  expect(codesOf(azureRule({ prj_id: '01234567-89ab-cdef-0123-456789abcdef' }))).not.toContain('unnamed-project');
  expect(codesOf(azureRule({ rpo_uri: 'https://dev.azure.com/o/my%20project/_git/r' }))).not.toContain(
    'unnamed-project',
  );
});

it.each([
  ['', '', 0],
  ['ref', 'ref', 0],
  ['environment', 'enviroment', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('editDistance of %s and %s', (from, to, expected) => {
  expect(editDistance(from, to)).toBe(expected);
  expect(editDistance(to, from)).toBe(expected);
});
