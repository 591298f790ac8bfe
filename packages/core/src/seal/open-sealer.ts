import type { AttestationTrust } from '../domain/checkpoint/checkpoint.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { Environment } from '../domain/identity/sources.ts';
import type { Provider } from '../domain/wire/messages.ts';
import type { HttpClient } from '../io/http/http-client.ts';
import type { CertificateToken } from '../io/tokens/certificate-token.ts';
import type { SealPlan } from './seal-plan.ts';
import { createKeySealer, type Sealer } from './sealer.ts';

export interface OpenSealerOptions {
  readonly provider: Provider;
  readonly environment: Environment;
  /** Keys whose checkpoints this run believes. */
  readonly trust: readonly AttestationTrust[];
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the job has its token, ... */
  readonly tokenDeadline: number;
  /** ... and by which the evidence is sealed. */
  readonly sealDeadline: number;
}

/** Makes what seals as planned; undefined: nothing does. A token for a certificate is asked for at once, and waited for when it is needed. */
export async function openSealer(plan: SealPlan, options: OpenSealerOptions): Promise<Sealer | undefined> {
  const { http, trust, sealDeadline: deadline } = options;
  switch (plan.kind) {
    case 'none':
      return undefined;
    case 'key':
      return createKeySealer(plan.key, trust, plan.time && { ...plan.time, http, deadline });
    case 'keyless': {
      const { createKeylessSealer } = await import('./keyless-sealer.ts');
      const { url, root, publicOnly } = plan;
      const token = askForToken(options, publicOnly);
      return createKeylessSealer({ token, url, root, time: { ...plan.time, http, deadline }, http, deadline });
    }
  }
}

function askForToken(options: OpenSealerOptions, publicOnly: boolean): Promise<CertificateToken> {
  const asked = acquire(options, publicOnly);
  // Whoever waits for it is told; until then nobody listens.
  asked.catch(() => undefined);
  return asked;
}

async function acquire(options: OpenSealerOptions, publicOnly: boolean): Promise<CertificateToken> {
  const { provider, environment, http, tokenDeadline } = options;
  const { acquireCertificateToken } = await import('../io/tokens/certificate-token.ts');
  const token = await acquireCertificateToken({ provider, environment, http: await http(), deadline: tokenDeadline });
  if (publicOnly) requirePublic(token);
  return token;
}

/** The logs of the public instance publish whose certificates it issues. */
function requirePublic({ claims }: CertificateToken): void {
  const visibility = claims['repository_visibility'] ?? claims['project_visibility'];
  if (visibility === 'public') return;
  const found =
    visibility === undefined
      ? 'does not say that the repository is public'
      : `says that the repository is ${visibility}`;
  throw new ConfigurationError('CAVRA-E263', `the job’s token ${found}`);
}
