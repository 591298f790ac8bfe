import type { OidcTrust } from '../../domain/auth/oidc/token/trust.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import { createRunnerAuthenticator } from '../../domain/auth/runner-authenticator.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import type { HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import type { AuthenticationPlan } from './plan.ts';
import { type HmacForm, type ProverOptions, proverOf } from './provers.ts';

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
  /** Keys that the embedded daemon accepts from runners. */
  readonly runnerKeys: readonly HmacVerificationKey[];
}

/** The name under which the embedded daemon is asked, in `HMAC-SHA256-REQUEST` proofs. */
const EMBEDDED_AUDIENCE = 'cavra-release-governance-embedded';

/** Does what a plan says, with the embedded daemon as the one who verifies. */
export async function openAuthentication(
  plan: AuthenticationPlan,
  options: AuthenticationOptions,
  form: HmacForm,
): Promise<Authentication> {
  const { prover, notes } = await proverOf(plan, options, { audience: EMBEDDED_AUDIENCE, form });
  switch (plan.method) {
    case 'oidc': {
      const { trust } = plan;
      if (trust === undefined) throw new Error('a run that verifies its own token has no trust to do so with');
      return { prover, notes, trust, authenticator: await oidcAuthenticator(trust, options) };
    }
    case 'hmac': {
      const { createHmacAuthenticator } = await import('../../domain/auth/hmac-authenticator.ts');
      const keys = options.runnerKeys;
      const hmac = createHmacAuthenticator({ keys, audience: EMBEDDED_AUDIENCE, accept: [form], now: options.now });
      return { prover, notes, authenticator: createRunnerAuthenticator({ hmac }) };
    }
    case 'none':
      // Accepts nobody, so that the refusal is recorded with its reason.
      return { prover, notes, authenticator: createRunnerAuthenticator({}) };
  }
}

async function oidcAuthenticator(trust: OidcTrust, options: AuthenticationOptions): Promise<RequestAuthenticator> {
  const { openOidcAuthenticator } = await import('../../io/http/oidc-authenticator.ts');
  const http = await options.http();
  return createRunnerAuthenticator({ oidc: openOidcAuthenticator(trust, { ...options, http }) });
}
