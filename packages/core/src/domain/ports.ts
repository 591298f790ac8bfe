import type { RequestAuthenticator } from './auth/request-authenticator.ts';
import type { AuthenticationError } from './diagnosis.ts';
import type { AuthenticatedRunner, TrustDecision, TrustPolicyEvaluator } from './trust/trust-decision.ts';
import type {
  DecisionResponse,
  EvaluateRequest,
  EvidenceRecord,
  RunnerAuth,
  RunnerIdentity,
} from './wire/messages.ts';

export type { AuthenticatedRunner, TrustDecision, TrustPolicyEvaluator };

/** The small interfaces over which the use cases run; `io` implements them, entry files compose them. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/** `size` cryptographically random bytes. */
export type RandomBytes = (size: number) => Uint8Array;

/** Checks the `runner_auth` of a request. */
export type Authenticator = RequestAuthenticator;

/** Produces the `runner_auth` for a request: the platform's OIDC token or an HMAC over the claims. */
export interface RunnerProver {
  readonly method: 'oidc' | 'hmac';
  /** @throws AuthenticationError when there is nothing to prove with */
  prove(identity: RunnerIdentity, request: EvaluateRequest): Promise<RunnerAuth>;
}

/** Appends to one evidence stream; the only writer of it. */
export interface EvidenceRecorder {
  /** Records in the stream so far. */
  readonly records: number;
  /** `record_hash` of the last record, or the empty string. */
  readonly headHash: string;
  /**
   * Adds one record and returns only once it is durable on disk. The recorder chooses record id, sequence, links and time, adds its
   * own `go-daemon-evidence://<record_id>` to the response's `evidence_refs`, hashes and signs.
   *
   * @throws RuntimeFailure E501 not written (the stream stays valid), E503 stream removed or replaced, E505 too large
   * @throws SecretFoundError E601 the encoded line holds a configured secret
   */
  append(request: EvaluateRequest, response: DecisionResponse): Promise<EvidenceRecord>;
  close(): Promise<void>;
}

/** One answered request. */
export interface Evaluation {
  readonly response: DecisionResponse;
  /** Absent when authentication failed. */
  readonly runner?: AuthenticatedRunner;
  /** Which rule of the trust policy let the runner pass; absent when it did not. */
  readonly trustRule?: string;
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
   * @throws RuntimeFailure when no answer could be had, SecretFoundError when the record would hold a secret
   */
  evaluate(request: EvaluateRequest, proofFailure?: AuthenticationError): Promise<Evaluation>;
  close(): Promise<void>;
}
