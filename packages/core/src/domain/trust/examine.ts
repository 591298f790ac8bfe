import type { EvaluateRequest, Provider } from '../wire/messages.ts';
import { builtInConditions } from './built-in.ts';
import { findClaim, type RequestField } from './claims.ts';
import { describePattern, matchesPattern } from './pattern.ts';
import { type ConditionResult, claimText, claimTexts } from './subject.ts';
import type { AuthenticatedRunner } from './trust-decision.ts';
import type { PolicyCondition, TrustRule } from './trust-policy.ts';

/** One rule held against one runner and request. */
export interface RuleExamination {
  readonly rule: string;
  /** Whether every condition is met. */
  readonly matched: boolean;
  readonly conditions: readonly ConditionResult[];
}

/** Holds a rule against a runner and its request, condition by condition, the built-in ones of every rule first. */
export function examineRule(rule: TrustRule, runner: AuthenticatedRunner, request: EvaluateRequest): RuleExamination {
  const conditions = [
    provider(rule, runner),
    method(rule, runner),
    ...issuer(rule, runner),
    ...builtInConditions(rule.provider, rule.match, runner),
    ...rule.match.map((condition) => matched(rule.provider, condition, runner)),
    ...rule.requests.map((condition) => requested(condition, request)),
  ];
  return examination(rule.name, conditions);
}

export function examination(rule: string, conditions: readonly ConditionResult[]): RuleExamination {
  return { rule, matched: conditions.every(({ met }) => met), conditions };
}

/** A token proves its platform; with an HMAC it is asserted by whoever holds the key, as the rest of the identity is. */
export function isBelievedProvider({ method, unverified }: AuthenticatedRunner): boolean {
  return method === 'hmac' || !unverified.includes('provider');
}

function provider(rule: TrustRule, runner: AuthenticatedRunner): ConditionResult {
  const { identity } = runner;
  const met = identity.provider === rule.provider && isBelievedProvider(runner);
  return { name: 'provider', origin: 'rule', expected: rule.provider, actual: identity.provider || null, met };
}

function method(rule: TrustRule, runner: AuthenticatedRunner): ConditionResult {
  const met = rule.methods.includes(runner.method);
  return { name: 'methods', origin: 'rule', expected: rule.methods.join(' or '), actual: runner.method, met };
}

function issuer(rule: TrustRule, runner: AuthenticatedRunner): readonly ConditionResult[] {
  if (rule.issuer === undefined) {
    return [];
  }
  const actual = claimText(runner, 'iss');
  return [{ name: 'issuer', origin: 'rule', expected: rule.issuer, actual, met: actual === rule.issuer }];
}

function matched(provider: Provider, condition: PolicyCondition, runner: AuthenticatedRunner): ConditionResult {
  const { name } = condition;
  // The claims of the tables are one value each; a list would be no claim of the platform.
  const isSingle = findClaim(provider, [runner.method], name) !== undefined;
  const text = claimText(runner, name);
  const single = text === null ? [] : [text];
  return compare(`match.${name}`, condition, isSingle ? single : claimTexts(runner, name));
}

function requested(condition: PolicyCondition<RequestField>, request: EvaluateRequest): ConditionResult {
  const { metadata_kind, release_channel } = request.release_governance ?? {};
  const values: Readonly<Record<RequestField, string | undefined>> = {
    metadata_kind,
    target: request.target,
    release_channel,
  };
  return compare(
    `requests.${condition.name}`,
    condition,
    [values[condition.name] ?? ''].filter((value) => value !== ''),
  );
}

/** @param values what the runner proved or the request says; none: nothing */
function compare(name: string, { anyOf }: PolicyCondition, values: readonly string[]): ConditionResult {
  const met = values.some((value) => anyOf.some((pattern) => matchesPattern(pattern, value)));
  const actual = values.length === 0 ? null : values.join(', ');
  return { name, origin: 'rule', expected: anyOf.map(describePattern).join(' or '), actual, met };
}
