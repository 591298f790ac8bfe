import { resolve } from 'node:path';
import type { OidcTrust } from '../domain/auth/oidc/token/trust.ts';
import { AuthenticationError, ConfigurationError } from '../domain/diagnosis.ts';
import { type Platform, platformFields } from '../domain/identity/sources.ts';
import type { Clock } from '../domain/ports.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import type { HttpClient } from '../io/http/http-client.ts';
import type { LocatedToken, NoToken } from '../io/tokens/index.ts';
import type { Environment } from '../settings/credentials.ts';
import type { VerifySettings } from '../settings/verify-settings.ts';
import type { RunField } from '../settings/verify-table.ts';

export interface OwnRunOptions {
  readonly provider: Platform;
  readonly settings: VerifySettings;
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the run must be proven. */
  readonly deadline: number;
  readonly now: Clock;
}

/** What a verifying job knows of the run that it is part of. */
export interface OwnRun {
  readonly identity: RunnerIdentity;
  /** How sure that is, a sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

/** The token that is for verification only, so that no token which the judged job was given can stand in for it. */
const GITLAB_TOKEN = 'CAVRA_VERIFY_OIDC_TOKEN';
const AUDIENCE = 'cavra-release-governance-verify';

/**
 * Finds out which run a verifying job is part of, by a token of its own where the platform gives it one. On GitHub and Azure no step can
 * override the variables that name the run, so without a token these are believed, and the result says so. On GitLab a job that this one
 * needs can override them by its dotenv report: only the token counts.
 *
 * @throws AuthenticationError CAVRA-E312 to CAVRA-E319 there is a token, and it cannot be had or does not verify
 * @throws ConfigurationError CAVRA-E211 what is trusted in tokens is incomplete or must be pinned; CAVRA-E235 the run must be proven, and
 *   there is no token
 */
export async function findOwnRun(options: OwnRunOptions): Promise<OwnRun> {
  const { provider, environment, settings } = options;
  const identity: RunnerIdentity = { ...Object.fromEntries(platformFields(provider, environment)), provider };
  const wanted = [...settings.ofThisRun].filter(([field]) => field !== 'provider');
  const located = await locate(options);
  if (located.source === 'none') return unproven(identity, wanted, provider, located.reason);
  // Where everything is written out nobody has to be asked; but a token that is here must be a true one.
  if (wanted.length === 0 && located.variable === undefined) return { identity, notes: [] };
  const trust = await trustOf(options, wanted.length > 0);
  if (trust instanceof ConfigurationError) return unproven(identity, wanted, provider, trust);
  const proven = await prove(options, identity, located, trust);
  const missing = wanted.filter(([field]) => !proven.has(field));
  if (missing.length > 0) return unproven(identity, missing, provider, new Error('its token does not say so'));
  return { identity, notes: wanted.length === 0 ? [] : [`proven by a token of this job: its ${fieldsOf(wanted)}`] };
}

async function locate({ provider, environment }: OwnRunOptions): Promise<LocatedToken | NoToken> {
  if (provider !== 'gitlab-ci') {
    const { locateToken } = await import('../io/tokens/index.ts');
    return locateToken(provider, environment);
  }
  const { locatedInVariable } = await import('../io/tokens/value.ts');
  const message = `this job has no token ${GITLAB_TOKEN}: another job of its name replaces its id_tokens, or the instance has no key to sign one`;
  return (
    locatedInVariable(environment, GITLAB_TOKEN, 'gitlab-variable') ?? {
      source: 'none',
      reason: new AuthenticationError('CAVRA-E311', message),
    }
  );
}

/** What is trusted in tokens, or why nothing is; where the run must be proven and could be, a mistake is an error. */
async function trustOf(
  { provider, environment, workingDirectory, settings }: OwnRunOptions,
  isWanted: boolean,
): Promise<OidcTrust | ConfigurationError> {
  const { issuer, audience, jwksUrl, jwks, maxTokenAgeSeconds } = settings.trust;
  const { resolveOidcTrust } = await import('../domain/auth/oidc/trust-defaults.ts');
  const jwksFile = jwks === undefined ? undefined : resolve(workingDirectory, jwks);
  // Azure lets nobody choose it.
  const ownAudience = audience ?? (provider === 'azure-pipelines' ? undefined : AUDIENCE);
  const configured = { issuer, audience: ownAudience, jwksUrl, jwksFile, maxTokenAgeSeconds };
  try {
    return resolveOidcTrust({ provider, env: environment, configured });
  } catch (error) {
    const isBegun = issuer !== undefined || jwksUrl !== undefined || jwks !== undefined;
    const mayBeUnproven = provider !== 'gitlab-ci' || !isWanted;
    if (error instanceof ConfigurationError && mayBeUnproven && !isBegun) return error;
    throw error;
  }
}

/** @returns the fields that the token proves */
async function prove(
  { provider, environment, http, deadline, now }: OwnRunOptions,
  identity: RunnerIdentity,
  located: LocatedToken,
  trust: OidcTrust,
): Promise<ReadonlySet<string>> {
  const [{ oidcProof }, { openOidcAuthenticator }] = await Promise.all([
    import('../domain/auth/oidc/proof.ts'),
    import('../io/http/oidc-authenticator.ts'),
  ]);
  const client = await http();
  const authenticator = await openOidcAuthenticator(trust, { environment, http: client, deadline, now });
  const { token } = await located.acquire({
    provider,
    environment,
    audience: trust.audience,
    http: client,
    deadline,
  });
  // The token answers for the job, whatever is asked.
  const { verified } = await authenticator.authenticate({}, oidcProof(identity, token)).catch((error: unknown) => {
    throw explained(error, provider);
  });
  return new Set(verified);
}

function explained(error: unknown, provider: Platform): unknown {
  if (!(error instanceof AuthenticationError) || error.code !== 'CAVRA-E319' || provider !== 'gitlab-ci') return error;
  const message = `${error.message}; a variable of this job is not what GitLab set, most often because the dotenv report of a job that it needs overrides it`;
  return new AuthenticationError('CAVRA-E319', message, { cause: error });
}

type Wanted = readonly (readonly [field: RunField, label: string])[];

function fieldsOf(wanted: Wanted): string {
  return wanted.map(([field]) => field).join(', ');
}

/** @throws ConfigurationError CAVRA-E235 on GitLab */
function unproven(identity: RunnerIdentity, wanted: Wanted, provider: Platform, reason: Error): OwnRun {
  if (wanted.length === 0) return { identity, notes: [] };
  if (provider === 'gitlab-ci') {
    const labels = wanted.map(([, label]) => label).join(', ');
    throw new ConfigurationError(
      'CAVRA-E235',
      `this job cannot prove its ${fieldsOf(wanted)}, and its variables can be overridden by the job that is judged: ${reason.message}; set ${labels}`,
    );
  }
  const note = `not proven by a token: that this run’s ${fieldsOf(wanted)} are what the variables of this job say (${reason.message})`;
  return { identity, notes: [note] };
}
