import type { Provider } from '../wire/messages.ts';
import { anchorClaims, claimsOf, findClaim, matchableClaims, PROVIDERS, type TrustMethod } from './claims.ts';
import { describeValue, isObject, type ProblemCollector } from './document.ts';
import { readPatterns } from './parse-condition.ts';
import { type DocumentPath, quoted } from './problems.ts';
import type { PolicyCondition } from './trust-policy.ts';

/** The conditions on claims; undefined when one was reported as wrong. */
export function readMatch(
  value: unknown,
  provider: Provider,
  methods: readonly TrustMethod[],
  path: DocumentPath,
  collector: ProblemCollector,
): readonly PolicyCondition[] | undefined {
  if (!isObject(value)) {
    return collector.report(path, `expected a mapping of claims, got ${describeValue(value)}`);
  }
  const names = Object.keys(value);
  const conditions = names.flatMap((name) => {
    const definition = findClaim(provider, methods, name);
    if (definition === undefined) {
      collector.report([...path, name], explainUnknownClaim(name, provider, methods));
      return [];
    }
    const anyOf = readPatterns(value[name], [...path, name], definition.kind, collector);
    return anyOf ? [{ name, anyOf }] : [];
  });
  checkAnchor(names, provider, methods, path, collector);
  return conditions.length === names.length ? conditions : undefined;
}

/** Without one of these a rule would trust every repository that the issuer vouches for: on a public platform, everybody. */
function checkAnchor(
  names: readonly string[],
  provider: Provider,
  methods: readonly TrustMethod[],
  path: DocumentPath,
  collector: ProblemCollector,
): void {
  const anchors = anchorClaims(provider, methods);
  if (provider === 'local' && methods.includes('oidc')) {
    return;
  }
  if (anchors.length === 0) {
    collector.report(
      path,
      `no claim names a repository of ${provider} for both methods; write one rule for each method`,
    );
  } else if (!names.some((name) => anchors.includes(name))) {
    collector.report(path, `says nothing of the repository; match at least one of ${anchors.join(', ')}`);
  }
}

function explainUnknownClaim(name: string, provider: Provider, methods: readonly TrustMethod[]): string {
  if (name === 'sub') {
    return 'sub is not matched: each platform lets its form be changed; match the ids and claims that it is made of';
  }
  const unproven = methods.find((method) => !claimsOf(provider, method).some((known) => known.name === name));
  const other = methods.find((method) => claimsOf(provider, method).some((known) => known.name === name));
  if (other !== undefined && unproven !== undefined) {
    return `${name} cannot be proven by ${unproven}; write one rule for each method`;
  }
  const owner = PROVIDERS.find((each) => claimsOf(each, 'oidc').some((known) => known.name === name));
  if (owner !== undefined && owner !== provider) {
    return `${name} is a claim of ${owner}, not of ${provider}`;
  }
  if (owner === provider) {
    return `${name} cannot be proven by ${methods.join(' and ')}; only ${namesOf(provider, methods)} can`;
  }
  return `unknown claim ${quoted(name)}, expected one of ${namesOf(provider, methods)}`;
}

function namesOf(provider: Provider, methods: readonly TrustMethod[]): string {
  return matchableClaims(provider, methods)
    .map(({ name }) => name)
    .join(', ');
}
