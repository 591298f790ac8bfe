import { ConfigurationError } from '../../../diagnosis.ts';
import type { Environment } from '../../../identity/sources.ts';
import type { ConfiguredTrust } from '../token/trust.ts';
import { httpsOrigin } from '../token/url.ts';
import type { DefaultIssuer } from './issuer-defaults.ts';

const PUBLIC_SERVER = 'https://github.com';
/** Every GitHub issuer, that of an enterprise too, has its keys below its own address. */
const KEYS_PATH = '/.well-known/jwks';
const PUBLIC_ISSUER = 'https://token.actions.githubusercontent.com';
const DATA_RESIDENCY_SERVER = /^https:\/\/([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.ghe\.com$/u;
/** Domains of GitHub itself, on which nobody runs a server of their own. */
const GITHUB_DOMAINS = /(?:^|\.)(?:github\.com|githubusercontent\.com|ghe\.com)$/u;

/**
 * The issuer of a GitHub server: github.com, `SUB.ghe.com`, or GHES. The runner sets GITHUB_SERVER_URL itself and no workflow can
 * override it. The issuer of an enterprise with its own path (`…/<enterprise>`) is trusted only when it is configured.
 */
export function githubIssuer(env: Environment, configured: ConfiguredTrust): DefaultIssuer {
  if (configured.issuer) {
    return KNOWN_ISSUER.test(configured.issuer) ? withKeys(configured.issuer) : { issuer: configured.issuer };
  }
  return withKeys(issuerOfServer(env['GITHUB_SERVER_URL'] || PUBLIC_SERVER));
}

/** github.com and its enterprises, data residency, and GHES. */
const KNOWN_ISSUER =
  /^https:\/\/(?:token\.actions\.githubusercontent\.com(?:\/[A-Za-z0-9_-]+)?|token\.actions\.[a-z0-9-]+\.ghe\.com(?:\/[A-Za-z0-9_-]+)?|[^/]+\/_services\/token)$/u;

function withKeys(issuer: string): DefaultIssuer {
  return { issuer, jwksUrl: `${issuer}${KEYS_PATH}` };
}

function issuerOfServer(serverUrl: string): string {
  const origin = httpsOrigin(serverUrl);
  if (origin === undefined) {
    throw new ConfigurationError(
      'CAVRA-E211',
      'GITHUB_SERVER_URL is not the https address of a server, so its issuer is not known',
    );
  }
  if (origin === PUBLIC_SERVER) {
    return PUBLIC_ISSUER;
  }
  const subdomain = DATA_RESIDENCY_SERVER.exec(origin)?.[1];
  if (subdomain !== undefined) {
    return `https://token.actions.${subdomain}.ghe.com`;
  }
  if (GITHUB_DOMAINS.test(new URL(origin).hostname)) {
    throw new ConfigurationError(
      'CAVRA-E211',
      'GITHUB_SERVER_URL names no server that is known, so its issuer is not known',
    );
  }
  return `${origin}/_services/token`;
}
