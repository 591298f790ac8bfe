import { describe, expect, it } from '@jest/globals';
import { freeEvents, pullRequestContext } from '../../../src/domain/pull-request/context.ts';
import { defaultEvents } from '../../../src/domain/trust/events.ts';

const GITHUB = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main' };
const GITLAB = { GITLAB_CI: 'true', CI_PIPELINE_SOURCE: 'push', CI_COMMIT_REF_NAME: 'main' };
const AZURE = { TF_BUILD: 'True', BUILD_REASON: 'IndividualCI', BUILD_SOURCEBRANCH: 'refs/heads/main' };

describe('pullRequestContext', () => {
  it.each([
    ['local', { GITHUB_EVENT_NAME: 'pull_request' }],
    ['GitHub push', GITHUB],
    ['GitLab push', GITLAB],
    ['Azure CI', AZURE],
    ['a branch called like a pull request', { ...GITHUB, GITHUB_REF: 'refs/heads/refs/pull/1/merge' }],
  ])('is none for %s', (_, env) => {
    expect(pullRequestContext(env)).toBeUndefined();
  });

  it.each([
    ['pull_request', 'pull-request'],
    ['pull_request_review', 'pull-request'],
    ['pull_request_target', 'privileged'],
    ['workflow_run', 'privileged'],
    ['issue_comment', 'privileged'],
    ['issues', 'privileged'],
    ['discussion_comment', 'privileged'],
    ['fork', 'privileged'],
    ['check_run', 'privileged'],
    ['merge_group', 'privileged'],
    ['deployment', 'other'],
    ['repository_dispatch', 'other'],
    ['an_event_of_tomorrow', 'other'],
  ])('takes the GitHub event %s for %s', (event, kind) => {
    expect(pullRequestContext({ ...GITHUB, GITHUB_EVENT_NAME: event })).toEqual({
      platform: 'github-actions',
      kind,
      event,
      fork: 'unknown',
      dependabot: false,
    });
  });

  it('sees a GitHub pull request by its ref and head when the event is hidden', () => {
    expect(pullRequestContext({ ...GITHUB, GITHUB_REF: 'refs/pull/7/merge' })?.kind).toBe('pull-request');
    expect(pullRequestContext({ ...GITHUB, GITHUB_HEAD_REF: 'feature' })?.kind).toBe('pull-request');
  });

  it.each([
    [{ ...GITHUB, GITHUB_EVENT_NAME: '' }, '(GITHUB_EVENT_NAME is not set)'],
    [{ ...GITLAB, CI_PIPELINE_SOURCE: undefined }, '(CI_PIPELINE_SOURCE is not set)'],
    [{ ...AZURE, BUILD_REASON: '' }, '(BUILD_REASON is not set)'],
    [{ ...GITHUB, GITHUB_REF: 'refs/heads/gh-readonly-queue/main/pr-7' }, 'refs/heads/'],
    [{ ...GITLAB, CI_PIPELINE_SOURCE: 'parent_pipeline' }, 'parent_pipeline'],
    [{ ...GITLAB, CI_PIPELINE_SOURCE: 'trigger' }, 'trigger'],
    [{ ...AZURE, BUILD_REASON: 'ResourceTrigger' }, 'ResourceTrigger'],
    [{ ...AZURE, BUILD_REASON: 'BuildCompletion' }, 'BuildCompletion'],
  ])('counts whatever is not on the list as a pull request: %j', (env, event) => {
    expect(pullRequestContext(env)?.event).toBe(event);
  });

  it.each(['github-actions', 'gitlab-ci', 'azure-pipelines'] as const)(
    'has one list for %s: the events that pass without a policy are those in which trust may be chosen',
    (platform) => {
      const [env, name] = {
        'github-actions': [GITHUB, 'GITHUB_EVENT_NAME'] as const,
        'gitlab-ci': [GITLAB, 'CI_PIPELINE_SOURCE'] as const,
        'azure-pipelines': [AZURE, 'BUILD_REASON'] as const,
      }[platform];
      expect(freeEvents(platform)).toBe(defaultEvents(platform).join(', '));
      for (const event of defaultEvents(platform))
        expect(pullRequestContext({ ...env, [name]: event })).toBeUndefined();
    },
  );

  it('knows the platform that the provider names where the marker is missing', () => {
    const env = { GITHUB_EVENT_NAME: 'pull_request', CAVRA_RUNNER_PROVIDER: 'github-actions' };
    expect(pullRequestContext(env)?.kind).toBe('pull-request');
  });

  it('names Dependabot', () => {
    const env = { ...GITHUB, GITHUB_EVENT_NAME: 'pull_request', GITHUB_ACTOR: 'dependabot[bot]' };
    expect(pullRequestContext(env)?.dependabot).toBe(true);
  });

  it.each([
    [{ CI_PIPELINE_SOURCE: 'merge_request_event' }, 'unknown'],
    [{ CI_PIPELINE_SOURCE: 'external_pull_request_event' }, 'unknown'],
    [{ CI_MERGE_REQUEST_IID: '3' }, 'unknown'],
    [{ CI_COMMIT_REF_NAME: 'refs/merge-requests/3/head' }, 'unknown'],
    [{ CI_MERGE_REQUEST_ID: '9', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '2', CI_MERGE_REQUEST_PROJECT_ID: '1' }, 'yes'],
    [{ CI_MERGE_REQUEST_ID: '9', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '1', CI_MERGE_REQUEST_PROJECT_ID: '1' }, 'no'],
  ])('sees a GitLab merge request by %j', (env, fork) => {
    expect(pullRequestContext({ ...GITLAB, ...env })).toMatchObject({
      platform: 'gitlab-ci',
      kind: 'pull-request',
      fork,
    });
  });

  it.each([
    [{ BUILD_REASON: 'PullRequest' }, 'unknown'],
    [{ SYSTEM_PULLREQUEST_PULLREQUESTID: '3', SYSTEM_PULLREQUEST_ISFORK: 'True' }, 'yes'],
    [{ BUILD_SOURCEBRANCH: 'refs/pull/3/merge', SYSTEM_PULLREQUEST_ISFORK: 'False' }, 'no'],
  ])('sees an Azure pull request by %j', (env, fork) => {
    expect(pullRequestContext({ ...AZURE, ...env })).toMatchObject({
      platform: 'azure-pipelines',
      kind: 'pull-request',
      fork,
    });
  });

  it('asks every detected platform, so that a foreign marker hides nothing', () => {
    const env = { ...GITHUB, ...GITLAB, CI_PIPELINE_SOURCE: 'merge_request_event' };
    expect(pullRequestContext(env)?.platform).toBe('gitlab-ci');
  });
});
