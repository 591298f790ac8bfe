import type { Provider } from '../wire/messages.ts';
import type { RequestField, TrustMethod } from './claims.ts';
import type { ValuePattern } from './pattern.ts';

export const TRUST_POLICY_SCHEMA_VERSION = 'cavra.release-governance.trust-policy.v1';

/** One condition: the claim or field must match one of the patterns. */
export interface PolicyCondition<Name extends string = string> {
  readonly name: Name;
  /** At least one. A flag is the text `true` or `false`. */
  readonly anyOf: readonly ValuePattern[];
}

/** Lets a runner pass that meets each of its conditions. */
export interface TrustRule {
  /** Unique in the policy; the decision and the report name the rule by it. */
  readonly name: string;
  readonly provider: Provider;
  /** Compared exactly with the claim `iss`. */
  readonly issuer?: string;
  readonly methods: readonly TrustMethod[];
  /** In the order of the file; at least one of them names a repository or an owner. */
  readonly match: readonly PolicyCondition[];
  /** Which requests may pass; empty: every request. */
  readonly requests: readonly PolicyCondition<RequestField>[];
}

/** Who may pass, for which requests (design.md section 4). The first rule that matches decides; where none does, nobody passes. */
export interface TrustPolicy {
  readonly rules: readonly TrustRule[];
}
