import type { Provider } from '../wire/messages.ts';

/**
 * Which events and refs may pass a gate without being named by a rule (design.md section 4). Allow-lists: an event or a ref that is
 * not known to be safe, a future one included, passes only where a rule names it.
 */

interface EventTable {
  /** Somebody with write access starts them, and they run the repository's own content: pass when a rule names no event. */
  readonly default: readonly string[];
  readonly pullRequest: readonly string[];
  /** Carry what outsiders wrote, run what is not merged yet, or hide the event which started them. */
  readonly outsider: readonly string[];
  readonly other: readonly string[];
}

const EVENTS: Readonly<Record<Provider, EventTable>> = {
  'github-actions': {
    default: ['push', 'workflow_dispatch', 'schedule', 'release'],
    pullRequest: ['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'],
    outsider: [
      'workflow_run',
      'issue_comment',
      'issues',
      'discussion',
      'discussion_comment',
      'fork',
      'watch',
      'gollum',
      'check_run',
      'check_suite',
      'status',
      'merge_group',
    ],
    other: [
      'branch_protection_rule',
      'create',
      'delete',
      'deployment',
      'deployment_status',
      'image_version',
      'label',
      'milestone',
      'page_build',
      'public',
      'registry_package',
      'repository_dispatch',
    ],
  },
  'gitlab-ci': {
    default: ['push', 'web', 'schedule', 'api'],
    pullRequest: ['merge_request_event', 'external_pull_request_event'],
    outsider: ['parent_pipeline', 'pipeline', 'external', 'chat'],
    other: [
      'container_registry_push',
      'duo_workflow',
      'ondemand_dast_scan',
      'ondemand_dast_validation',
      'pipeline_execution_policy_schedule',
      'security_orchestration_policy',
      'trigger',
      'webide',
    ],
  },
  // An Azure token does not name the event; pull requests show in its ref, and in BUILD_REASON of the environment.
  'azure-pipelines': { default: [], pullRequest: ['PullRequest'], outsider: [], other: [] },
  local: { default: [], pullRequest: [], outsider: [], other: [] },
};

const ALL_TABLES = Object.values(EVENTS);

/** The signed claim that names the event; none on Azure. */
export const EVENT_CLAIM: Readonly<Partial<Record<Provider, string>>> = {
  'github-actions': 'event_name',
  'gitlab-ci': 'pipeline_source',
};

/** The signed claims that name the ref. */
export const REF_CLAIMS: Readonly<Record<Provider, readonly string[]>> = {
  'github-actions': ['ref'],
  'gitlab-ci': ['ref_path', 'ref'],
  'azure-pipelines': ['rpo_ref'],
  local: [],
};

/** Events that pass when a rule names none. */
export function defaultEvents(provider: Provider): readonly string[] {
  return EVENTS[provider].default;
}

/** Every event that the platform documents, for the linter. */
export function knownEvents(provider: Provider): readonly string[] {
  const table = EVENTS[provider];
  return [...table.default, ...table.pullRequest, ...table.outsider, ...table.other];
}

/** Whether the event is a pull or merge request, `pull_request_target` included, on any platform. */
export function isPullRequestEvent(event: string): boolean {
  return ALL_TABLES.some((table) => table.pullRequest.includes(event));
}

/** Whether the event carries what outsiders wrote, runs what is not merged yet, or hides the event behind it. */
export function isOutsiderEvent(event: string): boolean {
  return ALL_TABLES.some((table) => table.outsider.includes(event));
}

/** `gh-readonly-queue`: GitHub's merge queue builds pull requests that are not merged yet on branches of this name. */
const UNMERGED_REFS = ['refs/pull/', 'refs/merge-requests/', 'refs/heads/gh-readonly-queue/'];
const MERGED_REFS = ['refs/heads/', 'refs/tags/'];

/** Whether the ref holds what is not merged yet: a pull or merge request, or a merge queue. */
export function isPullRequestRef(ref: string): boolean {
  return UNMERGED_REFS.some((prefix) => ref.startsWith(prefix));
}

/** Whether a ref may pass when no rule names it: a branch or a tag, by its full name. */
export function isBranchOrTag(ref: string): boolean {
  return !isPullRequestRef(ref) && MERGED_REFS.some((prefix) => ref.startsWith(prefix));
}

/** The same for a place where a branch or a tag has its short name, like GitLab's `ref`. */
export function isShortBranchOrTag(ref: string): boolean {
  return isBranchOrTag(ref) || !ref.startsWith('refs/');
}

/** The part of a ref that a rule must spell out to let a ref pass which is no branch or tag, for example `refs/pull/`. */
export function refNamespace(ref: string): string {
  const unmerged = UNMERGED_REFS.find((prefix) => ref.startsWith(prefix));
  return unmerged ?? `${ref.split('/').slice(0, 2).join('/')}/`;
}
