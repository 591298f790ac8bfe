import type {
  JudgedRequest,
  RequestJudge,
  RequestJudgement,
  RequestOriginal,
} from '../domain/approvals/judging/request-judge.ts';
import type { RequestAuthenticator } from '../domain/auth/request-authenticator.ts';
import {
  buildResponse,
  RUNNER_AUTH_INVALID,
  RUNNER_NOT_TRUSTED,
  refusalResponse,
} from '../domain/decision/response.ts';
import { decide, type RulesMode } from '../domain/decision/rules.ts';
import { AuthenticationError, ConfigurationError } from '../domain/diagnosis.ts';
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
  /** Who judges approvals, and where that is recorded; absent: nobody does, and a rule that asks for some lets nothing pass. */
  readonly approvals?: { readonly judge: RequestJudge; readonly file: ApprovalsRecorder };
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/** Keeps how approvals were judged. */
export interface ApprovalsRecorder {
  /** Adds a line, without its line end; durable when it returns. @throws RuntimeFailure, SecretFoundError */
  append(line: string): Promise<void>;
  close(): Promise<void>;
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
   * @param original the bytes of the request, which its approvals are of
   * @throws ConfigurationError CAVRA-E254 approvals are asked for that nobody here judges, CAVRA-E252 there are too many
   * @throws RuntimeFailure when the record cannot be written, SecretFoundError when it would hold a secret; nothing is answered then
   */
  async evaluate(
    request: EvaluateRequest,
    proofFailure?: AuthenticationError,
    original?: RequestOriginal,
  ): Promise<Evaluation> {
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
    const passed = { runner, trustRule: trust.rule };
    if (trust.approvals === undefined) return { response: await this.#decide(request), ...passed };
    const judgement = await this.#judge({ runner, asked: trust.approvals, rule: trust.rule }, original);
    const response = await this.#decide(request, judgement);
    return { response, ...passed, approvals: judgement.verdict };
  }

  async close(): Promise<void> {
    const { recorder, approvals } = this.#dependencies;
    await recorder.close();
    await approvals?.file.close();
  }

  async #judge(
    question: Omit<JudgedRequest, 'original'>,
    original: RequestOriginal | undefined,
  ): Promise<RequestJudgement> {
    const judge = this.#dependencies.approvals?.judge;
    if (judge !== undefined && original !== undefined) return judge.judge({ ...question, original });
    const message = `the rule ${question.rule} of the trust policy asks for approvals, which nobody judges here`;
    throw new ConfigurationError('CAVRA-E254', message);
  }

  async #decide(request: EvaluateRequest, judgement?: RequestJudgement): Promise<DecisionResponse> {
    const { rules, now, randomBytes } = this.#dependencies;
    const redacted = redactRequest(request);
    const response = buildResponse(redacted, decide(redacted, rules, judgement?.finding), {
      decisionId: `dec_${hex(randomBytes(6))}`,
      correlationId: `corr_${hex(randomBytes(6))}`,
      timestamp: `${new Date(now()).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`,
    });
    return judgement === undefined ? this.#record(redacted, response) : this.#recordBoth(redacted, response, judgement);
  }

  /** The line first, under the id that the record will have: a record never refers to a line that is not there. */
  async #recordBoth(
    request: EvaluateRequest,
    response: DecisionResponse,
    judgement: RequestJudgement,
  ): Promise<DecisionResponse> {
    const { recorder, approvals, randomBytes } = this.#dependencies;
    const recordId = hex(randomBytes(12));
    const { text, reference } = judgement.line(recordId);
    await approvals?.file.append(text);
    const references = [...(response.evidence_refs ?? []), reference];
    const record = await recorder.append(request, { ...response, evidence_refs: references }, recordId);
    return record.response;
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
