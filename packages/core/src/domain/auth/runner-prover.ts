import type { EvaluateRequest, RunnerAuth, RunnerIdentity } from '../wire/messages.ts';

/** Produces the `runner_auth` for a request: the platform's OIDC token or an HMAC over the claims. */
export interface RunnerProver {
  readonly method: 'oidc' | 'hmac';
  /** @throws AuthenticationError when there is nothing to prove with */
  prove(identity: RunnerIdentity, request: EvaluateRequest): Promise<RunnerAuth>;
}
