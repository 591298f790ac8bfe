import { ConfigurationError } from '../../../diagnosis.ts';
import type { Environment } from '../../../identity/sources.ts';
import { printable } from '../../../json/pointer.ts';
import type { ConfiguredTrust } from '../token/trust.ts';
import { originOf } from '../token/url.ts';
import type { DefaultIssuer } from './issuer-defaults.ts';

const PUBLIC_SERVER = 'https://gitlab.com';
const KEYS_PATH = '/oauth/discovery/keys';

/**
 * The issuer of a GitLab instance: gitlab.com, or the one that the configuration pins. CI_SERVER_URL can be overridden by a pipeline
 * variable, so it never chooses what is trusted: it must agree with what is pinned.
 */
export function gitlabIssuer(env: Environment, configured: ConfiguredTrust): DefaultIssuer {
  const server = env['CI_SERVER_URL'] ?? '';
  if (!configured.issuer) {
    requirePublicServer(server);
    return { issuer: PUBLIC_SERVER, jwksUrl: `${PUBLIC_SERVER}${KEYS_PATH}` };
  }
  requirePinnedServer(server, configured.issuer, configured.jwksUrl ?? '');
  return { issuer: configured.issuer };
}

function requirePublicServer(server: string): void {
  if (server !== '' && server !== PUBLIC_SERVER) {
    const address = printable(server);
    throw new ConfigurationError(
      'CAVRA-E211',
      `CI_SERVER_URL is ${address}, and a self-managed GitLab must be pinned: set issuer to its address (${address} if that is right) and jwks-url to the same with ${KEYS_PATH} behind it`,
    );
  }
}

/** An administrator may have set another issuer than the instance's address; the pinned jwks-url then names the instance. */
function requirePinnedServer(server: string, issuer: string, jwksUrl: string): void {
  const isPinned = server === issuer || (server !== '' && originOf(jwksUrl) === originOf(server));
  if (server !== '' && !isPinned) {
    throw new ConfigurationError(
      'CAVRA-E211',
      `CI_SERVER_URL is ${printable(server)}, which is not the pinned issuer ${printable(issuer)}: a pipeline variable overrides it, or issuer must be set to the address of this instance`,
    );
  }
}
