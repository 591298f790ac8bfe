import { defaultEvents, EVENT_CLAIM, REF_CLAIMS, refNamespace } from '../events.ts';
import { coversPattern, exactly, literalPrefix, type ValuePattern } from '../pattern.ts';
import type { PolicyCondition, TrustRule } from '../trust-policy.ts';

/** Whether `wide` matches whatever `narrow` matches. Says no where it cannot tell. */
export function coversRule(wide: TrustRule, narrow: TrustRule): boolean {
  return (
    wide.provider === narrow.provider &&
    narrow.methods.every((method) => wide.methods.includes(method)) &&
    (wide.issuer === undefined || wide.issuer === narrow.issuer) &&
    coversAll(withDefaultEvents(wide), withDefaultEvents(narrow)) &&
    coversAll(wide.requests, narrow.requests) &&
    coversRefs(wide, narrow)
  );
}

function coversAll(wide: readonly PolicyCondition[], narrow: readonly PolicyCondition[]): boolean {
  return wide.every(({ name, anyOf }) => {
    const other = narrow.find((condition) => condition.name === name);
    return other?.anyOf.every((pattern) => anyOf.some((candidate) => coversPattern(candidate, pattern))) ?? false;
  });
}

/** The rule's conditions, with the built-in one on events where it names none. */
function withDefaultEvents({ provider, methods, match }: TrustRule): readonly PolicyCondition[] {
  const name = EVENT_CLAIM[provider];
  if (name === undefined || !methods.includes('oidc') || match.some((condition) => condition.name === name)) {
    return match;
  }
  return [...match, { name, anyOf: defaultEvents(provider).map(exactly) }];
}

/** Beside branches and tags, a ref passes only where a rule spells out its namespace. */
function coversRefs(wide: TrustRule, narrow: TrustRule): boolean {
  const namespaces = refPatterns(wide).map(literalPrefix);
  return refPatterns(narrow).every((pattern) => {
    const prefix = literalPrefix(pattern);
    return isBranchOrTag(prefix) || namespaces.some((namespace) => namespace.startsWith(refNamespace(prefix)));
  });
}

function refPatterns(rule: TrustRule): readonly ValuePattern[] {
  const claims = [...REF_CLAIMS[rule.provider], 'ref'];
  return rule.match.filter(({ name }) => claims.includes(name)).flatMap(({ anyOf }) => anyOf);
}

function isBranchOrTag(prefix: string): boolean {
  return /^refs\/(?:heads\/(?!gh-readonly-queue)|tags\/)/.test(prefix) || !prefix.startsWith('refs');
}
