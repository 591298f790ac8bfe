import type { OptionalClaim } from '../token/trust.ts';

/** What is known about a job's issuer from its platform and the configuration together. */
export interface DefaultIssuer {
  readonly issuer: string;
  /** Where the issuer publishes its keys; absent when only the configuration may say it. */
  readonly jwksUrl?: string;
  readonly organisationId?: string;
  /** Where the issuer's tokens have other optional claims than the platform's usual ones. */
  readonly requiredClaims?: readonly OptionalClaim[];
}
