import { readFile } from 'node:fs/promises';
import { ConfigurationError, type NetworkOptions } from '@cavra/release-governance-core';
import type { Agent } from './agent.ts';
import type { Environment } from './environment.ts';

/** Where Azure DevOps publishes the keys of all organisations. */
const PUBLIC_KEYS = 'https://vstoken.dev.azure.com/.well-known/jwks';

/**
 * The network as the agent is configured for it: its proxy, whom that is not for, and its certificate authorities. Where the agent has
 * no proxy, the usual variables count.
 *
 * @param jwksUrl where the issuer's keys are asked for, where it was configured
 * @throws ConfigurationError CAVRA-E201 the agent's proxy is not usable; CAVRA-E216 its certificates cannot be read
 */
export async function agentNetwork(
  agent: Agent,
  environment: Environment,
  jwksUrl: string | undefined,
): Promise<NetworkOptions> {
  const asked = [environment['SYSTEM_OIDCREQUESTURI'], jwksUrl ?? PUBLIC_KEYS].filter((url) => url !== undefined);
  const proxy = agentProxy(agent, asked);
  const extraAuthorities = await authorities(agent, environment);
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(extraAuthorities.length === 0 ? {} : { extraAuthorities }),
  };
}

function agentProxy(agent: Agent, asked: readonly string[]): NetworkOptions['proxy'] {
  try {
    const proxy = agent.proxy();
    if (proxy === undefined) return undefined;
    const url = new URL(proxy.url);
    if (proxy.user !== undefined) {
      url.username = encodeURIComponent(proxy.user);
      url.password = encodeURIComponent(proxy.password ?? '');
    }
    // The agent's list has patterns, matched against whole addresses; there are only these to match.
    const exempt = asked
      .filter((address) => agent.proxy(address) === undefined)
      .map((address) => new URL(address).host);
    return { url: url.href, noProxy: exempt.join(',') };
  } catch (error) {
    // The cause may quote the setting, which may hold a password.
    if (!(error instanceof Error)) throw error;
    throw new ConfigurationError(
      'CAVRA-E201',
      'the proxy that the agent is configured with, or its bypass list, is not usable',
    );
  }
}

/** Authorities that are given explicitly stand in place of those of NODE_EXTRA_CA_CERTS on Node 20, so they have them too. */
async function authorities(agent: Agent, environment: Environment): Promise<readonly string[]> {
  const file = agent.certificateAuthorities();
  if (file === undefined) return [];
  const own = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigurationError(
      'CAVRA-E216',
      'the certificate authorities of the agent (Agent.CAInfo) cannot be read',
      {
        cause: error,
      },
    );
  });
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  // Node itself goes on without a file that it cannot read.
  const further = extra === undefined ? '' : await readFile(extra, 'utf8').catch(() => '');
  return [own, further].filter((text) => text !== '');
}
