import { AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { Provider } from '../../domain/wire/messages.ts';
import { locateAzure } from './azure.ts';
import { locateConfigured } from './configured.ts';
import { locateGitHub } from './github.ts';
import { locateGitLab } from './gitlab.ts';
import type { AcquiredToken, Locate, LocatedToken, NoToken, TokenOptions } from './token-source.ts';
import { given } from './value.ts';

export { createTokenMemory } from './memory.ts';
export type { AcquiredToken, LocatedToken, NoToken, TokenOptions, TokenSource } from './token-source.ts';

const AUTOMATIC = 'CAVRA_RUNNER_OIDC_AUTO';

const PLATFORMS: Readonly<Record<Provider, Locate>> = {
  'github-actions': locateGitHub,
  'gitlab-ci': locateGitLab,
  'azure-pipelines': locateAzure,
  local: async () => ({
    source: 'none',
    reason: new AuthenticationError(
      'CAVRA-E301',
      'this is no CI job that a platform gives an OIDC token to, and none is configured',
    ),
  }),
};

/**
 * Gets the job's OIDC token: the configured one, else the platform's. Nothing is verified here, and the token is in no error.
 *
 * @throws AuthenticationError E301 nothing to authenticate with, E310 the job may not ask, E311 no token was given, E312 refused,
 *   E313 the service cannot be reached or is failing, E315 what was given cannot be a token
 * @throws ConfigurationError E201, E216 a variable that names the token or its service is wrong
 */
export async function acquireToken(options: TokenOptions): Promise<AcquiredToken> {
  const located = await locateToken(options.provider, options.environment);
  if (located.source === 'none') throw located.reason;
  return located.acquire(options);
}

/**
 * Finds where the job's token would come from without asking anybody for it, so that `auto` can choose and `doctor` can tell.
 * `CAVRA_RUNNER_OIDC_AUTO=false` leaves only what CAVRA_RUNNER_AUTH_OIDC_TOKEN, _FILE and _ENV name.
 *
 * @throws ConfigurationError, AuthenticationError when a token is configured but not there
 */
export async function locateToken(provider: Provider, environment: Environment): Promise<LocatedToken | NoToken> {
  const configured = locateConfigured(environment);
  if (configured !== undefined) return configured;
  if (isAutomatic(environment)) return PLATFORMS[provider](environment);
  const message = `no OIDC token is configured, and ${AUTOMATIC} forbids to ask the platform for one`;
  return { source: 'none', reason: new AuthenticationError('CAVRA-E301', message) };
}

function isAutomatic(environment: Environment): boolean {
  const value = given(environment, AUTOMATIC) ?? 'true';
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new ConfigurationError('CAVRA-E201', `${AUTOMATIC} must be true or false`);
}
