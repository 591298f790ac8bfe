import { EVENT_CLAIM, isPullRequestEvent, isPullRequestRef, REF_CLAIMS } from '../events.ts';
import { describePattern, literalPrefix, type ValuePattern } from '../pattern.ts';
import type { TrustRule } from '../trust-policy.ts';
import { coversRule } from './cover.ts';
import { conditionOn, type LintCheck, type Remark, remark } from './finding.ts';

/** Rules that never decide. */
export const REACH_CHECKS: readonly LintCheck[] = [shadowed, malformedValues, contradictions];

function shadowed(rule: TrustRule, { policy, index }: Parameters<LintCheck>[1]): readonly Remark[] {
  const earlier = policy.rules.slice(0, index).find((other) => coversRule(other, rule));
  return earlier === undefined ? [] : [remark('shadowed-rule', `the rule ${earlier.name} matches first`)];
}

/** The form that every value of a claim has; `*` in a glob may stand for any part of it. */
const FORMS: readonly (readonly [claims: readonly string[], form: RegExp, expected: string])[] = [
  [['repository'], /^[\w.*-]+\/[\w.*-]+$/, 'owner/name'],
  [['project_path', 'job_project_path'], /^[\w.*-]+(?:\/[\w.*-]+)+$/, 'group/project'],
  [['rpo_ref', 'ref_path'], /^(?:refs|[^/]*\*[^/]*)\//, 'a full ref like refs/heads/main'],
  [['workflow_ref', 'job_workflow_ref'], /^[^/]+\/[^/]+\/.+@/, 'owner/name/.github/workflows/file.yml@ref'],
  [['ci_config_ref_uri'], /\/\/.+@/, 'host/group/project//file.yml@ref'],
  [['rpo_uri'], /^https:\/\//, 'an https URL'],
  [
    ['sha', 'workflow_sha', 'job_workflow_sha', 'ci_config_sha', 'rpo_ver'],
    /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/,
    'a full commit in lower-case hex',
  ],
];

function malformedValues(rule: TrustRule): readonly Remark[] {
  const github: typeof FORMS =
    rule.provider === 'github-actions'
      ? [[['ref'], /^(?:refs|[^/]*\*[^/]*)\//, 'a full ref like refs/heads/main']]
      : [];
  const gitlab: typeof FORMS =
    rule.provider === 'gitlab-ci' ? [[['ref'], /^(?!refs\/(?:heads|tags)\/)/, 'a short name like main']] : [];
  const forms = rule.methods.includes('oidc') ? [...FORMS, ...github, ...gitlab] : [];
  return forms.flatMap(([claims, form, expected]) =>
    claims.flatMap((claim) => misformed(rule, claim, form).map((pattern) => wrongForm(claim, pattern, expected))),
  );
}

function misformed(rule: TrustRule, claim: string, form: RegExp): readonly ValuePattern[] {
  return (conditionOn(rule, claim)?.anyOf ?? []).filter(({ text }) => !form.test(text));
}

function wrongForm(claim: string, pattern: ValuePattern, expected: string): Remark {
  return remark('never-matches', `${claim} ${describePattern(pattern)} is not of the form ${expected}`, 'match', claim);
}

function contradictions(rule: TrustRule): readonly Remark[] {
  return [...otherOwner(rule), ...otherRefType(rule), ...pullRequestWithoutEvent(rule), ...eventWithoutRef(rule)];
}

/** `repository: a/x` can never be of `repository_owner: b`. */
function otherOwner(rule: TrustRule): readonly Remark[] {
  const owners = texts(rule, 'repository_owner');
  const repositories = texts(rule, 'repository');
  const possible = repositories.some((repository) => owners.some((owner) => repository.startsWith(`${owner}/`)));
  const globbed = repositories.some((repository) => repository.split('/')[0]?.includes('*'));
  if (owners.length === 0 || repositories.length === 0 || possible || globbed) {
    return [];
  }
  return [remark('never-matches', 'repository is of another owner than repository_owner', 'match', 'repository')];
}

/** `ref: refs/heads/…` is never of `ref_type: tag`. */
function otherRefType(rule: TrustRule): readonly Remark[] {
  const types = texts(rule, 'ref_type');
  const refs = [...texts(rule, 'ref'), ...texts(rule, 'ref_path')].filter((ref) => /^refs\/(?:heads|tags)\//.test(ref));
  const typeOf = (ref: string) => (ref.startsWith('refs/tags/') ? 'tag' : 'branch');
  if (types.length === 0 || refs.length === 0 || refs.some((ref) => types.includes(typeOf(ref)))) {
    return [];
  }
  return [
    remark('never-matches', `ref_type is ${types.join(' or ')}, but ref is of the other type`, 'match', 'ref_type'),
  ];
}

/** A ref of a pull request comes with an event of one, which passes only where it is named too. */
function pullRequestWithoutEvent(rule: TrustRule): readonly Remark[] {
  const event = EVENT_CLAIM[rule.provider];
  const refs = refPatterns(rule);
  const only =
    refs.length > 0 && refs.every((pattern) => /^refs\/(?:pull|merge-requests)\//.test(literalPrefix(pattern)));
  if (event === undefined || !only || conditionOn(rule, event) !== undefined) {
    return [];
  }
  return [remark('never-matches', `the ref is a pull request’s, but ${event} does not name its event`, 'match', event)];
}

/** On GitHub the ref of `pull_request` is always `refs/pull/…`, so that a branch never comes with it. */
function eventWithoutRef(rule: TrustRule): readonly Remark[] {
  const events = texts(rule, 'event_name');
  const refs = refPatterns(rule);
  const onlyPulls =
    events.length > 0 && events.every((event) => isPullRequestEvent(event) && event !== 'pull_request_target');
  if (rule.provider !== 'github-actions' || !onlyPulls || refs.length === 0) {
    return [];
  }
  return refs.some((pattern) => isPullRequestRef(literalPrefix(pattern)))
    ? []
    : [remark('never-matches', `the ref of ${events.join(', ')} is refs/pull/…/merge`, 'match', 'ref')];
}

function texts(rule: TrustRule, claim: string): readonly string[] {
  return (conditionOn(rule, claim)?.anyOf ?? []).map(({ text }) => text);
}

function refPatterns(rule: TrustRule): readonly ValuePattern[] {
  return REF_CLAIMS[rule.provider].flatMap((claim) => conditionOn(rule, claim)?.anyOf ?? []);
}
