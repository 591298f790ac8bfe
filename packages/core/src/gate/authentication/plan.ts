import { resolve } from 'node:path';
import type { OidcTrust } from '../../domain/auth/oidc/token/trust.ts';
import { AuthenticationError } from '../../domain/diagnosis.ts';
import type { HmacSigningKey } from '../../domain/keys/hmac-keys.ts';
import type { PullRequestContext } from '../../domain/pull-request/context.ts';
import { quoted } from '../../domain/trust/problems.ts';
import type { Provider, RunnerIdentity } from '../../domain/wire/messages.ts';
import type { LocatedToken, NoToken } from '../../io/tokens/index.ts';
import type { Environment } from '../../settings/credentials.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';
import type { PreparedKeys } from './run-keys.ts';

/**
 * How a run proves who it is, decided before anybody is asked for anything; the gate does what it says, and `doctor` tells it. There is
 * no falling back from one kind of proof to the other: an outage of the token service, or a variable that an earlier step has set, must
 * not choose it.
 */
export type AuthenticationPlan =
  | {
      readonly method: 'oidc';
      readonly provider: Provider;
      readonly located: LocatedToken;
      readonly audience: string;
      /** What this run itself trusts in tokens; undefined: a resident daemon decides that. */
      readonly trust: OidcTrust | undefined;
    }
  | { readonly method: 'hmac'; readonly key: HmacSigningKey; readonly notes: readonly string[] }
  /** Nothing to prove with; the refusal is recorded with its reason. */
  | { readonly method: 'none'; readonly reason: AuthenticationError };

export interface PlanOptions {
  readonly settings: GateSettings;
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly identity: RunnerIdentity;
  /** Asked for only where the run could prove itself by one. */
  readonly keys: () => Promise<PreparedKeys>;
  /** Whether a resident daemon verifies the proof, by its own trust. */
  readonly isDaemons: boolean;
  readonly context: PullRequestContext | undefined;
}

/**
 * Decides how this run proves who it is. `auto` is the OIDC token of a CI platform, and the HMAC key only outside of CI; `hmac` is never
 * fallen into on a platform.
 *
 * @throws ConfigurationError CAVRA-E211 the OIDC trust is incomplete or must be pinned; CAVRA-E201, CAVRA-E216, CAVRA-E218 a variable or
 *   file that names the token or the keys is wrong
 */
export async function planAuthentication(options: PlanOptions): Promise<AuthenticationPlan> {
  const { settings, environment, identity } = options;
  if (settings.auth === 'hmac') return hmacPlan(options, noHmacKey());
  const provider = providerOf(identity);
  const located = await locateRunnerToken(provider, environment);
  if (located.source !== 'none') return oidcPlan(options, provider, located);
  if (settings.auth === 'auto' && provider === 'local') return hmacPlan(options, located.reason);
  return { method: 'none', reason: await withWayOut(located.reason, options) };
}

async function oidcPlan(options: PlanOptions, provider: Provider, located: LocatedToken): Promise<AuthenticationPlan> {
  const { settings } = options;
  const { resolveOidcTrust, defaultAudience } = await import('../../domain/auth/oidc/trust-defaults.ts');
  if (options.isDaemons) {
    // What the daemon trusts is its own affair; but for whom a token is made is the job's: a daemon that could name the audience could
    // ask for a token that serves elsewhere.
    const audience = settings.audience ?? defaultAudience(provider);
    return { method: 'oidc', provider, located, audience, trust: undefined };
  }
  const trust = resolveOidcTrust({ provider, env: options.environment, configured: configuredTrust(options) });
  const unusable = await unusableKeys(trust);
  if (unusable !== undefined) return { method: 'none', reason: unusable };
  return { method: 'oidc', provider, located, audience: trust.audience, trust };
}

function configuredTrust({ settings, workspace }: PlanOptions) {
  const { issuer, audience, jwksUrl, jwks, maxTokenAgeSeconds } = settings;
  const jwksFile = jwks === undefined ? undefined : resolve(workspace, jwks);
  return { issuer, audience, jwksUrl, jwksFile, maxTokenAgeSeconds };
}

/** A file of keys is looked at now: that it is not the pinned one is a mistake of the configuration. */
async function unusableKeys({ jwks }: OidcTrust): Promise<AuthenticationError | undefined> {
  if (!('file' in jwks)) return undefined;
  const { createJwksFileSource } = await import('../../io/http/jwks-source.ts');
  try {
    await createJwksFileSource(jwks.file).get({ refresh: false });
    return undefined;
  } catch (error) {
    if (error instanceof AuthenticationError) return error;
    throw error;
  }
}

async function hmacPlan(options: PlanOptions, reason: AuthenticationError): Promise<AuthenticationPlan> {
  const { context } = options;
  const keys = await options.keys();
  if (keys.kind === 'runner') {
    const { signing } = keys.runner;
    return signing === undefined ? { method: 'none', reason } : { method: 'hmac', key: signing, notes: [] };
  }
  const { runner: key, runnerVerification, ephemeral } = keys.keys;
  if (key === undefined) return { method: 'none', reason };
  const isPinned = runnerVerification.some(({ id, pinned }) => id === key.id && pinned === true);
  if (isPinned || ephemeral) return { method: 'hmac', key, notes: [] };
  if (context !== undefined) return { method: 'none', reason: unpinnedKey(context) };
  return { method: 'hmac', key, notes: [UNPINNED_KEY] };
}

function unpinnedKey({ event }: PullRequestContext): AuthenticationError {
  return new AuthenticationError(
    'CAVRA-E321',
    `this job runs for the event ${quoted(event)}, and no keyring pins the runner key by its secret_sha256: whoever set the variable CAVRA_RUNNER_AUTH_HMAC_KEY in this job would be believed`,
  );
}

/** The key that signs is the key that verifies, and any earlier step may have set it. */
const UNPINNED_KEY =
  'no keyring pins the runner key (secret_sha256): any earlier step of this job could have set it; `keys generate` writes the pin, and in the step’s own env no earlier step can override the key';

/** On a platform the HMAC key is no second choice, but a reader who has one should know how to choose it. */
async function withWayOut(
  reason: AuthenticationError,
  { settings, keys: load }: PlanOptions,
): Promise<AuthenticationError> {
  const keys = await load().catch(() => undefined);
  const hasKey = (keys?.kind === 'run' ? keys.keys.runner : keys?.runner.signing) !== undefined;
  if (settings.auth !== 'auto' || !hasKey) return reason;
  const message = `${reason.message}; the HMAC key of this job is used only where auth is hmac`;
  return new AuthenticationError(reason.code, message, { cause: reason });
}

/** Finds the job's token. One that is configured but not there leaves nothing to prove with; that is recorded, as every refusal is. */
async function locateRunnerToken(provider: Provider, environment: Environment): Promise<LocatedToken | NoToken> {
  const { locateToken } = await import('../../io/tokens/index.ts');
  try {
    return await locateToken(provider, environment);
  } catch (error) {
    if (error instanceof AuthenticationError) return { source: 'none', reason: error };
    throw error;
  }
}

function noHmacKey(): AuthenticationError {
  return new AuthenticationError('CAVRA-E301', 'auth is hmac, and CAVRA_RUNNER_AUTH_HMAC_KEY is not set');
}

function providerOf(identity: RunnerIdentity): Provider {
  // The identity was validated, so the provider is one of the known ones.
  return (identity.provider ?? 'local') as Provider;
}
