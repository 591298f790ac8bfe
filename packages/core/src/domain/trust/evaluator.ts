import { oneLine } from '../json/pointer.ts';
import { MAX_TRUST_REASONS } from '../limits.ts';
import type { EvaluateRequest, Provider } from '../wire/messages.ts';
import { builtInConditions } from './built-in.ts';
import { PROVIDERS } from './claims.ts';
import { examination, examineRule, type RuleExamination } from './examine.ts';
import { quoted } from './problems.ts';
import type { ConditionResult } from './subject.ts';
import type { AuthenticatedRunner, TrustDecision, TrustPolicyEvaluator } from './trust-decision.ts';
import type { TrustPolicy } from './trust-policy.ts';

export const DEFAULT_RULE = 'default: this repository only';

/** The job that a gate without a policy speaks for. */
export interface OwnJob {
  readonly provider: Provider;
  readonly repository: string;
}

export interface PolicyExplanation {
  readonly decision: TrustDecision;
  /** Every rule, in the order of the policy. */
  readonly rules: readonly RuleExamination[];
}

/**
 * Decides by the first rule whose conditions are all met; where there is none the runner is not trusted (design.md section 4).
 *
 * @param policy undefined: this repository only, and no pull request
 * @param own without a policy: the one repository that may pass. A verifier that answers several jobs must give it: without it,
 *   "this repository" is whichever one the proof names.
 */
export function createTrustPolicyEvaluator(policy: TrustPolicy | undefined, own?: OwnJob): TrustPolicyEvaluator {
  return { evaluate: (runner, request) => explainPolicy(policy, runner, request, own).decision };
}

/** The decision, with every rule and condition that led to it; the evaluator decides by this same function. */
export function explainPolicy(
  policy: TrustPolicy | undefined,
  runner: AuthenticatedRunner,
  request: EvaluateRequest,
  own?: OwnJob,
): PolicyExplanation {
  const rules =
    policy === undefined
      ? [examineDefault(runner, own)]
      : policy.rules.map((rule) => examineRule(rule, runner, request));
  const first = rules.find(({ matched }) => matched);
  const decision: TrustDecision =
    first === undefined ? { trusted: false, reason: explainRefusal(rules) } : { trusted: true, rule: first.rule };
  return { decision, rules };
}

function examineDefault(runner: AuthenticatedRunner, own: OwnJob | undefined): RuleExamination {
  const provider = PROVIDERS.find(
    (each) => each === runner.identity.provider && !runner.unverified.includes('provider'),
  );
  const known: ConditionResult = {
    name: 'provider',
    origin: 'built-in',
    expected: own?.provider ?? PROVIDERS.join(' or '),
    actual: runner.identity.provider || null,
    met: provider !== undefined && (own === undefined || own.provider === provider),
  };
  const conditions = provider === undefined ? [] : builtInConditions(provider, [], runner);
  return examination(DEFAULT_RULE, [known, ...ownRepository(runner, own), ...conditions]);
}

function ownRepository(runner: AuthenticatedRunner, own: OwnJob | undefined): readonly ConditionResult[] {
  if (own === undefined) {
    return [];
  }
  const actual = runner.identity.repository || null;
  const met = actual !== null && actual === own.repository;
  return [{ name: 'repository', origin: 'built-in', expected: own.repository, actual, met }];
}

/** Where each rule stops, the one that came furthest first. */
function explainRefusal(rules: readonly RuleExamination[]): string {
  const stops = rules
    .map((rule) => ({ rule, at: rule.conditions.findIndex(({ met }) => !met) }))
    .sort((left, right) => right.at - left.at);
  const listed = stops.slice(0, MAX_TRUST_REASONS).map(({ rule, at }) => describeStop(rule.rule, rule.conditions[at]));
  const rest = stops.length - listed.length;
  return `no rule lets this runner pass: ${listed.join('; ')}${rest > 0 ? `; and ${rest} more rules` : ''}`;
}

function describeStop(rule: string, condition: ConditionResult | undefined): string {
  if (condition === undefined) {
    return `"${oneLine(rule)}"`;
  }
  const { name, expected, actual } = condition;
  const nothing = name.startsWith('requests.') ? 'the request does not say it' : 'nothing is proven';
  const found = actual === null ? nothing : `got ${quoted(actual)}`;
  return `"${oneLine(rule)}" stops at ${name}, expected ${shortened(expected)}, ${found}`;
}

const MAX_EXPECTED = 200;

function shortened(text: string): string {
  return text.length > MAX_EXPECTED ? `${text.slice(0, MAX_EXPECTED)}…` : text;
}
