import type { TrustPolicy } from '../trust-policy.ts';
import { EVENT_CHECKS } from './event-checks.ts';
import { finding, type LintFinding } from './finding.ts';
import { IDENTITY_CHECKS } from './identity-checks.ts';
import { REACH_CHECKS } from './reach-checks.ts';
import { REQUEST_CHECKS } from './request-checks.ts';

const CHECKS = [...IDENTITY_CHECKS, ...EVENT_CHECKS, ...REQUEST_CHECKS, ...REACH_CHECKS];

/** Names each dangerous habit of a valid policy, rule by rule. A policy without findings can still trust the wrong job. */
export function lintPolicy(policy: TrustPolicy): readonly LintFinding[] {
  return policy.rules.flatMap((rule, index) =>
    CHECKS.flatMap((check) => check(rule, { policy, index }).map((remark) => finding(rule, index, remark))),
  );
}
