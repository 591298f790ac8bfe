import { createHmacProver } from '../../domain/auth/hmac-prover.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { AuthenticationError } from '../../domain/diagnosis.ts';
import type { HmacSigningKey } from '../../domain/keys/hmac-keys.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { Provider, RunnerIdentity } from '../../domain/wire/messages.ts';
import type { HttpClient } from '../../io/http/http-client.ts';
import type { LocatedToken, NoToken } from '../../io/tokens/index.ts';
import type { Environment } from '../../settings/credentials.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';

/** What a job has to prove who it is with. */
export interface ProverOptions {
  readonly settings: GateSettings;
  readonly environment: Environment;
  readonly identity: RunnerIdentity;
  readonly runnerKey: HmacSigningKey | undefined;
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the run ends. */
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

/**
 * Chooses how to prove to a resident daemon who this job is. What the daemon trusts is its own affair; but for whom a token is made is
 * the job's: a daemon that could name the audience could ask for a token that serves elsewhere.
 *
 * @param hmacAudience the daemon's name, for `HMAC-SHA256-REQUEST` proofs
 */
export async function chooseProver(options: ProverOptions, hmacAudience: string): Promise<NotedProver> {
  const { auth, audience } = options.settings;
  if (auth === 'hmac') return hmacProver(options, hmacAudience, noHmacKey());
  const provider = providerOf(options.identity);
  const located = await locateRunnerToken(provider, options.environment);
  if (located.source === 'none') {
    return auth === 'oidc'
      ? { prover: noProver(located.reason), notes: [] }
      : hmacProver(options, hmacAudience, located.reason);
  }
  const { defaultAudience } = await import('../../domain/auth/oidc/trust-defaults.ts');
  return oidcProver(options, located, audience ?? defaultAudience(provider));
}

/** Finds the job's token. One that is configured but not there leaves nothing to prove with; that is recorded, as every refusal is. */
export async function locateRunnerToken(provider: Provider, environment: Environment): Promise<LocatedToken | NoToken> {
  const { locateToken } = await import('../../io/tokens/index.ts');
  try {
    return await locateToken(provider, environment);
  } catch (error) {
    if (error instanceof AuthenticationError) return { source: 'none', reason: error };
    throw error;
  }
}

/** Proves by the platform's token, which is asked for at its first use and kept for a short while. */
export async function oidcProver(
  options: ProverOptions,
  located: LocatedToken,
  audience: string,
): Promise<NotedProver> {
  const { environment, identity, deadline, now, serviceConnectionId } = options;
  const [{ createTokenMemory }, { oidcProof }] = await Promise.all([
    import('../../io/tokens/index.ts'),
    import('../../domain/auth/oidc/proof.ts'),
  ]);
  const http = await options.http();
  const notes: string[] = [];
  const token = createTokenMemory(async (wanted) => {
    const acquired = await located.acquire({
      provider: providerOf(identity),
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

function hmacProver(options: ProverOptions, audience: string, reason: AuthenticationError): NotedProver {
  const { runnerKey, now, randomBytes } = options;
  if (runnerKey === undefined) return { prover: noProver(reason), notes: [] };
  return { prover: createHmacProver({ key: runnerKey, form: 'v2', audience, now, randomBytes }), notes: [] };
}

/** Proves nothing, so that the refusal is recorded with its reason. */
export function noProver(reason: AuthenticationError): RunnerProver {
  return { method: 'oidc', prove: () => Promise.reject(reason) };
}

export function noHmacKey(): AuthenticationError {
  return new AuthenticationError('CAVRA-E301', 'CAVRA_RUNNER_AUTH_HMAC_KEY is not set');
}

export function providerOf(identity: RunnerIdentity): Provider {
  // The identity was validated, so the provider is one of the known ones.
  return (identity.provider ?? 'local') as Provider;
}
