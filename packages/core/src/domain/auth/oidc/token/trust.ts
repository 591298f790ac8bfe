import type { Platform } from '../../../identity/sources.ts';
import type { SignatureAlgorithm } from './jwk.ts';

/** Claims that not every token has, and that a token of this issuer must have all the same. */
export type OptionalClaim = 'jti' | 'nbf';

/** What is pinned about one issuer. Everything is compared exactly. */
export interface IssuerTrust {
  /** Whose claim names the issuer's tokens use, and the only provider that they speak for. */
  readonly provider: Platform;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Greatest age by `iat`. */
  readonly maxTokenAgeSeconds: number;
  readonly requiredClaims: readonly OptionalClaim[];
  /** Azure: the organisation that `org_id` must name; absent where the issuer has no such claim. */
  readonly organisationId?: string;
}

/** Where the pinned keys are; exactly one of the two. */
export type JwksLocation = { readonly url: string } | { readonly file: string };

/** All that a verifier of tokens must be told, resolved from platform and configuration. */
export interface OidcTrust extends IssuerTrust {
  readonly jwks: JwksLocation;
}

/** The settings of the user; an absent or empty one is not set. */
export interface ConfiguredTrust {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly maxTokenAgeSeconds?: number | undefined;
}
