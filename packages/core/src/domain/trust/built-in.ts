import type { Provider } from '../wire/messages.ts';
import {
  defaultEvents,
  EVENT_CLAIM,
  isBranchOrTag,
  isPullRequestEvent,
  isShortBranchOrTag,
  REF_CLAIMS,
  refNamespace,
} from './events.ts';
import { literalPrefix } from './pattern.ts';
import { type ConditionResult, claimText } from './subject.ts';
import type { AuthenticatedRunner } from './trust-decision.ts';
import type { PolicyCondition } from './trust-policy.ts';

/**
 * What every rule asks for, and the default where there is no policy: that the repository is proven, and that event and ref are
 * among the safe ones unless the rule names others (design.md section 4).
 */
export function builtInConditions(
  provider: Provider,
  match: readonly PolicyCondition[],
  runner: AuthenticatedRunner,
): readonly ConditionResult[] {
  return runner.method === 'oidc'
    ? [
        provenRepository(runner),
        ...sameProject(provider, runner),
        ...safeEvent(provider, match, runner),
        ...safeRefs(REF_CLAIMS[provider], match, runner),
      ]
    : [provenRepository(runner), ...noMergeRequest(provider, match, runner), ...safeRefs(['ref'], match, runner)];
}

function builtIn(name: string, expected: string, actual: string | null, met: boolean): ConditionResult {
  return { name, origin: 'built-in', expected, actual, met };
}

function provenRepository({ identity, verified }: AuthenticatedRunner): ConditionResult {
  return builtIn('repository', 'a proven repository', identity.repository || null, verified.includes('repository'));
}

/** In a fork's merge-request pipeline `project_id` is the fork and `job_project_id` the project that runs it. */
function sameProject(provider: Provider, runner: AuthenticatedRunner): readonly ConditionResult[] {
  const project = claimText(runner, 'project_id');
  const jobProject = claimText(runner, 'job_project_id');
  if (provider !== 'gitlab-ci' || project === null || jobProject === null) {
    return [];
  }
  return [builtIn('job_project_id', `the project_id ${project}`, jobProject, project === jobProject)];
}

function safeEvent(
  provider: Provider,
  match: readonly PolicyCondition[],
  runner: AuthenticatedRunner,
): readonly ConditionResult[] {
  const claim = EVENT_CLAIM[provider];
  if (claim === undefined || match.some(({ name }) => name === claim)) {
    return [];
  }
  const safe = defaultEvents(provider);
  const event = claimText(runner, claim);
  return [builtIn(claim, `${safe.join(', ')}, as no rule names it`, event, event !== null && safe.includes(event))];
}

/** An HMAC proves no event; but GitLab's pipeline source is the identity's `workflow`, and a runner that admits it is believed. */
function noMergeRequest(
  provider: Provider,
  match: readonly PolicyCondition[],
  runner: AuthenticatedRunner,
): readonly ConditionResult[] {
  const workflow = claimText(runner, 'workflow');
  if (provider !== 'gitlab-ci' || workflow === null || match.some(({ name }) => name === 'workflow')) {
    return [];
  }
  return [builtIn('workflow', 'no merge request, as no rule names it', workflow, !isPullRequestEvent(workflow))];
}

/** A token always says its ref; an HMAC runner may have none, as on a developer's machine. */
function safeRefs(
  claims: readonly string[],
  match: readonly PolicyCondition[],
  runner: AuthenticatedRunner,
): readonly ConditionResult[] {
  const stated = claims.flatMap((name) => {
    const ref = claimText(runner, name);
    return ref === null ? [] : [{ name, ref }];
  });
  if (stated.length === 0 && runner.method === 'oidc') {
    return [builtIn(claims[0] ?? 'ref', SAFE_REF, null, false)];
  }
  return stated.map(({ name, ref }) => {
    const isSafe = hasShortNames(name, claims, runner) ? isShortBranchOrTag : isBranchOrTag;
    return builtIn(name, SAFE_REF, ref, isSafe(ref) || isNamed(ref, claims, match));
  });
}

/** GitLab's `ref` stands beside the full `ref_path`; an HMAC runner's ref is what its platform's variable holds. */
function hasShortNames(claim: string, claims: readonly string[], runner: AuthenticatedRunner): boolean {
  return runner.method === 'hmac' || claims.indexOf(claim) > 0;
}

const SAFE_REF = 'a branch or a tag, unless a rule names its refs/…/';

/** A pattern names a ref when it spells out its namespace: `refs/pull/*` does, `refs/*` does not. */
function isNamed(ref: string, claims: readonly string[], match: readonly PolicyCondition[]): boolean {
  const namespace = refNamespace(ref);
  return match
    .filter(({ name }) => claims.includes(name))
    .some(({ anyOf }) => anyOf.some((pattern) => literalPrefix(pattern).startsWith(namespace)));
}
