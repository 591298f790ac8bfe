import { askedDigest, sealAnswer } from '../domain/daemon/answer.ts';
import type { AnswerBodies, AnswerRunner, DaemonIdentity, StatusBody } from '../domain/daemon/answers.ts';
import {
  type ControlOperation,
  controlMacMatches,
  type DaemonLine,
  type DaemonOperation,
  evidenceQuestion,
  parseDaemonLine,
} from '../domain/daemon/protocol.ts';
import { streamNameOf } from '../domain/daemon/stream-name.ts';
import {
  AuthenticationError,
  asCavraError,
  type CavraError,
  ConfigurationError,
  RuntimeFailure,
} from '../domain/diagnosis.ts';
import type { Clock } from '../domain/ports.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';
import type { AuthenticatedRunner } from '../domain/trust/trust-decision.ts';
import { encodeResponse } from '../domain/wire/encode.ts';
import type { EvaluateRequest } from '../domain/wire/messages.ts';
import type { ConnectionEnd, Reply } from '../io/socket/line-server.ts';
import type { Deliveries } from './delivery.ts';
import type { Engine } from './engine.ts';
import type { DaemonEvaluation, DaemonEvaluator } from './evaluator.ts';
import { type DaemonLog, errorFields } from './log.ts';

export interface ConversationParts {
  readonly identity: Omit<DaemonIdentity, 'name'>;
  readonly startedAt: string;
  /** The present configuration's. */
  readonly engine: () => Engine;
  readonly evaluator: DaemonEvaluator;
  readonly deliveries: Deliveries;
  readonly now: Clock;
  readonly log: DaemonLog;
  /** Only the daemon's user can read it. */
  readonly controlSecret: Uint8Array;
  readonly status: (engine: Engine) => StatusBody;
  /** Begins to stop. */
  readonly stop: () => void;
}

/** What a daemon has been asked so far. */
export interface ConversationCounts {
  requests: number;
  refused: number;
}

/** Answers the lines of clients: plain requests by a plain response, operations of ours by signed answers (docs/daemon-protocol.md). */
export class Conversation {
  readonly counts: ConversationCounts = { requests: 0, refused: 0 };
  readonly #parts: ConversationParts;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async answer(bytes: Buffer, reply: Reply): Promise<'more' | 'done'> {
    const engine = this.#parts.engine();
    try {
      const line = this.#parse(bytes);
      if (line instanceof ConfigurationError) {
        await send(reply, plainError(line));
        return 'done';
      }
      if (line.form === 'plain') {
        await send(reply, await this.#plain(engine, line.request));
        return 'done';
      }
      return await this.#operation(engine, line.operation, reply);
    } catch (error) {
      // The client went away, or a defect: either way nobody is left to be told.
      this.#parts.log('warning', 'answer_not_sent', errorFields(error));
      return 'done';
    }
  }

  /** What is said to a client whose connection is closed unanswered. */
  farewell(end: ConnectionEnd): Uint8Array {
    const reason = FAREWELLS[end];
    return reason === undefined
      ? new Uint8Array()
      : Buffer.from(`${plainError(new ConfigurationError('CAVRA-E204', reason))}\n`);
  }

  #parse(bytes: Buffer): DaemonLine | ConfigurationError {
    try {
      return parseDaemonLine(bytes);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#parts.log('warning', 'line_refused', errorFields(error));
      return error;
    }
  }

  async #plain(engine: Engine, request: EvaluateRequest): Promise<string> {
    try {
      const { evaluation } = await this.#evaluate(engine, request);
      return encodeResponse(evaluation.response);
    } catch (error) {
      return plainError(this.#failed('evaluate', error));
    }
  }

  async #operation(engine: Engine, operation: DaemonOperation, reply: Reply): Promise<'more' | 'done'> {
    try {
      switch (operation.operation) {
        case 'hello':
          await send(reply, this.#seal(engine, operation, this.#helloBody(engine)));
          return 'more';
        case 'evaluate':
          await send(reply, await this.#evaluateBody(engine, operation));
          return 'more';
        case 'evidence':
          await this.#deliver(engine, operation, reply);
          return 'more';
        default:
          await send(reply, this.#control(engine, operation));
          return 'done';
      }
    } catch (error) {
      if (error instanceof BrokenOff) throw error;
      const failure = this.#failed(operation.operation, error);
      const body: AnswerBodies['error'] = { error: { code: failure.code, message: failure.message } };
      await send(reply, this.#seal(engine, { operation: 'error', nonce: operation.nonce }, body));
      return 'done';
    }
  }

  #failed(operation: string, error: unknown): CavraError {
    this.#parts.log('error', 'request_failed', { operation, ...errorFields(error) });
    const failure = asCavraError(error);
    // What nobody foresaw may name anything; the log has it.
    return failure.code === 'CAVRA-E599'
      ? new RuntimeFailure('CAVRA-E599', 'the daemon failed on this request; its log says why')
      : failure;
  }

  async #evaluateBody(engine: Engine, operation: DaemonOperation & { operation: 'evaluate' }): Promise<string> {
    const { evaluation, stream, replayed } = await this.#evaluate(engine, operation.request);
    const { response, runner, trustRule, refusal } = evaluation;
    return this.#seal<'evaluate'>(engine, operation, {
      request_sha256: askedDigest(operation.request),
      response,
      runner: runner === undefined ? null : runnerJson(runner),
      trust_rule: trustRule ?? '',
      refusal: refusal === undefined ? null : { code: refusal.code, message: refusal.message },
      stream: stream ?? null,
      replayed,
    });
  }

  async #evaluate(engine: Engine, request: EvaluateRequest): Promise<DaemonEvaluation> {
    const { evaluator, now, log } = this.#parts;
    const start = now();
    const outcome = await evaluator.evaluate(engine, request);
    const { response, refusal } = outcome.evaluation;
    this.counts.requests += 1;
    this.counts.refused += refusal === undefined ? 0 : 1;
    log(refusal === undefined ? 'info' : 'warning', refusal === undefined ? 'decided' : 'refused', {
      stream: outcome.stream?.name,
      decision: response.decision,
      rule: response.rule_id,
      decision_id: response.decision_id,
      algorithm: request.runner_auth?.algorithm,
      code: refusal?.code,
      reason: refusal?.message,
      replayed: outcome.replayed || undefined,
      ms: now() - start,
    });
    return outcome;
  }

  /** A job gets the evidence of its own run, and nobody else's. */
  async #deliver(engine: Engine, operation: DaemonOperation & { operation: 'evidence' }, reply: Reply): Promise<void> {
    const { nonce, auth, checkpoint } = operation;
    const runner = await engine.authenticator.authenticate(evidenceQuestion(nonce, checkpoint), auth);
    const name = streamNameOf(runner, auth.algorithm ?? '');
    if (runner.use?.kind === 'nonce') await this.#parts.evaluator.takeNonce(runner.use);
    const { stream, files } = await this.#parts.deliveries.prepare(engine, { name, runner, checkpoint });
    const listed = files.map(({ name: file, size, sha256 }) => ({ name: file, size, sha256 }));
    await send(reply, this.#seal<'evidence'>(engine, operation, { stream, files: listed }));
    try {
      for (const { chunks } of files) {
        for await (const chunk of chunks()) await reply.send(chunk);
      }
    } catch (error) {
      throw new BrokenOff('the evidence was not sent to its end', { cause: error });
    }
    this.#parts.log('info', 'delivered', { stream: name, records: stream.records, checkpoint });
  }

  #helloBody(engine: Engine): AnswerBodies['hello'] {
    return { started_at: this.#parts.startedAt, attests: engine.attestor !== undefined };
  }

  #control(engine: Engine, operation: ControlOperation): string {
    const { identity, controlSecret, status, stop, log } = this.#parts;
    if (operation.instance !== identity.instance || !controlMacMatches(controlSecret, operation)) {
      throw new AuthenticationError('CAVRA-E303', `${operation.operation} is only for the daemon’s own user`);
    }
    if (operation.operation === 'status') return this.#seal<'status'>(engine, operation, status(engine));
    log('info', 'stop_asked');
    stop();
    return this.#seal<'stop'>(engine, operation, {});
  }

  #seal<Name extends keyof AnswerBodies>(
    engine: Engine,
    { operation, nonce }: { readonly operation: string; readonly nonce: string },
    body: AnswerBodies[Name],
  ): string {
    const head = {
      operation,
      nonce,
      daemon: { name: engine.name, ...this.#parts.identity },
      issued_at: formatTimestamp(this.#parts.now()),
    };
    return sealAnswer(JSON.stringify({ ...head, ...body }), engine.answerKey);
  }
}

/** Half an answer is sent: anything more would be taken for the rest of it. */
class BrokenOff extends Error {}

const FAREWELLS: Partial<Record<ConnectionEnd, string>> = {
  incomplete: 'the request has no line end',
  too_slow: 'the request was not sent in time',
  too_long: 'the request is too long',
  too_many: 'the daemon has as many connections as it may have; try again later',
};

/**
 * An error for a client that knows nothing of ours: JSON, but no object, so that nobody can take it for a decision.
 */
function plainError({ code, message }: CavraError): string {
  return JSON.stringify(['error', { code, message }]);
}

function runnerJson({ method, keyId, verified, unverified, notes }: AuthenticatedRunner): AnswerRunner {
  return { method, key_id: keyId, verified, unverified, notes };
}

async function send(reply: Reply, line: string): Promise<void> {
  await reply.send(Buffer.from(`${line}\n`, 'utf8'));
}
