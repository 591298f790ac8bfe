import { type DocumentPath, formatPath } from '../problems.ts';
import type { PolicyCondition, TrustPolicy, TrustRule } from '../trust-policy.ts';
import { LINT_RULES, type LintCode, type LintLevel } from './codes.ts';

/** One habit found in one rule. */
export interface LintFinding {
  readonly code: LintCode;
  readonly level: LintLevel;
  /** Name of the rule. */
  readonly rule: string;
  /** For example `rules[0].match.ref`. */
  readonly path: string;
  /** The same as keys and indexes, to look up the line. */
  readonly at: DocumentPath;
  /** What was found, in this rule's words. */
  readonly message: string;
  readonly explanation: string;
  readonly fix: string;
}

/** What a check says; the linter adds where, and the texts of the code. */
export interface Remark {
  readonly code: LintCode;
  readonly message: string;
  /** Below the rule; empty: the whole rule. */
  readonly at: DocumentPath;
}

export interface RuleContext {
  readonly policy: TrustPolicy;
  readonly index: number;
}

/** Looks at one rule; `context` has the other ones. */
export type LintCheck = (rule: TrustRule, context: RuleContext) => readonly Remark[];

export function finding(rule: TrustRule, index: number, { code, message, at }: Remark): LintFinding {
  const path = ['rules', index, ...at];
  return { code, ...LINT_RULES[code], rule: rule.name, path: formatPath(path), at: path, message };
}

export function remark(code: LintCode, message: string, ...at: DocumentPath): Remark {
  return { code, message, at };
}

/** The rule's condition on a claim. */
export function conditionOn(rule: TrustRule, name: string): PolicyCondition | undefined {
  return rule.match.find((condition) => condition.name === name);
}

/** Whether the rule asks for the flag to be true. */
export function requiresFlag(rule: TrustRule, name: string): boolean {
  return conditionOn(rule, name)?.anyOf.every(({ text }) => text === 'true') ?? false;
}
