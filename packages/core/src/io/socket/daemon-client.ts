import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { askedDigest, openAnswer } from '../../domain/daemon/answer.ts';
import {
  type DaemonIdentity,
  type EvaluateBody,
  type EvidenceBody,
  readEvaluateBody,
  readEvidenceBody,
  readHead,
  readHelloBody,
  readResponse,
  readStatusBody,
  type StatusBody,
} from '../../domain/daemon/answers.ts';
import {
  type CheckpointWish,
  controlMac,
  type DaemonOperation,
  encodeOperation,
  evidenceQuestion,
} from '../../domain/daemon/protocol.ts';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { JsonError } from '../../domain/json/error.ts';
import { parseStrictJson } from '../../domain/json/parse.ts';
import { printable } from '../../domain/json/pointer.ts';
import { isJsonList, JsonObject, type JsonValue } from '../../domain/json/value.ts';
import { DAEMON_SEND_MS, MAX_DAEMON_ANSWER_BYTES } from '../../domain/limits.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import { encodeRequest } from '../../domain/wire/encode.ts';
import type { DecisionResponse, EvaluateRequest, RunnerAuth } from '../../domain/wire/messages.ts';
import { NotConnected, SocketConnection } from './connection.ts';

export interface DaemonClientOptions {
  readonly path: string;
  /** The pinned keys, one of which must sign every answer. */
  readonly publicKeys: readonly KeyObject[];
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** How long to go on trying to reach a daemon that is busy; DAEMON_SEND_MS unless given. */
  readonly patienceMs?: number;
}

/** An open conversation with a daemon whose answers were found to be signed by the pinned key. */
interface Greeted {
  readonly connection: SocketConnection;
  readonly daemon: DaemonIdentity;
  /** Whether it signs checkpoints. */
  readonly attests: boolean;
}

/**
 * Asks a resident daemon. Each question has a connection of its own, on which the daemon first shows that it has the pinned key: only
 * then is a proof sent, so that whoever else listens on the socket does not get one.
 */
export class DaemonClient {
  readonly #options: DaemonClientOptions;

  constructor(options: DaemonClientOptions) {
    this.#options = options;
  }

  /** @throws RuntimeFailure CAVRA-E520 not reachable, CAVRA-E521 not the pinned daemon, CAVRA-E523 no answer */
  async hello(): Promise<Omit<Greeted, 'connection'>> {
    const { connection, ...greeting } = await this.#greet();
    connection.close();
    return greeting;
  }

  /** @throws RuntimeFailure as `hello` */
  async evaluate(request: EvaluateRequest): Promise<EvaluateBody> {
    const { connection } = await this.#greet();
    try {
      const answer = await this.#ask(connection, { operation: 'evaluate', nonce: this.#nonce(), request });
      const body = readEvaluateBody(answer);
      if (body.request_sha256 !== askedDigest(request)) {
        throw new RuntimeFailure('CAVRA-E521', 'the answer is to another request than the one that was sent');
      }
      return body;
    } finally {
      connection.close();
    }
  }

  /**
   * Takes the evidence of this job's run.
   *
   * @param checkpoint whether one is to be signed, and what the job says
   * @param prove makes the proof for a question
   * @param take gets each file's bytes, which must be read to their end
   * @throws RuntimeFailure as `hello`
   */
  async evidence(
    checkpoint: CheckpointWish,
    prove: (question: EvaluateRequest) => Promise<RunnerAuth>,
    take: (file: EvidenceBody['files'][number], bytes: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<EvidenceBody> {
    const nonce = this.#nonce();
    const auth = await prove(evidenceQuestion(nonce, checkpoint));
    const { connection } = await this.#greet();
    try {
      const body = readEvidenceBody(await this.#ask(connection, { operation: 'evidence', nonce, checkpoint, auth }));
      for (const file of body.files) await take(file, connection.read(file.size));
      return body;
    } finally {
      connection.close();
    }
  }

  /**
   * @param secret of the daemon's instance
   * @throws RuntimeFailure as `hello`
   */
  async status(secret: Uint8Array): Promise<StatusBody & { readonly daemon: DaemonIdentity }> {
    const { answer, daemon } = await this.#control('status', secret);
    return { ...readStatusBody(answer), daemon };
  }

  /** Tells the daemon to stop; it has begun to when this resolves. @throws RuntimeFailure as `hello` */
  async stop(secret: Uint8Array): Promise<DaemonIdentity> {
    return (await this.#control('stop', secret)).daemon;
  }

  async #control(operation: 'status' | 'stop', secret: Uint8Array) {
    const { connection, daemon } = await this.#greet();
    try {
      const unsigned = { operation, instance: daemon.instance, nonce: this.#nonce() };
      const answer = await this.#ask(connection, { ...unsigned, mac: controlMac(secret, unsigned) });
      return { answer, daemon };
    } finally {
      connection.close();
    }
  }

  /** Connects until the daemon greets: it may have as many connections as it takes for a moment. */
  async #greet(): Promise<Greeted> {
    const { now, randomBytes, patienceMs = DAEMON_SEND_MS } = this.#options;
    const until = now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#greetOnce();
      } catch (error) {
        if (!(error instanceof NotConnected) || now() + pause > until) throw error;
        await sleep((pause * (128 + (randomBytes(1)[0] ?? 0))) / 256);
      }
    }
  }

  async #greetOnce(): Promise<Greeted> {
    const connection = await SocketConnection.connect(this.#options.path);
    try {
      const nonce = this.#nonce();
      const { answer, daemon } = await this.#exchange(connection, { operation: 'hello', nonce });
      return { connection, daemon, attests: readHelloBody(answer).attests };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #ask(connection: SocketConnection, operation: DaemonOperation): Promise<JsonObject> {
    return (await this.#exchange(connection, operation)).answer;
  }

  async #exchange(connection: SocketConnection, operation: DaemonOperation) {
    const line = await connection.ask(encodeOperation(operation));
    refusePlainError(line);
    const answer = openAnswer(line, this.#options.publicKeys);
    return { answer, daemon: readHead(answer, operation) };
  }

  #nonce(): string {
    return Buffer.from(this.#options.randomBytes(16)).toString('hex');
  }
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Asks a daemon that knows only the plain protocol (wire-format.md section 8). Nothing shows who answered.
 *
 * @throws RuntimeFailure CAVRA-E520 not reachable, CAVRA-E521 it is no decision, CAVRA-E523 no answer
 */
export async function askPlainly(path: string, request: EvaluateRequest): Promise<DecisionResponse> {
  const connection = await SocketConnection.connect(path);
  try {
    const line = await connection.ask(`${encodeRequest(request)}\n`);
    refusePlainError(line);
    return readResponse(parse(line));
  } finally {
    connection.close();
  }
}

/** What a daemon of ours says when it cannot answer as it was asked to; unsigned, so it counts for no more than silence. */
function refusePlainError(line: Buffer): void {
  if (!line.subarray(0, 1).equals(Buffer.from('['))) return;
  const value = parse(line);
  const details = value !== null && typeof value === 'object' && isJsonList(value) ? value[1] : undefined;
  const message = details instanceof JsonObject ? details.get('message') : undefined;
  throw new NotConnected('CAVRA-E523', typeof message === 'string' ? printable(message) : 'the daemon refused');
}

function parse(line: Buffer): JsonValue {
  try {
    return parseStrictJson(line, { maxBytes: MAX_DAEMON_ANSWER_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new RuntimeFailure('CAVRA-E521', `the answer is not JSON: ${error.message}`, { cause: error });
  }
}
