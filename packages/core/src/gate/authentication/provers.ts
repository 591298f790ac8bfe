import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import type { HttpClient } from '../../io/http/http-client.ts';
import type { Environment } from '../../settings/credentials.ts';
import type { AuthenticationPlan } from './plan.ts';

/** What it takes to prove. */
export interface ProverOptions {
  readonly environment: Environment;
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the network must have answered. */
  readonly deadline: number;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** Azure: the service connection that the token is to speak for. */
  readonly serviceConnectionId?: string | undefined;
}

/** A prover, and what a reader of the result should know of it; may grow. */
export interface NotedProver {
  readonly prover: RunnerProver;
  readonly notes: readonly string[];
}

/** `v1` only towards a daemon that knows nothing else. */
export type HmacForm = 'v1' | 'v2';

/** For whom an HMAC proof is made: the name of who verifies it, and the form. */
export interface HmacAddress {
  readonly audience: string;
  readonly form: HmacForm;
}

/** Makes the prover of a plan. That it has nothing to prove with is said by `prove`, so that it is recorded. */
export async function proverOf(
  plan: AuthenticationPlan,
  options: ProverOptions,
  { audience, form }: HmacAddress,
): Promise<NotedProver> {
  switch (plan.method) {
    case 'oidc':
      return oidcProver(plan, options);
    case 'hmac': {
      const { createHmacProver } = await import('../../domain/auth/hmac-prover.ts');
      const { now, randomBytes } = options;
      return { prover: createHmacProver({ key: plan.key, form, audience, now, randomBytes }), notes: plan.notes };
    }
    case 'none':
      return { prover: { method: 'oidc', prove: () => Promise.reject(plan.reason) }, notes: [] };
  }
}

/** Proves by the platform's token, which is asked for at its first use and kept for a short while. */
async function oidcProver(
  { provider, located, audience }: AuthenticationPlan & { method: 'oidc' },
  options: ProverOptions,
): Promise<NotedProver> {
  const { environment, deadline, now, serviceConnectionId } = options;
  const [{ createTokenMemory }, { oidcProof }] = await Promise.all([
    import('../../io/tokens/index.ts'),
    import('../../domain/auth/oidc/proof.ts'),
  ]);
  const http = await options.http();
  const notes: string[] = [];
  const token = createTokenMemory(async (wanted) => {
    const acquired = await located.acquire({
      provider,
      environment,
      audience: wanted,
      http,
      deadline,
      ...(serviceConnectionId === undefined ? {} : { serviceConnectionId }),
    });
    notes.push(...acquired.warnings);
    return acquired;
  }, now);
  const prove = async (claimed: RunnerIdentity) => oidcProof(claimed, (await token(audience)).token);
  return { prover: { method: 'oidc', prove }, notes };
}
