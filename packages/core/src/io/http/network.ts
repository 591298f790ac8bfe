import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import { systemSleep } from '../system/system.ts';
import type { HttpClient, ProxySettings } from './http-client.ts';

export interface NetworkOptions {
  /** PEM certificates of further authorities, beside those of Node and NODE_EXTRA_CA_CERTS. */
  readonly extraAuthorities?: readonly string[];
  /** Instead of HTTPS_PROXY and NO_PROXY. */
  readonly proxy?: ProxySettings;
}

/**
 * Makes the HTTP client at its first use: a run without OIDC loads none of it.
 *
 * @param version sent as User-Agent
 */
export function lazyHttpClient(
  environment: Environment,
  network: NetworkOptions,
  ports: { readonly now: Clock; readonly randomBytes: RandomBytes; readonly version: string },
): () => Promise<HttpClient> {
  let client: Promise<HttpClient> | undefined;
  return () => {
    client ??= makeClient(environment, network, ports);
    return client;
  };
}

async function makeClient(
  environment: Environment,
  network: NetworkOptions,
  { now, randomBytes, version }: { readonly now: Clock; readonly randomBytes: RandomBytes; readonly version: string },
): Promise<HttpClient> {
  const [{ createHttpClient }, { proxyFromEnvironment }] = await Promise.all([
    import('./client.ts'),
    import('./proxy.ts'),
  ]);
  const proxy = network.proxy ?? proxyFromEnvironment(environment);
  return createHttpClient({
    now,
    randomBytes,
    sleep: systemSleep,
    userAgent: `cavra-release-governance/${version}`,
    ...(proxy === undefined ? {} : { proxy }),
    ...(network.extraAuthorities === undefined ? {} : { ca: network.extraAuthorities }),
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
