import type { SecureContext } from 'node:tls';

/** Gives the authorities to trust; undefined stands for Node's own. */
export type TrustStore = () => Promise<SecureContext | undefined>;

/**
 * Node's authorities and those given. Authorities given to Node explicitly replace its list, so they are put beside it here; reading the
 * some 150 certificates takes longer than a handshake, so it is done once.
 *
 * @param extra PEM
 */
export function trustStore(extra: readonly string[] = []): TrustStore {
  let store: Promise<SecureContext | undefined> | undefined;
  return () => {
    store ??= extra.length === 0 ? Promise.resolve(undefined) : load(extra);
    return store;
  };
}

async function load(extra: readonly string[]): Promise<SecureContext> {
  // Node 20 does not have it.
  const tls: typeof import('node:tls') & { getCACertificates?: (type: 'default') => string[] } = await import(
    'node:tls'
  );
  const own = tls.getCACertificates?.('default') ?? tls.rootCertificates;
  return tls.createSecureContext({ ca: [...own, ...extra], minVersion: 'TLSv1.2' });
}
