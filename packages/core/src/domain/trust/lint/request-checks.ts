import { APPROVAL_KINDS, EXECUTION_KINDS, KNOWN_KINDS } from '../../decision/kinds.ts';
import { findClaim, matchableClaims } from '../claims.ts';
import { EVENT_CLAIM, knownEvents } from '../events.ts';
import type { TrustRule } from '../trust-policy.ts';
import { conditionOn, type LintCheck, type Remark, remark, requiresFlag } from './finding.ts';

/** For which requests, from which environments, and words that are known to nobody. */
export const REQUEST_CHECKS: readonly LintCheck[] = [
  unscopedRequests,
  noEnvironment,
  unprotectedEnvironment,
  unknownClaimValues,
  unknownKinds,
];

function unscopedRequests(rule: TrustRule): readonly Remark[] {
  return rule.requests.length > 0 ? [] : [remark('unscoped-requests', 'requests is not set')];
}

const PRODUCTION = /(?:^|[^a-z])(?:prod|production|prd|live|stable|ga)(?:[^a-z]|$)/i;

function noEnvironment(rule: TrustRule): readonly Remark[] {
  const provable = findClaim(rule.provider, rule.methods, 'environment') !== undefined;
  const reason = productionRequest(rule);
  if (!provable || reason === undefined || conditionOn(rule, 'environment') !== undefined) {
    return [];
  }
  return [remark('no-environment', `${reason} may pass without an environment`, 'match')];
}

/** What of the scope may be a release to production; undefined: nothing. */
function productionRequest({ requests }: TrustRule): string | undefined {
  if (requests.length === 0) {
    return 'every request';
  }
  const isProduction = (field: string, text: string) =>
    field === 'metadata_kind' ? EXECUTION_KINDS.has(text) || APPROVAL_KINDS.has(text) : PRODUCTION.test(text);
  const found = requests
    .flatMap(({ name, anyOf }) => anyOf.map(({ text }) => ({ name, text })))
    .find(({ name, text }) => isProduction(name, text));
  return found === undefined ? undefined : `${found.name} ${found.text}`;
}

function unprotectedEnvironment(rule: TrustRule): readonly Remark[] {
  const provable = findClaim(rule.provider, rule.methods, 'environment_protected') !== undefined;
  const protection = requiresFlag(rule, 'environment_protected') || requiresFlag(rule, 'ref_protected');
  if (!provable || protection || conditionOn(rule, 'environment') === undefined) {
    return [];
  }
  return [remark('unprotected-environment', 'environment is matched without its protection', 'match', 'environment')];
}

function unknownClaimValues(rule: TrustRule): readonly Remark[] {
  return matchableClaims(rule.provider, rule.methods).flatMap(({ name, values }) => {
    const known = name === EVENT_CLAIM[rule.provider] ? knownEvents(rule.provider) : values;
    const patterns = conditionOn(rule, name)?.anyOf ?? [];
    const unknown = patterns.filter(({ text }) => known?.includes(text) === false);
    return unknown.map(({ text }) => remark('unknown-value', `${name} ${text} is not known`, 'match', name));
  });
}

function unknownKinds({ requests }: TrustRule): readonly Remark[] {
  const kinds = requests.find(({ name }) => name === 'metadata_kind')?.anyOf ?? [];
  return kinds
    .filter(({ text }) => !KNOWN_KINDS.has(text))
    .map(({ text }) => remark('unknown-value', `metadata_kind ${text} is not known`, 'requests', 'metadata_kind'));
}
