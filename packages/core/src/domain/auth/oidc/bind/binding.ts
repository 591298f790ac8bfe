import type { IdentityField } from '../../../identity/sources.ts';
import type { JsonObject } from '../../../json/value.ts';
import type { RunnerIdentity } from '../../../wire/messages.ts';
import type { IssuerTrust } from '../token/trust.ts';

/**
 * What the platform's environment says beside the identity. It is the runner's word as well: agreeing proves little, contradicting
 * the token proves that something is wrong.
 */
export interface BindingFacts {
  /** GITHUB_REPOSITORY_ID, CI_PROJECT_ID or BUILD_REPOSITORY_ID. */
  readonly repositoryId?: string | undefined;
  /** Azure: BUILD_REPOSITORY_URI. */
  readonly repositoryUri?: string | undefined;
}

export interface Binding {
  readonly verified: readonly IdentityField[];
  readonly unverified: readonly IdentityField[];
}

/**
 * Holds a claimed identity against the signed claims, by one platform's own claim names (design.md section 4).
 *
 * @throws AuthenticationError CAVRA-E319 the token contradicts the identity or does not prove the repository; CAVRA-E315 a claim is
 *   of another type than the platform sends
 */
export type BindIdentity = (
  identity: RunnerIdentity,
  claims: JsonObject,
  facts: BindingFacts,
  trust: IssuerTrust,
) => Binding;
