import { MAX_TRUST_POLICY_RULES, MAX_TRUST_POLICY_VALUE_LENGTH } from '../limits.ts';
import type { Provider } from '../wire/messages.ts';
import { METHODS, PROVIDERS, REQUEST_FIELDS, type RequestField, type TrustMethod } from './claims.ts';
import {
  type Members,
  memberReader,
  ProblemCollector,
  readChoice,
  readList,
  readObject,
  readText,
  rejectDuplicates,
} from './document.ts';
import { readPatterns } from './parse-condition.ts';
import { readMatch } from './parse-match.ts';
import { type DocumentPath, type Locate, quoted, TrustPolicyError } from './problems.ts';
import { type PolicyCondition, TRUST_POLICY_SCHEMA_VERSION, type TrustPolicy, type TrustRule } from './trust-policy.ts';

export const MAX_RULE_NAME_LENGTH = 100;
/** An https URL without user, query or fragment. */
export const ISSUER_FORM = /^https:\/\/[A-Za-z0-9.:[\]-]+(?:\/[A-Za-z0-9._~%/-]*)?$/;

/**
 * Checks a policy document and makes it a policy.
 *
 * @param document what a strict JSON or YAML reader gave: null, booleans, numbers, strings, lists and plain objects
 * @param locate where in the text a path stands, for the problems
 * @throws TrustPolicyError CAVRA-E210 with everything that is wrong in it
 */
export function parseTrustPolicy(document: unknown, locate: Locate = () => undefined): TrustPolicy {
  const collector = new ProblemCollector(locate);
  const rules = readDocument(document, collector);
  if (collector.problems.length > 0) {
    throw new TrustPolicyError(collector.problems);
  }
  return { rules };
}

function readDocument(document: unknown, collector: ProblemCollector): readonly TrustRule[] {
  const members = readObject(document, [], { required: ['schema_version', 'rules'], optional: [] }, collector);
  if (members === undefined) {
    return [];
  }
  const member = memberReader(members, []);
  member('schema_version', (value, path) => readChoice(value, path, [TRUST_POLICY_SCHEMA_VERSION], collector));
  const items = member('rules', (value, path) => readList(value, path, MAX_TRUST_POLICY_RULES, collector)) ?? [];
  const rules = items.map((item, index) => readRule(item, ['rules', index], collector));
  rejectDuplicates(
    rules.flatMap((rule, index) => (rule ? [{ text: rule.name, path: ['rules', index, 'name'] }] : [])),
    collector,
  );
  return rules.filter((rule) => rule !== undefined);
}

const RULE_MEMBERS = { required: ['name', 'provider', 'match'], optional: ['issuer', 'methods', 'requests'] };

function readRule(value: unknown, path: DocumentPath, collector: ProblemCollector): TrustRule | undefined {
  const members = readObject(value, path, RULE_MEMBERS, collector);
  if (members === undefined) {
    return undefined;
  }
  const member = memberReader(members, path);
  const name = member('name', (text, at) => readText(text, at, MAX_RULE_NAME_LENGTH, collector));
  const provider = member('provider', (text, at) => readChoice(text, at, PROVIDERS, collector));
  const issuer = member('issuer', (text, at) => readIssuer(text, at, collector));
  const methods = Object.hasOwn(members, 'methods')
    ? member('methods', (list, at) => readMethods(list, at, collector))
    : DEFAULT_METHODS;
  const requests = member('requests', (scope, at) => readRequests(scope, at, collector)) ?? [];
  if (provider === undefined || methods === undefined) {
    return undefined;
  }
  checkMethods(members, provider, methods, path, collector);
  const match = member('match', (claims, at) => readMatch(claims, provider, methods, at, collector));
  if (name === undefined || match === undefined) {
    return undefined;
  }
  return { name, provider, ...(issuer === undefined ? {} : { issuer }), methods, match, requests };
}

const DEFAULT_METHODS: readonly TrustMethod[] = ['oidc'];

function readMethods(value: unknown, path: DocumentPath, collector: ProblemCollector): TrustMethod[] | undefined {
  const items = readList(value, path, METHODS.length, collector) ?? [];
  const methods = items.flatMap((item, index) => readChoice(item, [...path, index], METHODS, collector) ?? []);
  rejectDuplicates(
    methods.map((text, index) => ({ text, path: [...path, index] })),
    collector,
  );
  return methods.length === items.length && items.length > 0 ? methods : undefined;
}

function readIssuer(value: unknown, path: DocumentPath, collector: ProblemCollector): string | undefined {
  const issuer = readText(value, path, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  if (issuer !== undefined && !ISSUER_FORM.test(issuer)) {
    return collector.report(path, `expected an https URL without query or pattern, got ${quoted(issuer)}`);
  }
  return issuer;
}

function checkMethods(
  members: Members,
  provider: Provider,
  methods: readonly TrustMethod[],
  path: DocumentPath,
  collector: ProblemCollector,
): void {
  if (provider === 'local' && methods.includes('oidc')) {
    collector.report([...path, 'methods'], 'a local runner has no OIDC token; write methods: [hmac]');
  }
  if (methods.includes('hmac') && Object.hasOwn(members, 'issuer')) {
    collector.report([...path, 'issuer'], 'an HMAC has no issuer; leave it out or write methods: [oidc]');
  }
}

function readRequests(
  value: unknown,
  path: DocumentPath,
  collector: ProblemCollector,
): readonly PolicyCondition<RequestField>[] | undefined {
  const members = readObject(
    value,
    path,
    { required: [], optional: REQUEST_FIELDS.map(({ name }) => name) },
    collector,
  );
  if (members === undefined) {
    return undefined;
  }
  if (Object.keys(members).length === 0) {
    return collector.report(path, 'is empty; leave it out to allow every request');
  }
  const given = REQUEST_FIELDS.filter(({ name }) => Object.hasOwn(members, name));
  const conditions = given.flatMap(({ name, kind }) => {
    const anyOf = readPatterns(members[name], [...path, name], kind, collector);
    return anyOf ? [{ name, anyOf }] : [];
  });
  return conditions.length === given.length ? conditions : undefined;
}
