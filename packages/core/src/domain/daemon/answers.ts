import { DIAGNOSES, type DiagnosisCode, RuntimeFailure } from '../diagnosis.ts';
import { KNOWN_EVIDENCE_FILES } from '../evidence/files.ts';
import { IDENTITY_FIELDS, type IdentityField } from '../identity/sources.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { type RequestProblem, readStruct } from '../request/struct.ts';
import { DECISION_RESPONSE } from '../wire/layout.ts';
import type { DecisionResponse } from '../wire/messages.ts';

/** What a daemon answers, inside of the signature (docs/daemon-protocol.md). Member names are the protocol's own. */

/** Which daemon it is. */
export interface DaemonIdentity {
  /** As configured; the audience of `HMAC-SHA256-REQUEST` proofs. */
  readonly name: string;
  /** 32 hex digits, new at each start. */
  readonly instance: string;
  readonly version: string;
}

/** The head of every answer. */
export interface AnswerHead {
  readonly operation: string;
  /** The client's. */
  readonly nonce: string;
  readonly daemon: DaemonIdentity;
  /** RFC 3339 UTC. */
  readonly issued_at: string;
}

/** What was proven of the runner, as the daemon saw it. */
export interface AnswerRunner {
  readonly method: 'oidc' | 'hmac';
  readonly key_id: string;
  readonly verified: readonly IdentityField[];
  readonly unverified: readonly IdentityField[];
  readonly notes: readonly string[];
}

/** The end of a stream. */
export interface StreamHead {
  readonly name: string;
  readonly records: number;
  /** The empty string where nothing is recorded yet. */
  readonly head_hash: string;
}

export interface EvaluateBody {
  /** SHA-256 of the request with its proof, as the client sent it (`askedDigest`). */
  readonly request_sha256: string;
  readonly response: DecisionResponse;
  /** Null: the runner was not authenticated. */
  readonly runner: AnswerRunner | null;
  readonly trust_rule: string;
  readonly refusal: { readonly code: string; readonly message: string } | null;
  /** The stream of this run; null where there is none because the runner was not authenticated. */
  readonly stream: StreamHead | null;
  /** The question was asked before, with the same proof: this is the answer that was recorded then. */
  readonly replayed: boolean;
}

export interface DeliveredFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface EvidenceBody {
  readonly stream: StreamHead;
  /** The bytes of these follow the answer's line, in this order and without anything between. */
  readonly files: readonly DeliveredFile[];
}

export interface HelloBody {
  readonly started_at: string;
  /** Whether the daemon signs checkpoints. */
  readonly attests: boolean;
}

export interface StatusBody {
  readonly pid: number;
  readonly started_at: string;
  readonly configuration_sha256: string;
  readonly key_id: string;
  readonly connections: number;
  readonly requests: number;
  readonly refused: number;
  readonly open_streams: number;
  readonly remembered_proofs: number;
  readonly draining: boolean;
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

/** The members that each operation's answer has beside its head. */
export interface AnswerBodies {
  readonly hello: HelloBody;
  readonly evaluate: EvaluateBody;
  readonly evidence: EvidenceBody;
  readonly status: StatusBody;
  readonly stop: Record<never, never>;
  readonly error: ErrorBody;
}

/** A daemon that is believed says, in its own words, that it does not do what it was asked for. */
export class DaemonRefusal extends RuntimeFailure {
  /** The daemon's code for it, which this version need not know. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super('CAVRA-E523', `${message} (${reason})`);
    this.reason = reason;
  }
}

/** What a client expects an answer to repeat. */
export interface ExpectedAnswer {
  readonly operation: string;
  readonly nonce: string;
}

/**
 * Reads the head of an answer whose signature was checked, and holds it against what was asked.
 *
 * @throws RuntimeFailure CAVRA-E521 it answers something else; CAVRA-E523 it is an error, with the daemon's own words
 */
export function readHead(answer: JsonObject, expected: ExpectedAnswer): DaemonIdentity {
  const reader = new AnswerReader(answer);
  const operation = reader.text('operation');
  if (reader.text('nonce') !== expected.nonce) {
    throw malformed('it answers another question: the nonce is not the one that was sent');
  }
  if (operation === 'error') {
    const error = reader.object('error');
    throw new DaemonRefusal(error.text('message'), error.text('code'));
  }
  if (operation !== expected.operation) {
    throw malformed('it answers another operation than was asked for');
  }
  const daemon = reader.object('daemon');
  return { name: daemon.text('name'), instance: daemon.text('instance'), version: daemon.text('version') };
}

/** @throws RuntimeFailure CAVRA-E521 */
export function readEvaluateBody(answer: JsonObject): EvaluateBody {
  const reader = new AnswerReader(answer);
  return {
    request_sha256: reader.text('request_sha256'),
    response: readResponse(answer.get('response')),
    runner: reader.objectOrNull('runner', readRunner),
    trust_rule: reader.text('trust_rule'),
    refusal: reader.objectOrNull('refusal', (refusal) => ({
      code: refusal.text('code'),
      message: refusal.text('message'),
    })),
    stream: reader.objectOrNull('stream', readStreamHead),
    replayed: reader.flag('replayed'),
  };
}

/**
 * Reads a plain response or the one in an answer.
 *
 * @throws RuntimeFailure CAVRA-E521 it is no DecisionResponse
 */
export function readResponse(value: JsonValue | undefined): DecisionResponse {
  const problems: RequestProblem[] = [];
  const response = readStruct(DECISION_RESPONSE, value ?? null, problems);
  const { decision } = response;
  if (problems.length > 0 || (decision !== 'allow' && decision !== 'block' && decision !== 'require_approval')) {
    throw malformed('its response is no decision');
  }
  // The layout is written from the members of DecisionResponse, so what was read by it has their names and types.
  return { ...response, decision } as DecisionResponse;
}

const MAX_DELIVERED_FILES = 8;

/** @throws RuntimeFailure CAVRA-E521 */
export function readEvidenceBody(answer: JsonObject): EvidenceBody {
  const reader = new AnswerReader(answer);
  const files = reader.list('files');
  if (files.length > MAX_DELIVERED_FILES) {
    throw malformed('it has more files than a run has');
  }
  return {
    stream: readStreamHead(reader.object('stream')),
    files: files.map((file) => readDeliveredFile(new AnswerReader(file))),
  };
}

/** @throws RuntimeFailure CAVRA-E521 */
export function readHelloBody(answer: JsonObject): HelloBody {
  const reader = new AnswerReader(answer);
  return { started_at: reader.text('started_at'), attests: reader.flag('attests') };
}

/** @throws RuntimeFailure CAVRA-E521 */
export function readStatusBody(answer: JsonObject): StatusBody {
  const reader = new AnswerReader(answer);
  return {
    pid: reader.count('pid'),
    started_at: reader.text('started_at'),
    configuration_sha256: reader.text('configuration_sha256'),
    key_id: reader.text('key_id'),
    connections: reader.count('connections'),
    requests: reader.count('requests'),
    refused: reader.count('refused'),
    open_streams: reader.count('open_streams'),
    remembered_proofs: reader.count('remembered_proofs'),
    draining: reader.flag('draining'),
  };
}

/** The code of a refusal as this version knows it; another one's is taken for the general refusal. */
export function refusalCode(code: string): DiagnosisCode & `CAVRA-E3${string}` {
  return Object.hasOwn(DIAGNOSES, code) && code.startsWith('CAVRA-E3')
    ? (code as DiagnosisCode & `CAVRA-E3${string}`)
    : 'CAVRA-E306';
}

function readRunner(runner: AnswerReader): AnswerRunner {
  const method = runner.text('method');
  if (method !== 'oidc' && method !== 'hmac') {
    throw malformed('its runner was authenticated by something unknown');
  }
  return {
    method,
    key_id: runner.text('key_id'),
    verified: fields(runner.texts('verified')),
    unverified: fields(runner.texts('unverified')),
    notes: runner.texts('notes'),
  };
}

function fields(names: readonly string[]): readonly IdentityField[] {
  return names.map((name) => {
    const field = IDENTITY_FIELDS.find((each) => each === name);
    if (field === undefined) {
      throw malformed('it names an unknown field of an identity');
    }
    return field;
  });
}

function readStreamHead(stream: AnswerReader): StreamHead {
  return { name: stream.text('name'), records: stream.count('records'), head_hash: stream.text('head_hash') };
}

/** A name that is a path must never reach a file system. */
function readDeliveredFile(file: AnswerReader): DeliveredFile {
  const name = file.text('name');
  if (!KNOWN_EVIDENCE_FILES.some((known) => known === name)) {
    throw malformed('it has a file that is none of a run’s');
  }
  return { name, size: file.count('size'), sha256: file.text('sha256') };
}

/** Reads members of known names and types; anything else is malformed. Unknown members are of a later version, and passed over. */
class AnswerReader {
  readonly #object: JsonObject;

  constructor(value: JsonValue | undefined) {
    if (!(value instanceof JsonObject)) {
      throw malformed('a member of it is not an object');
    }
    this.#object = value;
  }

  text(name: string): string {
    const value = this.#object.get(name);
    if (typeof value !== 'string') {
      throw malformed(`${name} is not a string`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.#object.get(name);
    if (typeof value !== 'boolean') {
      throw malformed(`${name} is neither true nor false`);
    }
    return value;
  }

  count(name: string): number {
    const value = this.#object.get(name);
    if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw malformed(`${name} is not a number of things`);
    }
    return Number(value);
  }

  list(name: string): readonly JsonValue[] {
    const value = this.#object.get(name) ?? null;
    if (value === null || typeof value !== 'object' || !isJsonList(value)) {
      throw malformed(`${name} is not a list`);
    }
    return value;
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((item) => {
      if (typeof item !== 'string') {
        throw malformed(`${name} is not a list of strings`);
      }
      return item;
    });
  }

  object(name: string): AnswerReader {
    return new AnswerReader(this.#object.get(name));
  }

  objectOrNull<T>(name: string, read: (object: AnswerReader) => T): T | null {
    return this.#object.get(name) === null ? null : read(this.object(name));
  }
}

function malformed(problem: string): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E521', `the daemon’s answer cannot be used: ${problem}`);
}
