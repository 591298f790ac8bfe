import { type ClaimDefinition, matchableClaims } from '../claims.ts';
import { describePattern, literalPrefix, type ValuePattern } from '../pattern.ts';
import type { TrustRule } from '../trust-policy.ts';
import { conditionOn, type LintCheck, type Remark, remark } from './finding.ts';

/** Which repositories a rule lets pass. */
export const IDENTITY_CHECKS: readonly LintCheck[] = [
  nameWithoutId,
  wideRepository,
  wildcardAlone,
  prefixPattern,
  trailingSlashIssuer,
  hmacBesideOidc,
];

function definitions(rule: TrustRule): readonly ClaimDefinition[] {
  return matchableClaims(rule.provider, rule.methods).filter(({ name }) => conditionOn(rule, name) !== undefined);
}

function nameWithoutId(rule: TrustRule): readonly Remark[] {
  const matchable = matchableClaims(rule.provider, rule.methods);
  return definitions(rule).flatMap(({ name, id }) => {
    const possible = id !== undefined && matchable.some((claim) => claim.name === id);
    if (!possible || conditionOn(rule, id) !== undefined) {
      return [];
    }
    return [remark('name-without-id', `${name} is matched without ${id}`, 'match', name)];
  });
}

/** Claims that make a rule about one thing within an owner. */
const NARROWING = ['job_workflow_ref', 'ci_config_ref_uri', 'def_id'];

function wideRepository(rule: TrustRule): readonly Remark[] {
  const repositories = definitions(rule).filter(({ role }) => role === 'repository');
  const exact = repositories.some(({ name }) => patterns(rule, name).every(({ kind }) => kind === 'exact'));
  const narrowed = NARROWING.some((name) => patterns(rule, name).some((pattern) => literalPrefix(pattern) !== ''));
  if (exact || narrowed) {
    return [];
  }
  const named = repositories.length > 0 ? repositories : definitions(rule).filter(({ role }) => role === 'owner');
  const [widest] = named;
  if (widest === undefined) {
    return [];
  }
  const values = patterns(rule, widest.name).map(describePattern).join(' or ');
  return [remark('wide-repository', `${widest.name} is ${values}`, 'match', widest.name)];
}

function patterns(rule: TrustRule, name: string): readonly ValuePattern[] {
  return conditionOn(rule, name)?.anyOf ?? [];
}

function wildcardAlone(rule: TrustRule): readonly Remark[] {
  return globs(rule)
    .filter(({ pattern }) => /^[*/]+$/.test(pattern.text))
    .map(({ pattern, at }) => remark('wildcard-alone', `${describePattern(pattern)} checks nothing`, ...at));
}

/** Tags are left to `movable-tag`: `refs/tags/v*` is the common form, and the danger is another. */
function prefixPattern(rule: TrustRule): readonly Remark[] {
  return globs(rule)
    .filter(({ pattern }) => /[\p{L}\p{N}]\*(?:\/|$)/u.test(pattern.text) && !pattern.text.startsWith('refs/tags/'))
    .map(({ pattern, at }) => {
      const evil = pattern.text.replaceAll('*', '-evil');
      return remark('prefix-pattern', `${describePattern(pattern)} also matches ${evil}`, ...at);
    });
}

interface PlacedPattern {
  readonly pattern: ValuePattern;
  readonly at: readonly string[];
}

function globs(rule: TrustRule): readonly PlacedPattern[] {
  const place = (section: string) => (condition: { readonly name: string; readonly anyOf: readonly ValuePattern[] }) =>
    condition.anyOf.map((pattern) => ({ pattern, at: [section, condition.name] }));
  const placed = [...rule.match.flatMap(place('match')), ...rule.requests.flatMap(place('requests'))];
  return placed.filter(({ pattern }) => pattern.kind === 'glob');
}

function trailingSlashIssuer(rule: TrustRule): readonly Remark[] {
  return rule.issuer?.endsWith('/') ? [remark('trailing-slash-issuer', `the issuer is ${rule.issuer}`, 'issuer')] : [];
}

const hmacRule = (rule: TrustRule) => rule.methods.includes('hmac');
const oidcRule = (rule: TrustRule) => rule.methods.includes('oidc');

function hmacBesideOidc(rule: TrustRule, { policy }: Parameters<LintCheck>[1]): readonly Remark[] {
  const beside = policy.rules.find((other) => other.provider === rule.provider && oidcRule(other));
  if (!hmacRule(rule) || beside === undefined) {
    return [];
  }
  const message = beside === rule ? 'the rule takes both methods' : `the rule ${beside.name} asks for oidc`;
  return [remark('hmac-beside-oidc', message, 'methods')];
}
