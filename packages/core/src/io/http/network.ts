import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import { systemSleep } from '../system/system.ts';
import type { NamedPem } from '../trust/authorities.ts';
import type { HttpClient, ProxySettings } from './http-client.ts';

/** What a platform's agent is configured with. */
export interface NetworkOptions {
  /** Certificate authorities of the agent itself, which no step of a job can set. */
  readonly authorities?: NamedPem;
  /** Instead of HTTPS_PROXY and NO_PROXY. */
  readonly proxy?: ProxySettings;
}

/** What stands between this run and the servers that it asks. */
export interface Network {
  /** PEM, besides Node's own. */
  readonly authorities: readonly string[];
  readonly proxy: ProxySettings | undefined;
}

/** The same, as it is recorded. */
export interface NetworkFacts {
  /** `host:port` of the proxy, without user and password; null: there is none. */
  readonly proxy: string | null;
  /** SHA-256 of the certificate authorities that were added; null: none were. */
  readonly ca_certificates_sha256: string | null;
}

/**
 * Makes the HTTP client at its first use: a run without OIDC loads none of it.
 *
 * @param network found out at the first use
 * @param ports `version` is sent as User-Agent
 */
export function lazyHttpClient(
  network: () => Promise<Network>,
  ports: { readonly now: Clock; readonly randomBytes: RandomBytes; readonly version: string },
): () => Promise<HttpClient> {
  let client: Promise<HttpClient> | undefined;
  return () => {
    client ??= makeClient(network, ports);
    return client;
  };
}

async function makeClient(
  network: () => Promise<Network>,
  { now, randomBytes, version }: { readonly now: Clock; readonly randomBytes: RandomBytes; readonly version: string },
): Promise<HttpClient> {
  const [{ createHttpClient }, { authorities, proxy }] = await Promise.all([import('./client.ts'), network()]);
  return createHttpClient({
    now,
    randomBytes,
    sleep: systemSleep,
    userAgent: `cavra-release-governance/${version}`,
    ca: authorities,
    ...(proxy === undefined ? {} : { proxy }),
  });
}

/**
 * A job that switched TLS verification off would believe any issuer.
 *
 * @throws ConfigurationError CAVRA-E213
 */
export function refuseUnverifiedTls(environment: Environment): void {
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new ConfigurationError('CAVRA-E213', 'NODE_TLS_REJECT_UNAUTHORIZED is 0, so no server could be believed');
  }
}
