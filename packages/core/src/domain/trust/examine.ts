import type { EvaluateRequest } from '../wire/messages.ts';
import { builtInConditions } from './built-in.ts';
import type { RequestField } from './claims.ts';
import { describePattern, matchesPattern } from './pattern.ts';
import { type ConditionResult, claimText } from './subject.ts';
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
    ...rule.match.map((condition) => matched(condition, runner)),
    ...rule.requests.map((condition) => requested(condition, request)),
  ];
  return examination(rule.name, conditions);
}

export function examination(rule: string, conditions: readonly ConditionResult[]): RuleExamination {
  return { rule, matched: conditions.every(({ met }) => met), conditions };
}

function provider(rule: TrustRule, { identity, unverified }: AuthenticatedRunner): ConditionResult {
  const met = identity.provider === rule.provider && !unverified.includes('provider');
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

function matched(condition: PolicyCondition, runner: AuthenticatedRunner): ConditionResult {
  return compare(`match.${condition.name}`, condition, claimText(runner, condition.name));
}

function requested(condition: PolicyCondition<RequestField>, request: EvaluateRequest): ConditionResult {
  const { metadata_kind, release_channel } = request.release_governance ?? {};
  const values: Readonly<Record<RequestField, string | undefined>> = {
    metadata_kind,
    target: request.target,
    release_channel,
  };
  return compare(`requests.${condition.name}`, condition, values[condition.name] || null);
}

function compare(name: string, { anyOf }: PolicyCondition, actual: string | null): ConditionResult {
  const met = actual !== null && anyOf.some((pattern) => matchesPattern(pattern, actual));
  return { name, origin: 'rule', expected: anyOf.map(describePattern).join(' or '), actual, met };
}
