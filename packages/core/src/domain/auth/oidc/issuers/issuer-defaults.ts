import type { OptionalClaim } from '../token/trust.ts';

/** What is known about a job's issuer from its platform and the configuration together. */
export interface DefaultIssuer {
  readonly issuer: string;
  /** Where the platform keeps the issuer's keys; absent: the issuer's own discovery document says it. */
  readonly jwksUrl?: string;
  /** GitLab: the job's server, on which the keys must be whose address the issuer says. */
  readonly server?: string;
  readonly organisationId?: string;
  /** Where the issuer's tokens have other optional claims than the platform's usual ones. */
  readonly requiredClaims?: readonly OptionalClaim[];
}
