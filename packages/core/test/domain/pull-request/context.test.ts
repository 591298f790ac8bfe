import { describe, expect, it } from '@jest/globals';
import { pullRequestContext } from '../../../src/domain/pull-request/context.ts';

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
