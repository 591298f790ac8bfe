import type { RequestOriginal } from '../domain/approvals/judging/request-judge.ts';
import type { ApprovalsVerdict } from '../domain/approvals/judging/verdict.ts';
import type { AuthenticationError } from '../domain/diagnosis.ts';
import type { AuthenticatedRunner } from '../domain/trust/trust-decision.ts';
import type { DecisionResponse, EvaluateRequest } from '../domain/wire/messages.ts';

/** One answered request. */
export interface Evaluation {
  readonly response: DecisionResponse;
  /** Absent when authentication failed. */
  readonly runner?: AuthenticatedRunner;
  /** Which rule of the trust policy let the runner pass; absent when it did not. */
  readonly trustRule?: string;
  /** How its approvals were judged, where the rule asks for some. */
  readonly approvals?: ApprovalsVerdict;
  /** Why the runner was not authenticated or not trusted; such a `block` is never one that was expected. */
  readonly refusal?: AuthenticationError;
  /**
   * The answer added no record to this run's stream: it was recorded when the same was asked before, or the runner was not authenticated
   * and its refusal is in a stream of the daemon's own.
   */
  readonly addsNoRecord?: boolean;
}

/** Whoever answers requests: this process, a resident daemon, or an external program. */
export interface GovernanceRuntime {
  readonly name: 'embedded' | 'socket' | 'external';
  /**
   * @param request with its `runner_auth`
   * @param proofFailure why the runner has no proof to send
   * @param original the bytes of the request, where its approvals may be asked for
   * @throws RuntimeFailure when no answer could be had, SecretFoundError when the record would hold a secret
   */
  evaluate(
    request: EvaluateRequest,
    proofFailure?: AuthenticationError,
    original?: RequestOriginal,
  ): Promise<Evaluation>;
  close(): Promise<void>;
}
