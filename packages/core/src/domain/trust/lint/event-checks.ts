import { findClaim } from '../claims.ts';
import { EVENT_CLAIM, isOutsiderEvent, isPullRequestEvent, isPullRequestRef, REF_CLAIMS } from '../events.ts';
import { describePattern, literalPrefix, type ValuePattern } from '../pattern.ts';
import type { TrustRule } from '../trust-policy.ts';
import { conditionOn, type LintCheck, type Remark, remark, requiresFlag } from './finding.ts';

/** Which events and refs a rule lets pass. */
export const EVENT_CHECKS: readonly LintCheck[] = [riskyEvents, pullRequestRefs, anyRef, mutableRefs];

function riskyEvents(rule: TrustRule): readonly Remark[] {
  const claim = EVENT_CLAIM[rule.provider];
  const events = claim === undefined ? [] : (conditionOn(rule, claim)?.anyOf ?? []);
  return events.flatMap(({ text }) => {
    if (text === 'pull_request_target') {
      return [remark('pull-request-target', 'pull_request_target may pass', 'match', claim ?? '')];
    }
    if (isPullRequestEvent(text)) {
      return [remark('pull-request-event', `${text} may pass`, 'match', claim ?? '')];
    }
    return isOutsiderEvent(text) ? [remark('outsider-event', `${text} may pass`, 'match', claim ?? '')] : [];
  });
}

interface RefPattern {
  readonly claim: string;
  readonly pattern: ValuePattern;
}

function refPatterns(rule: TrustRule): readonly RefPattern[] {
  const claims = rule.methods.includes('oidc') ? REF_CLAIMS[rule.provider] : ['ref'];
  return claims.flatMap((claim) => (conditionOn(rule, claim)?.anyOf ?? []).map((pattern) => ({ claim, pattern })));
}

function pullRequestRefs(rule: TrustRule): readonly Remark[] {
  return refPatterns(rule)
    .filter(({ pattern }) => isPullRequestRef(literalPrefix(pattern)))
    .map(({ claim, pattern }) => remark('pull-request-ref', `${describePattern(pattern)} may pass`, 'match', claim));
}

function isGuarded(rule: TrustRule): boolean {
  return conditionOn(rule, 'environment') !== undefined || requiresFlag(rule, 'ref_protected');
}

/** A digest of the workflow or a commit names the content itself. */
const CONTENT = ['sha', 'workflow_sha', 'job_workflow_sha', 'ci_config_sha', 'rpo_ver'];

function anyRef(rule: TrustRule): readonly Remark[] {
  const named = refPatterns(rule).length > 0 || CONTENT.some((claim) => conditionOn(rule, claim) !== undefined);
  if (!rule.methods.includes('oidc') || named || isGuarded(rule)) {
    return [];
  }
  return [remark('any-ref', 'neither a ref nor an environment is named', 'match')];
}

/** Only where the token can prove protection: an Azure token cannot, an HMAC proves none of it. */
function mutableRefs(rule: TrustRule): readonly Remark[] {
  const provable = findClaim(rule.provider, rule.methods, 'ref_protected') !== undefined;
  if (!provable || isGuarded(rule)) {
    return [];
  }
  const tagsOnly = conditionOn(rule, 'ref_type')?.anyOf.every(({ text }) => text === 'tag') ?? false;
  return refPatterns(rule)
    .filter(({ pattern }) => !isPullRequestRef(literalPrefix(pattern)))
    .map(({ claim, pattern }) => {
      const code = tagsOnly || pattern.text.startsWith('refs/tags/') ? 'movable-tag' : 'unprotected-branch';
      return remark(code, `${describePattern(pattern)} may pass`, 'match', claim);
    });
}
