import { describe, expect, it } from '@jest/globals';
import { checkExpectation, type Expectation } from '../../../src/domain/decision/expectation.ts';
import { isWorseThan, worstDecision } from '../../../src/domain/decision/worst.ts';
import type { Decision } from '../../../src/domain/wire/messages.ts';

const DECISIONS: readonly Decision[] = ['allow', 'require_approval', 'block'];

function check(decision: Decision, expectation: Partial<Expectation>, rule_id = 'rule.a') {
  const full = { expectedDecision: 'allow', expectedRuleId: undefined, allowBlockingDecision: false, ...expectation };
  return checkExpectation({ decision, rule_id }, full as Expectation);
}

describe('the decision', () => {
  it('must be the expected one', () => {
    for (const decision of DECISIONS) {
      for (const expectedDecision of DECISIONS) {
        const result = check(decision, { expectedDecision, allowBlockingDecision: true });
        expect(result.met).toBe(decision === expectedDecision);
        if (!result.met) expect(result.code).toBe('CAVRA-E101');
      }
    }
  });

  it('tells what was decided by which rule, on one line', () => {
    expect(check('block', {}, 'rule\n::b')).toEqual({
      met: false,
      code: 'CAVRA-E101',
      message: 'the decision is block by rule rule\\u{a}::b, expected allow',
    });
  });
});

describe('the rule', () => {
  it('must be the expected one where one is expected', () => {
    expect(check('allow', { expectedRuleId: 'rule.a' })).toEqual({ met: true });
    expect(check('allow', { expectedRuleId: '' })).toEqual({ met: true });
    expect(check('allow', { expectedRuleId: 'rule.A' })).toMatchObject({ met: false, code: 'CAVRA-E102' });
    expect(check('allow', { expectedRuleId: 'rule' })).toMatchObject({ met: false, code: 'CAVRA-E102' });
  });

  it('is looked at after the decision', () => {
    expect(check('block', { expectedRuleId: 'rule.b' })).toMatchObject({ code: 'CAVRA-E101' });
  });
});

describe('an expected block', () => {
  it('passes only where a block may pass', () => {
    expect(check('block', { expectedDecision: 'block' })).toMatchObject({ met: false, code: 'CAVRA-E103' });
    expect(check('block', { expectedDecision: 'block', allowBlockingDecision: true })).toEqual({ met: true });
  });

  it('must still be by the expected rule', () => {
    const expectation = { expectedDecision: 'block', expectedRuleId: 'rule.b', allowBlockingDecision: true } as const;
    expect(check('block', expectation)).toMatchObject({ met: false, code: 'CAVRA-E102' });
  });

  it('is not needed to be allowed for require_approval', () => {
    expect(check('require_approval', { expectedDecision: 'require_approval' })).toEqual({ met: true });
  });
});

describe('the worst of several', () => {
  it('is block, then require_approval, then allow', () => {
    expect(isWorseThan('block', 'require_approval')).toBe(true);
    expect(isWorseThan('require_approval', 'allow')).toBe(true);
    expect(isWorseThan('allow', 'allow')).toBe(false);
    expect(isWorseThan('allow', 'block')).toBe(false);
    expect(worstDecision(['allow', 'require_approval', 'allow'])).toBe('require_approval');
    expect(worstDecision(['require_approval', 'block', 'allow'])).toBe('block');
    expect(worstDecision(['allow'])).toBe('allow');
  });

  it('is a block when nothing was decided', () => {
    expect(worstDecision([])).toBe('block');
  });
});
