import { ConfigurationError } from '../../diagnosis.ts';
import type { Environment, Platform } from '../../identity/sources.ts';
import { DEFAULT_TOKEN_AGE_SECONDS, GITLAB_TOKEN_AGE_SECONDS } from '../../limits.ts';
import type { Provider } from '../../wire/messages.ts';
import { azureIssuer } from './issuers/azure.ts';
import { githubIssuer } from './issuers/github.ts';
import { gitlabIssuer } from './issuers/gitlab.ts';
import type { DefaultIssuer } from './issuers/issuer-defaults.ts';
import type { ConfiguredTrust, JwksLocation, OidcTrust, OptionalClaim } from './token/trust.ts';
import { requireHttps } from './token/url.ts';

export interface TrustQuestion {
  readonly provider: Provider;
  readonly env: Environment;
  readonly configured: ConfiguredTrust;
}

interface PlatformTrust {
  readonly audience: string;
  readonly maxTokenAgeSeconds: number;
  readonly requiredClaims: readonly OptionalClaim[];
  /**
   * The issuer that is configured, or else the one that this job's platform has without any configuration.
   *
   * @throws ConfigurationError CAVRA-E211 when the environment contradicts what is pinned, or the issuer must be pinned
   */
  readonly issuer: (env: Environment, configured: ConfiguredTrust) => DefaultIssuer;
}

const PLATFORMS: Readonly<Record<Platform, PlatformTrust>> = {
  'github-actions': {
    audience: 'cavra-release-governance',
    maxTokenAgeSeconds: DEFAULT_TOKEN_AGE_SECONDS,
    requiredClaims: ['jti', 'nbf'],
    issuer: githubIssuer,
  },
  'gitlab-ci': {
    audience: 'cavra-release-governance',
    maxTokenAgeSeconds: GITLAB_TOKEN_AGE_SECONDS,
    requiredClaims: ['jti', 'nbf'],
    issuer: gitlabIssuer,
  },
  'azure-pipelines': {
    // Azure does not let anybody choose it.
    audience: 'api://AzureADTokenExchange',
    maxTokenAgeSeconds: DEFAULT_TOKEN_AGE_SECONDS,
    requiredClaims: ['jti'],
    issuer: azureIssuer,
  },
};

/**
 * Says what is trusted: the configuration where it is complete, else the platform's own issuer where that needs no configuration
 * (design.md section 4). Everything in the result is compared exactly.
 *
 * @throws ConfigurationError CAVRA-E211 incomplete, not https, or to be pinned; the message says what to set
 */
export function resolveOidcTrust({ provider, env, configured }: TrustQuestion): OidcTrust {
  if (provider === 'local') {
    throw new ConfigurationError('CAVRA-E211', 'a local run has no platform whose tokens could be trusted');
  }
  const platform = PLATFORMS[provider];
  checkComplete(configured);
  const found = platform.issuer(env, configured);
  return {
    provider,
    issuer: requireHttps(found.issuer, 'the issuer'),
    audience: configured.audience || platform.audience,
    jwks: jwksLocation(found, configured),
    algorithms: ['RS256'],
    maxTokenAgeSeconds: maxTokenAge(configured, platform),
    requiredClaims: found.requiredClaims ?? platform.requiredClaims,
    ...(found.organisationId === undefined ? {} : { organisationId: found.organisationId }),
  };
}

/** The audience of tokens on a platform where nothing else is configured; the empty string where there are none. */
export function defaultAudience(provider: Provider): string {
  return provider === 'local' ? '' : PLATFORMS[provider].audience;
}

/** What an issuer signs is worth nothing without its keys, and keys without an issuer say nothing about whose they are (row 22). */
function checkComplete({ issuer, jwksUrl, jwksFile }: ConfiguredTrust): void {
  if (jwksUrl && jwksFile) {
    throw new ConfigurationError('CAVRA-E211', 'jwks-url and jwks are both set, expected one of them');
  }
  if ((jwksUrl || jwksFile) && !issuer) {
    throw new ConfigurationError(
      'CAVRA-E211',
      `${jwksUrl ? 'jwks-url' : 'jwks'} is set without the issuer whose keys they are`,
    );
  }
}

function jwksLocation(found: DefaultIssuer, configured: ConfiguredTrust): JwksLocation {
  if (configured.jwksFile) {
    return { file: configured.jwksFile };
  }
  const url = configured.jwksUrl || found.jwksUrl;
  if (url === undefined) {
    throw new ConfigurationError('CAVRA-E211', 'an issuer is set without its keys: set jwks-url or jwks too');
  }
  return { url: requireHttps(url, 'jwks-url') };
}

function maxTokenAge(configured: ConfiguredTrust, platform: PlatformTrust): number {
  const seconds = configured.maxTokenAgeSeconds ?? platform.maxTokenAgeSeconds;
  if (!Number.isSafeInteger(seconds) || seconds <= 0) {
    throw new ConfigurationError('CAVRA-E211', 'max-token-age must be a whole number of seconds above 0');
  }
  return seconds;
}
