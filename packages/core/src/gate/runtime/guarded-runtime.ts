import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import { readResponse } from '../../domain/daemon/answers.ts';
import { RUNNER_AUTH_INVALID } from '../../domain/decision/response.ts';
import { decide, type RulesMode } from '../../domain/decision/rules.ts';
import { isWorseThan } from '../../domain/decision/worst.ts';
import { AuthenticationError, EvidenceError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { recordIdIn } from '../../domain/evidence/record-reference.ts';
import { parseStrictJson } from '../../domain/json/parse.ts';
import { JsonObject } from '../../domain/json/value.ts';
import { MAX_RECORD_BYTES } from '../../domain/limits.ts';
import { readWireRequest } from '../../domain/request/parse.ts';
import { redactRequest } from '../../domain/secrets/redact.ts';
import type { AuthenticatedRunner, TrustPolicyEvaluator } from '../../domain/trust/trust-decision.ts';
import { encodeResponse, requestDigest } from '../../domain/wire/encode.ts';
import type { DecisionResponse, EvaluateRequest } from '../../domain/wire/messages.ts';

export interface GuardedRuntimeOptions {
  readonly authenticator: RequestAuthenticator;
  readonly trust: TrustPolicyEvaluator;
  readonly rules: RulesMode;
  /** Asks the other runtime. */
  readonly ask: (request: EvaluateRequest) => Promise<DecisionResponse>;
  /** Ends it, and puts its evidence where this run's is. */
  readonly close: () => Promise<void>;
  /** The line of a record in that evidence, by its id. */
  readonly findRecord: (recordId: string) => Promise<Uint8Array | undefined>;
}

/**
 * A runtime of somebody else, held to the same: what it lets through and this one would not, fails the gate (upstream-weaknesses.md).
 * The runner is authenticated and trusted here before it is asked; its decision may be stricter than the rules, never more lenient; and
 * what it answered must stand in its evidence, whose signatures are checked as always.
 */
export class GuardedRuntime implements GovernanceRuntime {
  readonly name = 'external';
  readonly #options: GuardedRuntimeOptions;
  readonly #answered: { readonly request: EvaluateRequest; readonly response: DecisionResponse }[] = [];

  constructor(options: GuardedRuntimeOptions) {
    this.#options = options;
  }

  async evaluate(request: EvaluateRequest, proofFailure?: AuthenticationError): Promise<Evaluation> {
    const checked = await this.#check(request, proofFailure);
    if ('refusal' in checked) {
      // Without its proof, so that the other one refuses it as well and records that.
      const unproven = { ...request, runner_auth: { identity: request.runner_auth?.identity ?? {} } };
      return { response: await this.#ask(unproven), ...checked };
    }
    const response = await this.#ask(request);
    if (response.rule_id === RUNNER_AUTH_INVALID) {
      const refusal = new AuthenticationError(
        'CAVRA-E303',
        response.reason ?? 'the runtime did not authenticate the runner',
      );
      return { response, refusal };
    }
    const own = decide(redactRequest(request), this.#options.rules);
    if (isWorseThan(own.decision, response.decision)) {
      throw new RuntimeFailure(
        'CAVRA-E525',
        `it decided ${response.decision} by ${response.rule_id ?? 'no rule'}, where the rules say ${own.decision} by ${own.rule_id}`,
      );
    }
    return { response, ...checked };
  }

  async close(): Promise<void> {
    await this.#options.close();
    for (const answered of this.#answered) await this.#requireRecorded(answered);
  }

  async #check(
    request: EvaluateRequest,
    proofFailure: AuthenticationError | undefined,
  ): Promise<
    { readonly runner: AuthenticatedRunner; readonly trustRule: string } | { readonly refusal: AuthenticationError }
  > {
    const { runner_auth: proof, ...question } = request;
    try {
      if (proofFailure !== undefined) throw proofFailure;
      const runner = await this.#options.authenticator.authenticate(question, proof);
      const trust = this.#options.trust.evaluate(runner, question);
      if (!trust.trusted) throw new AuthenticationError('CAVRA-E320', trust.reason);
      return { runner, trustRule: trust.rule };
    } catch (error) {
      if (error instanceof AuthenticationError) return { refusal: error };
      throw error;
    }
  }

  async #ask(request: EvaluateRequest): Promise<DecisionResponse> {
    const response = await this.#options.ask(request);
    this.#answered.push({ request, response });
    return response;
  }

  /** Somebody else on the socket could answer anything; only the runtime can have written a record with the evidence key. */
  async #requireRecorded({
    request,
    response,
  }: {
    request: EvaluateRequest;
    response: DecisionResponse;
  }): Promise<void> {
    const recordId = recordIdIn(response);
    const line = recordId === '' ? undefined : await this.#options.findRecord(recordId);
    const isSame = line !== undefined && records(line, request, response);
    if (!isSame) {
      throw new EvidenceError('CAVRA-E401', 'the evidence has no record of a decision that the runtime answered');
    }
  }
}

/** Whether a record holds this question and this answer. The other one may have redacted less of the question than this one would. */
function records(line: Uint8Array, request: EvaluateRequest, response: DecisionResponse): boolean {
  const record = parseStrictJson(line, { maxBytes: MAX_RECORD_BYTES });
  if (!(record instanceof JsonObject)) return false;
  const recorded = requestDigest(readWireRequest(record.get('request') ?? null));
  const isAsked = [request, redactRequest(request)].some((asked) => requestDigest(asked) === recorded);
  return isAsked && encodeResponse(readResponse(record.get('response'))) === encodeResponse(response);
}
