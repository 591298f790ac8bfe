import { countableSources, provesOn } from '../../approvals/countable.ts';
import { type ApprovalTerms, type Approver, pastReason, peopleOf } from '../../approvals/terms.ts';
import { printableName } from '../../text/printable.ts';
import { matchableClaims } from '../claims.ts';
import { overlapsPattern } from '../pattern.ts';
import type { PolicyCondition, TrustRule } from '../trust-policy.ts';
import { conditionOn, type LintCheck, type Remark, type RuleContext, remark } from './finding.ts';

/** Whether the approvals that a rule asks for prove what they seem to, and whether another rule goes round them. */
export const APPROVAL_CHECKS: readonly LintCheck[] = [
  approvalBypass,
  withTerms(selfApproval),
  withTerms(uselessSources),
  withTerms(tooFewApprovers),
  withTerms(uncountableApprovers),
  withTerms(pastApprovers),
];

type TermsCheck = (terms: ApprovalTerms, rule: TrustRule, context: RuleContext) => readonly Remark[];

function withTerms(check: TermsCheck): LintCheck {
  return (rule, context) => (rule.approvals === undefined ? [] : check(rule.approvals, rule, context));
}

/** The first rule that matches decides, so that a rule without approvals lets pass what another would have stopped. */
function approvalBypass(rule: TrustRule, { policy }: RuleContext): readonly Remark[] {
  if (rule.approvals !== undefined) return [];
  const asking = policy.rules.find((other) => other.approvals !== undefined && mayMeet(rule, other));
  if (asking === undefined) return [];
  return [
    remark('approval-bypass', `the rule ${asking.name} asks for approvals of the same releases, this one does not`),
  ];
}

/** Whether both rules may let the same release of the same repository pass. Kinds are left out: a request can name another. */
function mayMeet(rule: TrustRule, other: TrustRule): boolean {
  const repositories = matchableClaims(rule.provider, rule.methods).filter(({ role }) => role === 'repository');
  return (
    rule.provider === other.provider &&
    ['target', 'release_channel'].every((field) =>
      overlap(requestCondition(rule, field), requestCondition(other, field)),
    ) &&
    repositories.every(({ name }) => overlap(conditionOn(rule, name), conditionOn(other, name)))
  );
}

function requestCondition({ requests }: TrustRule, field: string): PolicyCondition | undefined {
  return requests.find(({ name }) => name === field);
}

function overlap(left: PolicyCondition | undefined, right: PolicyCondition | undefined): boolean {
  if (left === undefined || right === undefined) return true;
  return left.anyOf.some((pattern) => right.anyOf.some((other) => overlapsPattern(pattern, other)));
}

function selfApproval({ exclude }: ApprovalTerms): readonly Remark[] {
  if (exclude.includes('starter')) return [];
  return [remark('self-approval', 'exclude does not name the starter', 'approvals', 'exclude')];
}

function uselessSources({ sources }: ApprovalTerms, { provider, methods }: TrustRule): readonly Remark[] {
  const useless = sources.filter(
    (source) => !provesOn(source, provider) || (source !== 'ssh' && methods.every((method) => method === 'hmac')),
  );
  return useless.map((source) =>
    remark(
      'useless-source',
      `${source} proves nothing to a run of ${provider} by ${methods.join(' and ')}`,
      'approvals',
      'sources',
    ),
  );
}

function tooFewApprovers(
  terms: ApprovalTerms,
  { provider }: TrustRule,
  { policy, nowMs }: RuleContext,
): readonly Remark[] {
  const counting = peopleOf(policy.approvers, terms.approvers).filter(
    (person) => countableSources(person, terms, provider).length > 0 && !isPast(person, nowMs),
  );
  if (counting.length >= terms.required) return [];
  const message = `${terms.required} people must approve, but only ${counting.length} of the lists can`;
  return [remark('too-few-approvers', message, 'approvals', 'required')];
}

function uncountableApprovers(
  terms: ApprovalTerms,
  { provider }: TrustRule,
  { policy }: RuleContext,
): readonly Remark[] {
  const without = peopleOf(policy.approvers, terms.approvers).filter(
    (person) => countableSources(person, terms, provider).length === 0,
  );
  const keyless = peopleOf(policy.approvers, terms.emergency).filter(({ keys }) => keys.length === 0);
  return [
    ...named(
      'uncountable-approver',
      without,
      `have no id on ${provider}, or no key, that a source could prove`,
      'approvers',
    ),
    ...named('uncountable-approver', keyless, 'have no key, without which nobody signs an emergency', 'emergency'),
  ];
}

function pastApprovers(
  { approvers, emergency }: ApprovalTerms,
  _: TrustRule,
  { policy, nowMs }: RuleContext,
): readonly Remark[] {
  const past = peopleOf(policy.approvers, [...approvers, ...emergency]).filter((person) => isPast(person, nowMs));
  return named('past-approver', past, 'are past', 'approvers');
}

function isPast(person: Approver, nowMs: number): boolean {
  return pastReason(person, nowMs) !== undefined;
}

const MAX_NAMED = 5;

function named(code: Remark['code'], people: readonly Approver[], what: string, member: string): readonly Remark[] {
  if (people.length === 0) return [];
  const names = people.slice(0, MAX_NAMED).map(({ name }) => printableName(name));
  const rest = people.length - names.length;
  return [remark(code, `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''} ${what}`, 'approvals', member)];
}
