import { detectedPlatforms } from '../identity/detect.ts';
import type { Environment, Platform } from '../identity/sources.ts';
import { defaultEvents, isOutsiderEvent, isPullRequestEvent, isPullRequestRef } from '../trust/events.ts';

/**
 * A job whose content or cause may come from somebody who may not decide what is trusted: every job whose event is not on the list of
 * those that pass without a policy (docs/trust-policy.md#what-every-rule-asks-for-without-saying-it).
 */
export interface PullRequestContext {
  readonly platform: Platform;
  /**
   * `pull-request`: the job runs for a pull or merge request, with its content.
   * `privileged`: it runs with the base's rights beside data that an outsider chose.
   * `other`: any other event that is not on the list.
   */
  readonly kind: 'pull-request' | 'privileged' | 'other';
  /** What started the job, in the platform's own word, or the fact that gave it away. */
  readonly event: string;
  /** Whether the request comes from a fork, as far as the environment says it. */
  readonly fork: 'yes' | 'no' | 'unknown';
  /** True when Dependabot started the job: such a job gets no OIDC token on GitHub. */
  readonly dependabot: boolean;
}

/**
 * Tells whether this job runs for a pull or merge request, or for any other event in which trust may not be chosen freely, by what the
 * environment says. Every detected platform is asked, so that setting another platform's marker hides nothing.
 *
 * The environment is the job's own word: whoever may edit the job may change it. The signed claims decide in a trust policy.
 */
export function pullRequestContext(env: Environment): PullRequestContext | undefined {
  for (const platform of detectedPlatforms(env)) {
    const context = contextOn(platform, env);
    if (context !== undefined) return context;
  }
  return undefined;
}

/** The events of a job in which trust may be chosen freely, for people: the same list as that of a run without a policy. */
export function freeEvents(platform: Platform): string {
  return defaultEvents(platform).join(', ');
}

interface Signs {
  /** The variable that names the event. */
  readonly event: string;
  /** The variable that names the ref. */
  readonly ref: string;
  /** Variables that only a pull or merge request has. */
  readonly request: readonly string[];
  readonly fork: (env: Environment) => PullRequestContext['fork'];
}

const SIGNS: Readonly<Record<Platform, Signs>> = {
  'github-actions': {
    event: 'GITHUB_EVENT_NAME',
    ref: 'GITHUB_REF',
    request: ['GITHUB_HEAD_REF'],
    // The environment does not say whether the head is a fork's.
    fork: () => 'unknown',
  },
  'gitlab-ci': {
    event: 'CI_PIPELINE_SOURCE',
    ref: 'CI_COMMIT_REF_NAME',
    request: ['CI_MERGE_REQUEST_IID', 'CI_MERGE_REQUEST_ID', 'CI_EXTERNAL_PULL_REQUEST_IID'],
    fork: gitlabFork,
  },
  'azure-pipelines': {
    event: 'BUILD_REASON',
    ref: 'BUILD_SOURCEBRANCH',
    request: ['SYSTEM_PULLREQUEST_PULLREQUESTID'],
    fork: azureFork,
  },
};

function contextOn(platform: Platform, env: Environment): PullRequestContext | undefined {
  const { event: variable, ref, request, fork } = SIGNS[platform];
  const event = read(env, variable);
  const sign = request.find((name) => env[name]) ?? refSign(read(env, ref));
  if (sign === undefined && defaultEvents(platform).includes(event)) return undefined;
  return {
    platform,
    kind: kindOf(event, sign),
    // An allowed event is not what gave the job away, and one without a name is named by where it should stand.
    event: sign !== undefined && defaultEvents(platform).includes(event) ? sign : event || `(${variable} is not set)`,
    fork: fork(env),
    dependabot: read(env, 'GITHUB_ACTOR') === 'dependabot[bot]' && platform === 'github-actions',
  };
}

function kindOf(event: string, sign: string | undefined): PullRequestContext['kind'] {
  if (event === 'pull_request_target' || isOutsiderEvent(event)) return 'privileged';
  return isPullRequestEvent(event) || sign !== undefined ? 'pull-request' : 'other';
}

/** The beginning of a ref that holds what is not merged yet. */
function refSign(ref: string): string | undefined {
  return isPullRequestRef(ref) ? `${ref.split('/').slice(0, 2).join('/')}/` : undefined;
}

function gitlabFork(env: Environment): PullRequestContext['fork'] {
  const source = read(env, 'CI_MERGE_REQUEST_SOURCE_PROJECT_ID');
  const target = read(env, 'CI_MERGE_REQUEST_PROJECT_ID');
  if (!source || !target) return 'unknown';
  return source === target ? 'no' : 'yes';
}

function azureFork(env: Environment): PullRequestContext['fork'] {
  const answer = read(env, 'SYSTEM_PULLREQUEST_ISFORK').toLowerCase();
  if (answer === 'true') return 'yes';
  return answer === 'false' ? 'no' : 'unknown';
}

function read(env: Environment, name: string): string {
  return env[name] ?? '';
}
