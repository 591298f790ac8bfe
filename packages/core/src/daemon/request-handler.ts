import type { RequestAuthenticator } from '../domain/auth/request-authenticator.ts';
import {
  buildResponse,
  RUNNER_AUTH_INVALID,
  RUNNER_NOT_TRUSTED,
  refusalResponse,
} from '../domain/decision/response.ts';
import { decide, type RulesMode } from '../domain/decision/rules.ts';
import { AuthenticationError } from '../domain/diagnosis.ts';
import type { EvidenceRecorder } from '../domain/evidence/evidence-recorder.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { redactRequest } from '../domain/secrets/redact.ts';
import type { AuthenticatedRunner, TrustPolicyEvaluator } from '../domain/trust/trust-decision.ts';
import type { DecisionResponse, EvaluateRequest } from '../domain/wire/messages.ts';
import type { Evaluation, GovernanceRuntime } from './runtime.ts';

export interface RequestHandlerDependencies {
  readonly authenticator: RequestAuthenticator;
  readonly trust: TrustPolicyEvaluator;
  readonly rules: RulesMode;
  readonly recorder: EvidenceRecorder;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/**
 * The daemon's request handler: verifies the runner's proof, applies the trust policy, decides by the rules and records the
 * decision, durably, before it answers (design.md section 2, step 4). Embedded in a job it is the gate's runtime; behind a socket
 * it is the resident daemon.
 */
export class RequestHandler implements GovernanceRuntime {
  readonly name = 'embedded';
  readonly #dependencies: RequestHandlerDependencies;

  constructor(dependencies: RequestHandlerDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * @param request with its `runner_auth`
   * @param proofFailure why the runner has no proof to send; recorded as the reason
   * @throws RuntimeFailure when the record cannot be written, SecretFoundError when it would hold a secret; nothing is answered then
   */
  async evaluate(request: EvaluateRequest, proofFailure?: AuthenticationError): Promise<Evaluation> {
    const { runner_auth: proof, ...question } = request;
    let runner: AuthenticatedRunner;
    try {
      if (proofFailure !== undefined) throw proofFailure;
      runner = await this.#dependencies.authenticator.authenticate(question, proof);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      const reason = `runner authentication failed: ${error.message}`;
      return { response: await this.#refuse(request, RUNNER_AUTH_INVALID, reason), refusal: error };
    }
    const trust = this.#dependencies.trust.evaluate(runner, question);
    if (!trust.trusted) {
      const refusal = new AuthenticationError('CAVRA-E320', trust.reason);
      const reason = `runner is not trusted: ${trust.reason}`;
      return { response: await this.#refuse(request, RUNNER_NOT_TRUSTED, reason), runner, refusal };
    }
    return { response: await this.#decide(request), runner, trustRule: trust.rule };
  }

  async close(): Promise<void> {
    await this.#dependencies.recorder.close();
  }

  async #decide(request: EvaluateRequest): Promise<DecisionResponse> {
    const { rules, now, randomBytes } = this.#dependencies;
    const redacted = redactRequest(request);
    const response = buildResponse(redacted, decide(redacted, rules), {
      decisionId: `dec_${hex(randomBytes(6))}`,
      correlationId: `corr_${hex(randomBytes(6))}`,
      timestamp: `${new Date(now()).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`,
    });
    return this.#record(redacted, response);
  }

  async #refuse(request: EvaluateRequest, ruleId: string, reason: string): Promise<DecisionResponse> {
    const redacted = redactRequest(request);
    return this.#record(redacted, refusalResponse(redacted, ruleId, reason));
  }

  async #record(request: EvaluateRequest, response: DecisionResponse): Promise<DecisionResponse> {
    const record = await this.#dependencies.recorder.append(request, response);
    return record.response;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
