import type { AuthenticatedRunner } from '../trust/trust-decision.ts';
import type { EvaluateRequest, RunnerAuth } from '../wire/messages.ts';

/** Milliseconds since the Unix epoch. */
export type Now = () => number;

/** Checks the `runner_auth` of a request; the shape of the port of the same name. */
export interface RequestAuthenticator {
  /** @throws AuthenticationError with the reason */
  authenticate(request: EvaluateRequest, auth: RunnerAuth | undefined): Promise<AuthenticatedRunner>;
}
