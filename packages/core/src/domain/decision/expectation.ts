import { printable } from '../json/pointer.ts';
import type { Decision, DecisionResponse } from '../wire/messages.ts';

/** What the job expects of each decision. */
export interface Expectation {
  readonly expectedDecision: Decision;
  /** Absent or empty: any rule. */
  readonly expectedRuleId: string | undefined;
  /** Whether an expected `block` may pass the job. */
  readonly allowBlockingDecision: boolean;
}

export type ExpectationCheck =
  | { readonly met: true }
  | {
      readonly met: false;
      readonly code: 'CAVRA-E101' | 'CAVRA-E102' | 'CAVRA-E103';
      /** Lower case, no final period; one line. */
      readonly message: string;
    };

/** Holds a response against the expectation: the decision, then the rule, then whether a block may pass at all. */
export function checkExpectation(
  response: Pick<DecisionResponse, 'decision' | 'rule_id'>,
  expectation: Expectation,
): ExpectationCheck {
  const { decision, rule_id: rule = '' } = response;
  const { expectedDecision, expectedRuleId = '', allowBlockingDecision } = expectation;
  if (decision !== expectedDecision) {
    const message = `the decision is ${printable(decision)} by rule ${printable(rule)}, expected ${expectedDecision}`;
    return { met: false, code: 'CAVRA-E101', message };
  }
  if (expectedRuleId !== '' && rule !== expectedRuleId) {
    const message = `the decision ${decision} was made by rule ${printable(rule)}, expected rule ${printable(expectedRuleId)}`;
    return { met: false, code: 'CAVRA-E102', message };
  }
  if (decision === 'block' && !allowBlockingDecision) {
    return { met: false, code: 'CAVRA-E103', message: 'the block was expected, but a block may not pass this job' };
  }
  return { met: true };
}
