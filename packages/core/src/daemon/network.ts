import type { Environment } from '../domain/identity/sources.ts';
import type { Network } from '../io/http/network.ts';

/**
 * A resident daemon is no job: its environment is that of whoever runs it, and says how it reaches the network.
 *
 * @param folder absolute; what relative paths start from
 */
export async function daemonNetwork(environment: Environment, folder: string): Promise<Network> {
  const [{ proxyFromEnvironment }, { readAuthorities }] = await Promise.all([
    import('../io/http/proxy.ts'),
    import('../io/trust/authorities.ts'),
  ]);
  const { pem } = await readAuthorities({
    setting: undefined,
    environment,
    places: { workspace: folder, temporary: [] },
    onGitLab: false,
    isAdapter: false,
    isFree: true,
  });
  return { authorities: pem, proxy: proxyFromEnvironment(environment) };
}
