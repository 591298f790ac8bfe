import { ConfigurationError } from '../../../diagnosis.ts';
import type { Environment } from '../../../identity/sources.ts';
import type { ConfiguredTrust } from '../token/trust.ts';
import { httpsOrigin } from '../token/url.ts';
import type { DefaultIssuer } from './issuer-defaults.ts';

const PUBLIC_SERVER = 'https://github.com';
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
    return { issuer: configured.issuer };
  }
  const issuer = issuerOfServer(env['GITHUB_SERVER_URL'] || PUBLIC_SERVER);
  return { issuer, jwksUrl: `${issuer}/.well-known/jwks` };
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
