import { join } from 'node:path';
import { HMAC_IDENTITY } from '../domain/auth/hmac.ts';
import type { StreamHead } from '../domain/daemon/answers.ts';
import { type RecordedAnswer, type Remembered, type ReplayMemory, replayKey } from '../domain/daemon/replay-memory.ts';
import { streamNameOf } from '../domain/daemon/stream-name.ts';
import { RUNNER_NOT_TRUSTED } from '../domain/decision/response.ts';
import { AuthenticationError, RuntimeFailure } from '../domain/diagnosis.ts';
import { STREAM_FILE } from '../domain/evidence/files.ts';
import { recordIdIn } from '../domain/evidence/record-reference.ts';
import { DAEMON_REFUSED_BYTES, MAX_DELIVERED_BYTES } from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import type { AuthenticatedRunner, ProofUse } from '../domain/trust/trust-decision.ts';
import type { DecisionResponse, EvaluateRequest, EvidenceRecord } from '../domain/wire/messages.ts';
import { findRecord } from '../io/evidence/find-record.ts';
import type { FileEvidenceRecorder } from '../io/stream/evidence-recorder.ts';
import type { JournalEntry } from '../io/stream/replay-journal.ts';
import type { Engine } from './engine.ts';
import { RequestHandler } from './request-handler.ts';
import type { Evaluation } from './runtime.ts';
import type { StreamId, Streams } from './streams.ts';

/** One answered request of a resident daemon. */
export interface DaemonEvaluation {
  readonly evaluation: Evaluation;
  /** The end of the run's stream; absent where the runner was not authenticated, and so has none. */
  readonly stream?: StreamHead;
  /** The answer was recorded when the same was asked before. */
  readonly replayed: boolean;
}

export interface EvaluatorParts {
  readonly streams: Streams;
  readonly memory: ReplayMemory;
  /** Makes an entry durable. */
  readonly remember: (entry: JournalEntry) => Promise<void>;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/** What stands in the evidence in the place of a proof that could be copied to another request. */
export const REDACTED_PROOF = '<redacted-hmac-sha256>';

/** A used nonce; its answer is never given again. */
const USED: Remembered = { answer: undefined, pending: undefined };
const NOT_NEEDED: RecordedAnswer = { stream: '', recordId: '', trustRule: '' };

/**
 * Answers requests for a resident daemon (design.md section 4): authenticates the runner, finds its run's stream, lets each proof count
 * once, and has the handler decide and record. What a runner who is not authenticated asked is recorded in a stream of its own for each
 * day.
 */
export class DaemonEvaluator {
  readonly #parts: EvaluatorParts;

  constructor(parts: EvaluatorParts) {
    this.#parts = parts;
  }

  /** @throws RuntimeFailure, EvidenceError, ConfigurationError, SecretFoundError: nothing is answered then */
  async evaluate(engine: Engine, request: EvaluateRequest): Promise<DaemonEvaluation> {
    const { runner_auth: proof, ...question } = request;
    try {
      const runner = await engine.authenticator.authenticate(question, proof);
      const stream = { name: streamNameOf(runner, proof?.algorithm ?? ''), identity: runner.identity };
      const ask: Asked = { engine, request, runner, stream };
      return await (runner.use === undefined ? this.#decide(ask) : this.#decideOnce(ask, runner.use));
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      return this.#refuse(engine, request, error);
    }
  }

  /**
   * Takes the proof of something that is not recorded.
   *
   * @throws AuthenticationError CAVRA-E305 it was used before, CAVRA-E308 it cannot be remembered
   */
  async takeNonce(use: ProofUse): Promise<void> {
    const key = replayKey(use);
    this.#requireNew(key);
    this.#parts.memory.add(key, use.refusedFrom, USED);
    await this.#parts.remember({ key, refusedFrom: use.refusedFrom, answer: NOT_NEEDED });
  }

  async #decideOnce(ask: Asked, use: ProofUse): Promise<DaemonEvaluation> {
    const { memory } = this.#parts;
    const key = replayKey(use);
    for (let known = memory.find(key); known !== undefined; known = memory.find(key)) {
      if (use.kind === 'nonce') throw new AuthenticationError('CAVRA-E305', 'the nonce of the proof was used before');
      const answer = known.answer ?? (await known.pending);
      if (answer !== undefined) return this.#repeat(ask, answer);
    }
    this.#requireNew(key);
    return use.kind === 'nonce' ? this.#decideForNonce(ask, key, use) : this.#decideForToken(ask, key, use);
  }

  #requireNew(key: string): void {
    const { memory, now } = this.#parts;
    if (memory.find(key) !== undefined) {
      throw new AuthenticationError('CAVRA-E305', 'the nonce of the proof was used before');
    }
    if (!memory.hasRoom(now())) {
      const message = 'too many proofs are alive at once, so this one cannot be told from a replay';
      throw new AuthenticationError('CAVRA-E308', message);
    }
  }

  /**
   * However it ends, the nonce stays used: whoever got no answer asks again with a new one. So it does not matter which is durable first,
   * as long as both are before the answer.
   */
  async #decideForNonce(ask: Asked, key: string, { refusedFrom }: ProofUse): Promise<DaemonEvaluation> {
    this.#parts.memory.add(key, refusedFrom, USED);
    const remembered = this.#parts.remember({ key, refusedFrom, answer: NOT_NEEDED });
    // The decision's own failure is told first.
    remembered.catch(() => undefined);
    const outcome = await this.#decide(ask);
    await remembered;
    return outcome;
  }

  /** Who asks the same while it is being answered gets the same answer. */
  async #decideForToken(ask: Asked, key: string, { refusedFrom }: ProofUse): Promise<DaemonEvaluation> {
    const { memory, remember } = this.#parts;
    let settle: (answer: RecordedAnswer | undefined) => void = () => undefined;
    const pending = new Promise<RecordedAnswer | undefined>((resolve) => {
      settle = resolve;
    });
    const entry: Remembered = { answer: undefined, pending };
    memory.add(key, refusedFrom, entry);
    try {
      const outcome = await this.#decide(ask);
      const answer = recordedAnswer(memory.shared(ask.stream.name), outcome);
      // From here on it is in the evidence, whatever becomes of the journal.
      entry.answer = answer;
      await remember({ key, refusedFrom, answer });
      return outcome;
    } catch (error) {
      if (entry.answer === undefined) memory.remove(key, refusedFrom);
      throw error;
    } finally {
      entry.pending = undefined;
      settle(entry.answer);
    }
  }

  async #decide({ engine, request, runner, stream }: Asked): Promise<DaemonEvaluation> {
    return this.#parts.streams.use(stream, engine, async (recorder) => {
      requireRoom(recorder, engine.limits.streamRecords);
      const handler = this.#handler(engine, recorder, { authenticate: async () => runner });
      const evaluation = await handler.evaluate(withoutCopyableProof(request));
      const head = { name: stream.name, records: recorder.records, head_hash: recorder.headHash };
      return { evaluation, stream: head, replayed: false };
    });
  }

  async #refuse(engine: Engine, request: EvaluateRequest, reason: AuthenticationError): Promise<DaemonEvaluation> {
    const day = new Date(this.#parts.now()).toISOString().slice(0, 'YYYY-MM-DD'.length);
    const stream: StreamId = { name: `refused-${day}` };
    return this.#parts.streams.use(stream, engine, async (recorder) => {
      if (recorder.bytes > DAEMON_REFUSED_BYTES) {
        throw new RuntimeFailure('CAVRA-E523', 'too many requests were refused today to record one more');
      }
      const handler = this.#handler(engine, recorder, { authenticate: () => Promise.reject(reason) });
      return { evaluation: await handler.evaluate(withoutCopyableProof(request), reason), replayed: false };
    });
  }

  #handler(engine: Engine, recorder: FileEvidenceRecorder, authenticator: Engine['authenticator']): RequestHandler {
    const { now, randomBytes } = this.#parts;
    return new RequestHandler({ authenticator, trust: engine.trust, rules: engine.rules, recorder, now, randomBytes });
  }

  /** The answer that was recorded when the same was asked before. */
  async #repeat({ engine, runner, stream }: Asked, answer: RecordedAnswer): Promise<DaemonEvaluation> {
    if (answer.stream !== stream.name) {
      throw new AuthenticationError('CAVRA-E305', 'the token asked this before, for another job');
    }
    const { streams } = this.#parts;
    const line = await findRecord(join(streams.folderOf(stream.name), STREAM_FILE), answer.recordId);
    if (line === undefined) {
      throw new RuntimeFailure('CAVRA-E503', 'the recorded answer is not in the stream of this run any more');
    }
    const { response } = JSON.parse(line.toString('utf8')) as Pick<EvidenceRecord, 'response'>;
    const head = await streams.use(stream, engine, async (recorder) => ({
      name: stream.name,
      records: recorder.records,
      head_hash: recorder.headHash,
    }));
    return { evaluation: evaluationOf(response, runner, answer.trustRule), stream: head, replayed: true };
  }
}

interface Asked {
  readonly engine: Engine;
  readonly request: EvaluateRequest;
  readonly runner: AuthenticatedRunner;
  readonly stream: StreamId;
}

function evaluationOf(response: DecisionResponse, runner: AuthenticatedRunner, trustRule: string): Evaluation {
  if (response.rule_id === RUNNER_NOT_TRUSTED) {
    return { response, runner, refusal: new AuthenticationError('CAVRA-E320', response.reason ?? 'not trusted') };
  }
  return { response, runner, ...(trustRule === '' ? {} : { trustRule }) };
}

function recordedAnswer(stream: string, { evaluation }: DaemonEvaluation): RecordedAnswer {
  const recordId = recordIdIn(evaluation.response);
  return { stream, recordId, trustRule: evaluation.trustRule ?? '' };
}

function requireRoom(recorder: FileEvidenceRecorder, maxRecords: number): void {
  if (recorder.records >= maxRecords || recorder.bytes > MAX_DELIVERED_BYTES / 2) {
    throw new RuntimeFailure('CAVRA-E523', `this run has ${recorder.records} records already, which is the limit`);
  }
}

/** `HMAC-SHA256` signs the identity alone: whoever reads it in the evidence could put it on a request of their own. */
function withoutCopyableProof(request: EvaluateRequest): EvaluateRequest {
  const auth = request.runner_auth;
  if (auth?.algorithm !== HMAC_IDENTITY || !auth.signature) return request;
  return { ...request, runner_auth: { ...auth, signature: REDACTED_PROOF } };
}
