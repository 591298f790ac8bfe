import { resolve } from 'node:path';
import type { Environment } from '../app/credentials.ts';
import type { Authenticator, Clock, RandomBytes, RunnerProver } from '../app/ports.ts';
import type { GateSettings } from '../app/settings.ts';
import { createHmacAuthenticator } from '../domain/auth/hmac-authenticator.ts';
import { createHmacProver } from '../domain/auth/hmac-prover.ts';
import type { OidcTrust } from '../domain/auth/oidc/trust.ts';
import { createRunnerAuthenticator } from '../domain/auth/runner-authenticator.ts';
import { AuthenticationError, ConfigurationError } from '../domain/diagnosis.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/types.ts';
import type { Provider, RunnerIdentity } from '../domain/wire/types.ts';
import type { HttpClient } from '../io/http/types.ts';
import type { LocatedToken, NoToken } from '../io/tokens/index.ts';

/** How a run of the gate proves who it is, and how the embedded daemon checks that; the two always fit together. */
export interface Authentication {
  readonly prover: RunnerProver;
  readonly authenticator: Authenticator;
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

export interface AuthenticationOptions {
  readonly settings: GateSettings;
  readonly environment: Environment;
  readonly workspace: string;
  readonly identity: RunnerIdentity;
  readonly runnerKey: HmacSigningKey | undefined;
  /** Keys that the embedded daemon accepts from runners. */
  readonly runnerKeys: readonly HmacVerificationKey[];
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the run ends. */
  readonly deadline: number;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** Azure: the service connection that the token is to speak for. */
  readonly serviceConnectionId?: string | undefined;
}

/** The name under which the embedded daemon is asked, in `HMAC-SHA256-REQUEST` proofs. */
const EMBEDDED_AUDIENCE = 'cavra-release-governance-embedded';

/**
 * Chooses between OIDC and HMAC (design.md section 2, step 3). `auto` takes the platform's token where the job has one and its issuer
 * is pinned, else the HMAC key; an explicit choice is never overridden by what happens to be in the environment. There is no falling
 * back from one to the other once a choice is made: an outage of the token service must not switch the kind of proof.
 *
 * @throws ConfigurationError CAVRA-E211 the OIDC trust is incomplete or must be pinned
 */
export async function chooseAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { auth } = options.settings;
  if (auth === 'hmac') return hmacOrNothing(options, noHmacKey());
  const { locateToken } = await import('../io/tokens/index.ts');
  const provider = providerOf(options.identity);
  const located = await unlessRefused(() => locateToken(provider, options.environment));
  if (located.source === 'none') {
    return auth === 'oidc' ? nothing(located.reason) : hmacOrNothing(options, located.reason);
  }
  const trust = await pinnedTrust(options, provider);
  return trust === undefined ? hmacOrNothing(options, noHmacKey()) : oidc(options, provider, located, trust);
}

/** A token that is configured but not there leaves nothing to prove with; that it was so is recorded, as every refusal is. */
async function unlessRefused(locate: () => Promise<LocatedToken | NoToken>): Promise<LocatedToken | NoToken> {
  try {
    return await locate();
  } catch (error) {
    if (error instanceof AuthenticationError) return { source: 'none', reason: error };
    throw error;
  }
}

/** The trust in the platform's tokens; undefined: it needs pinning, nobody has begun to, and `auto` has an HMAC key to take instead. */
async function pinnedTrust(options: AuthenticationOptions, provider: Provider): Promise<OidcTrust | undefined> {
  const { settings, workspace, environment } = options;
  const { resolveOidcTrust } = await import('../domain/auth/oidc/trust-defaults.ts');
  try {
    return resolveOidcTrust({
      provider,
      env: environment,
      configured: {
        issuer: settings.issuer,
        audience: settings.audience,
        jwksUrl: settings.jwksUrl,
        jwksFile: settings.jwks === undefined ? undefined : resolve(workspace, settings.jwks),
        maxTokenAgeSeconds: settings.maxTokenAgeSeconds,
      },
    });
  } catch (error) {
    const begun = settings.issuer ?? settings.jwksUrl ?? settings.jwks;
    const mayTakeHmac = settings.auth === 'auto' && options.runnerKey !== undefined && begun === undefined;
    if (error instanceof ConfigurationError && mayTakeHmac) return undefined;
    throw error;
  }
}

async function oidc(
  options: AuthenticationOptions,
  provider: Provider,
  located: LocatedToken,
  trust: OidcTrust,
): Promise<Authentication> {
  const { environment, now, deadline, serviceConnectionId } = options;
  const [tokens, keys, { createOidcAuthenticator }, { oidcProof }, { readBindingFacts }] = await Promise.all([
    import('../io/tokens/index.ts'),
    import('../io/jwks-source.ts'),
    import('../domain/auth/oidc/verify.ts'),
    import('../domain/auth/oidc/proof.ts'),
    import('../domain/auth/oidc/bind/facts.ts'),
  ]);
  const http = await options.http();
  const notes: string[] = [];
  const token = tokens.createTokenMemory(async (audience) => {
    const acquired = await located.acquire({
      provider,
      environment,
      audience,
      http,
      deadline,
      ...(serviceConnectionId === undefined ? {} : { serviceConnectionId }),
    });
    notes.push(...acquired.warnings);
    return acquired;
  }, now);
  const { jwks } = trust;
  const source =
    'file' in jwks
      ? keys.createJwksFileSource(jwks.file)
      : keys.createJwksUrlSource({ url: jwks.url, http, now, deadline });
  return {
    prover: {
      method: 'oidc',
      prove: async (identity) => {
        const { token: jwt } = await token(trust.audience);
        return oidcProof(identity, jwt);
      },
    },
    authenticator: createRunnerAuthenticator({
      oidc: createOidcAuthenticator({
        ...trust,
        jwks: source,
        now,
        facts: provider === 'local' ? {} : readBindingFacts(provider, environment),
      }),
    }),
    notes,
  };
}

function hmacOrNothing(options: AuthenticationOptions, reason: AuthenticationError): Authentication {
  const { runnerKey, runnerKeys, now, randomBytes } = options;
  if (runnerKey === undefined) return nothing(reason);
  return {
    prover: createHmacProver({ key: runnerKey, form: 'v2', audience: EMBEDDED_AUDIENCE, now, randomBytes }),
    authenticator: createRunnerAuthenticator({
      hmac: createHmacAuthenticator({ keys: runnerKeys, audience: EMBEDDED_AUDIENCE, accept: ['v2'], now }),
    }),
    notes: [],
  };
}

/** Proves nothing and accepts nobody, so that the refusal is recorded with its reason. */
function nothing(reason: AuthenticationError): Authentication {
  return {
    prover: {
      method: 'oidc',
      prove: () => Promise.reject(reason),
    },
    authenticator: createRunnerAuthenticator({}),
    notes: [],
  };
}

function noHmacKey(): AuthenticationError {
  return new AuthenticationError('CAVRA-E301', 'CAVRA_RUNNER_AUTH_HMAC_KEY is not set');
}

function providerOf(identity: RunnerIdentity): Provider {
  // The identity was validated, so the provider is one of the known ones.
  return (identity.provider ?? 'local') as Provider;
}
