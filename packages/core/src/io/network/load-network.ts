import { detectedPlatforms } from '../../domain/identity/detect.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { PullRequestContext } from '../../domain/pull-request/context.ts';
import type { ProxySettings } from '../http/http-client.ts';
import type { Network, NetworkFacts, NetworkOptions } from '../http/network.ts';
import type { Authorities } from '../trust/authorities.ts';

/** How this run reaches the platform and the issuer, and what stands in between. */
export interface LoadedNetwork extends Network {
  readonly facts: NetworkFacts;
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

/** What a run is given that says how it reaches the network. */
export interface NetworkQuestion {
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  /** What a platform's agent is configured with. */
  readonly network?: NetworkOptions;
  /** Whether an adapter asks: steps before it can set variables and write files. */
  readonly isAdapter?: boolean;
  /** The setting `ca-certificates`. */
  readonly caCertificates: string | undefined;
}

/**
 * Finds out how a run reaches the network. A proxy may be chosen by anybody, since it cannot read what it carries; certificate authorities
 * may not.
 *
 * @param context the job's event, where trust may not be chosen freely in it
 * @throws ConfigurationError as `readAuthorities`
 */
export async function loadNetwork(
  question: NetworkQuestion,
  context: PullRequestContext | undefined,
): Promise<LoadedNetwork> {
  const [authorities, { proxy, address }] = await Promise.all([
    loadAuthorities(question, context),
    loadProxy(question),
  ]);
  const { pem, sha256, notes } = authorities;
  return {
    authorities: pem,
    proxy,
    facts: { proxy: address ?? null, ca_certificates_sha256: sha256 ?? null },
    notes: [
      ...(address === undefined ? [] : [`the platform and the issuer were asked through the proxy ${address}`]),
      ...notes,
    ],
  };
}

/** The variables of temporary folders on the three platforms. */
const TEMPORARY_FOLDERS = ['RUNNER_TEMP', 'AGENT_TEMPDIRECTORY'];

async function loadAuthorities(
  { environment, workspace, network, isAdapter, caCertificates }: NetworkQuestion,
  context: PullRequestContext | undefined,
): Promise<Authorities> {
  const agent = network?.authorities;
  if (caCertificates === undefined && agent === undefined && !environment['NODE_EXTRA_CA_CERTS']) {
    return { pem: [], sha256: undefined, notes: [] };
  }
  const { readAuthorities } = await import('../trust/authorities.ts');
  return readAuthorities({
    setting: caCertificates,
    environment,
    places: {
      workspace,
      temporary: [`${workspace}.tmp`, ...TEMPORARY_FOLDERS.flatMap((name) => environment[name] ?? [])],
    },
    onGitLab: detectedPlatforms(environment).includes('gitlab-ci'),
    isAdapter: isAdapter === true,
    isFree: context === undefined,
    agent,
  });
}

interface LoadedProxy {
  readonly proxy: ProxySettings | undefined;
  readonly address?: string | undefined;
}

async function loadProxy({ environment, network }: NetworkQuestion): Promise<LoadedProxy> {
  if (network?.proxy === undefined && !environment['https_proxy'] && !environment['HTTPS_PROXY']) {
    return { proxy: undefined };
  }
  const { proxyAddress, proxyFromEnvironment } = await import('../http/proxy.ts');
  const proxy = network?.proxy ?? proxyFromEnvironment(environment);
  return { proxy, address: proxy === undefined ? undefined : proxyAddress(proxy) };
}
