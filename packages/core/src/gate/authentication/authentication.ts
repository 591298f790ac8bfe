import { resolve } from 'node:path';
import { createHmacAuthenticator } from '../../domain/auth/hmac-authenticator.ts';
import { createHmacProver } from '../../domain/auth/hmac-prover.ts';
import type { OidcTrust } from '../../domain/auth/oidc/token/trust.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import { createRunnerAuthenticator } from '../../domain/auth/runner-authenticator.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { type AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import type { HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import type { Provider } from '../../domain/wire/messages.ts';
import type { LocatedToken } from '../../io/tokens/index.ts';
import { locateRunnerToken, noHmacKey, noProver, oidcProver, type ProverOptions, providerOf } from './provers.ts';

/** How a run of the gate proves who it is, and how the embedded daemon checks that; the two always fit together. */
export interface Authentication {
  readonly prover: RunnerProver;
  readonly authenticator: RequestAuthenticator;
  /** What is trusted in tokens; absent without OIDC. */
  readonly trust?: OidcTrust;
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

export interface AuthenticationOptions extends ProverOptions {
  readonly workspace: string;
  /** Keys that the embedded daemon accepts from runners. */
  readonly runnerKeys: readonly HmacVerificationKey[];
  /** `v1` only towards a daemon that knows nothing else; `v2` unless given. */
  readonly hmacForm?: 'v1' | 'v2';
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
  const provider = providerOf(options.identity);
  const located = await locateRunnerToken(provider, options.environment);
  if (located.source === 'none') {
    return auth === 'oidc' ? nothing(located.reason) : hmacOrNothing(options, located.reason);
  }
  const trust = await pinnedTrust(options, provider);
  return trust === undefined ? hmacOrNothing(options, noHmacKey()) : oidc(options, provider, located, trust);
}

/** The trust in the platform's tokens; undefined: it needs pinning, nobody has begun to, and `auto` has an HMAC key to take instead. */
async function pinnedTrust(options: AuthenticationOptions, provider: Provider): Promise<OidcTrust | undefined> {
  const { settings, workspace, environment } = options;
  const { resolveOidcTrust } = await import('../../domain/auth/oidc/trust-defaults.ts');
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
  const { environment, now, deadline } = options;
  const [keys, { createOidcAuthenticator }, { readBindingFacts }] = await Promise.all([
    import('../../io/http/jwks-source.ts'),
    import('../../domain/auth/oidc/verify.ts'),
    import('../../domain/auth/oidc/bind/facts.ts'),
  ]);
  const http = await options.http();
  const { jwks } = trust;
  const source =
    'file' in jwks
      ? keys.createJwksFileSource(jwks.file)
      : keys.createJwksUrlSource({ url: jwks.url, http, now, deadline });
  return {
    ...(await oidcProver(options, located, trust.audience)),
    trust,
    authenticator: createRunnerAuthenticator({
      oidc: createOidcAuthenticator({
        ...trust,
        // The keys come while the token is asked for.
        jwks: keys.askAhead(source),
        now,
        facts: provider === 'local' ? {} : readBindingFacts(provider, environment),
      }),
    }),
  };
}

function hmacOrNothing(options: AuthenticationOptions, reason: AuthenticationError): Authentication {
  const { runnerKey, runnerKeys, now, randomBytes, hmacForm: form = 'v2' } = options;
  if (runnerKey === undefined) return nothing(reason);
  return {
    prover: createHmacProver({ key: runnerKey, form, audience: EMBEDDED_AUDIENCE, now, randomBytes }),
    authenticator: createRunnerAuthenticator({
      hmac: createHmacAuthenticator({ keys: runnerKeys, audience: EMBEDDED_AUDIENCE, accept: [form], now }),
    }),
    notes: [],
  };
}

/** Proves nothing and accepts nobody, so that the refusal is recorded with its reason. */
function nothing(reason: AuthenticationError): Authentication {
  return { prover: noProver(reason), authenticator: createRunnerAuthenticator({}), notes: [] };
}
