import { detectedPlatforms } from '../identity/detect.ts';
import type { Environment, Platform } from '../identity/sources.ts';

/** A job whose content or cause comes from somebody who may not decide what is trusted (design.md section 4). */
export interface PullRequestContext {
  readonly platform: Platform;
  /**
   * `pull-request`: the job runs for a pull or merge request, with its content.
   * `privileged`: it runs with the base's rights beside data that an outsider chose.
   */
  readonly kind: 'pull-request' | 'privileged';
  /** What started the job, in the platform's own word, or the fact that gave it away. */
  readonly event: string;
  /** Whether the request comes from a fork, as far as the environment says it. */
  readonly fork: 'yes' | 'no' | 'unknown';
  /** True when Dependabot started the job: such a job gets no OIDC token on GitHub. */
  readonly dependabot: boolean;
}

/** Events that run the base's workflow with its secrets, on data from outside. */
const PRIVILEGED_EVENTS: readonly string[] = ['pull_request_target', 'workflow_run', 'issue_comment'];

/**
 * Tells whether this job runs for a pull or merge request, or on an event that mixes the base's rights with data from outside, by
 * what the environment says. Every detected platform is asked, so that setting another platform's marker hides nothing.
 *
 * The environment is the job's own word: whoever may edit the job may change it. The signed claims decide in a trust policy.
 */
export function pullRequestContext(env: Environment): PullRequestContext | undefined {
  for (const platform of detectedPlatforms(env)) {
    const context = READERS[platform](env);
    if (context !== undefined) {
      return context;
    }
  }
  return undefined;
}

const READERS: Readonly<Record<Platform, (env: Environment) => PullRequestContext | undefined>> = {
  'github-actions': githubContext,
  'gitlab-ci': gitlabContext,
  'azure-pipelines': azureContext,
};

function githubContext(env: Environment): PullRequestContext | undefined {
  const event = read(env, 'GITHUB_EVENT_NAME');
  const dependabot = read(env, 'GITHUB_ACTOR') === 'dependabot[bot]';
  // The environment does not say whether the head is a fork's.
  const facts = { platform: 'github-actions', fork: 'unknown', dependabot } as const;
  if (PRIVILEGED_EVENTS.includes(event)) {
    return { ...facts, kind: 'privileged', event };
  }
  if (event.startsWith('pull_request')) {
    return { ...facts, kind: 'pull-request', event };
  }
  if (read(env, 'GITHUB_REF').startsWith('refs/pull/')) {
    return { ...facts, kind: 'pull-request', event: event || 'refs/pull/' };
  }
  if (read(env, 'GITHUB_HEAD_REF')) {
    return { ...facts, kind: 'pull-request', event: event || 'GITHUB_HEAD_REF' };
  }
  return undefined;
}

const GITLAB_REQUEST_SOURCES: readonly string[] = ['merge_request_event', 'external_pull_request_event'];
const GITLAB_REQUEST_VARIABLES = ['CI_MERGE_REQUEST_IID', 'CI_MERGE_REQUEST_ID', 'CI_EXTERNAL_PULL_REQUEST_IID'];

function gitlabContext(env: Environment): PullRequestContext | undefined {
  const source = read(env, 'CI_PIPELINE_SOURCE');
  const sign = GITLAB_REQUEST_SOURCES.includes(source)
    ? source
    : (GITLAB_REQUEST_VARIABLES.find((name) => env[name]) ?? gitlabRequestRef(env));
  if (sign === undefined) {
    return undefined;
  }
  return { platform: 'gitlab-ci', kind: 'pull-request', event: sign, fork: gitlabFork(env), dependabot: false };
}

function gitlabRequestRef(env: Environment): string | undefined {
  return read(env, 'CI_COMMIT_REF_NAME').startsWith('refs/merge-requests/') ? 'refs/merge-requests/' : undefined;
}

function gitlabFork(env: Environment): PullRequestContext['fork'] {
  const source = read(env, 'CI_MERGE_REQUEST_SOURCE_PROJECT_ID');
  const target = read(env, 'CI_MERGE_REQUEST_PROJECT_ID');
  if (!source || !target) {
    return 'unknown';
  }
  return source === target ? 'no' : 'yes';
}

function azureContext(env: Environment): PullRequestContext | undefined {
  const sign = azureSign(env);
  if (sign === undefined) {
    return undefined;
  }
  return { platform: 'azure-pipelines', kind: 'pull-request', event: sign, fork: azureFork(env), dependabot: false };
}

function azureSign(env: Environment): string | undefined {
  if (read(env, 'BUILD_REASON').toLowerCase() === 'pullrequest') {
    return 'PullRequest';
  }
  if (read(env, 'SYSTEM_PULLREQUEST_PULLREQUESTID')) {
    return 'SYSTEM_PULLREQUEST_PULLREQUESTID';
  }
  return read(env, 'BUILD_SOURCEBRANCH').startsWith('refs/pull/') ? 'refs/pull/' : undefined;
}

function azureFork(env: Environment): PullRequestContext['fork'] {
  const answer = read(env, 'SYSTEM_PULLREQUEST_ISFORK').toLowerCase();
  if (answer === 'true') {
    return 'yes';
  }
  return answer === 'false' ? 'no' : 'unknown';
}

function read(env: Environment, name: string): string {
  return env[name] ?? '';
}
