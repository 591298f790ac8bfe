import { readFile } from 'node:fs/promises';
import { ConfigurationError, type NetworkOptions } from '@cavra/release-governance-core';
import type { Agent } from './agent.ts';
import { type Environment, environmentName } from './environment.ts';

/** Where Azure DevOps publishes the keys of all organisations. */
const PUBLIC_KEYS = 'https://vstoken.dev.azure.com/.well-known/jwks';

/**
 * The network as the agent is configured for it: its proxy, whom that is not for, and its certificate authorities. Where the agent has
 * no proxy, the usual variables count.
 *
 * @param jwksUrl where the issuer's keys are asked for, where it was configured
 * @throws ConfigurationError CAVRA-E201 the agent's proxy is not usable; CAVRA-E216 its certificates cannot be read, CAVRA-E241 they are
 *   not its own
 */
export async function agentNetwork(
  agent: Agent,
  environment: Environment,
  jwksUrl: string | undefined,
): Promise<NetworkOptions> {
  const asked = [environment['SYSTEM_OIDCREQUESTURI'], jwksUrl ?? PUBLIC_KEYS].filter((url) => url !== undefined);
  const proxy = agentProxy(agent, asked);
  const own = await authorities(agent);
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(own === undefined ? {} : { authorities: own }),
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

/** The variable by which the agent names the authorities that it is configured with. */
const CA_INFO = 'Agent.CAInfo';

/**
 * The authorities of the agent's own configuration. A variable of the pipeline with another spelling stands under the same name in the
 * environment, so that a step could have set it.
 */
async function authorities(agent: Agent): Promise<NetworkOptions['authorities']> {
  const file = agent.certificateAuthorities();
  if (file === undefined) return undefined;
  const names = agent.variables().map(({ name }) => name);
  const others = names.filter((name) => name !== CA_INFO && environmentName(name) === environmentName(CA_INFO));
  if (others.length > 0 || !names.includes(CA_INFO)) {
    throw new ConfigurationError(
      'CAVRA-E241',
      `the certificate authorities ${file} are not from the agent’s own configuration: the variable ${others[0] ?? environmentName(CA_INFO)} takes the place of ${CA_INFO}`,
    );
  }
  const pem = await readFile(file, 'latin1').catch((error: unknown) => {
    throw new ConfigurationError(
      'CAVRA-E216',
      'the certificate authorities of the agent (Agent.CAInfo) cannot be read',
      {
        cause: error,
      },
    );
  });
  return { name: `${CA_INFO} of the agent`, pem };
}
