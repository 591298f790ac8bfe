import type { SecureContext } from 'node:tls';

/** Gives the authorities to trust. */
export type TrustStore = () => Promise<SecureContext>;

/**
 * The authorities that come with Node and those given, and no others: the default of Node would add what NODE_EXTRA_CA_CERTS and
 * NODE_USE_SYSTEM_CA name, which any earlier step of a job can set. Reading the some 150 certificates takes longer than a handshake, so
 * it is done once, and by the first request.
 *
 * @param extra PEM
 */
export function trustStore(extra: readonly string[] = []): TrustStore {
  let store: Promise<SecureContext> | undefined;
  return () => {
    store ??= load(extra);
    return store;
  };
}

async function load(extra: readonly string[]): Promise<SecureContext> {
  const { createSecureContext, rootCertificates } = await import('node:tls');
  return createSecureContext({ ca: [...rootCertificates, ...extra], minVersion: 'TLSv1.2' });
}
