import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_DAEMON_LINE_BYTES, MAX_REQUEST_BYTES } from '../limits.ts';
import { readRunnerAuth, readWireRequest } from '../request/parse.ts';
import { encodeRequest, encodeString, encodeStruct } from '../wire/encode.ts';
import { RUNNER_AUTH } from '../wire/layout.ts';
import type { EvaluateRequest, RunnerAuth } from '../wire/messages.ts';

/**
 * What a client says to a daemon: one line of JSON each (wire-format.md section 8, docs/daemon-protocol.md). A line that is a request
 * is answered by a plain response, as by any daemon; one that names the protocol is an operation of ours, and its answer is signed.
 */

export const DAEMON_PROTOCOL = 'cavra.release-governance.daemon.v1';

/** An operation of ours. `nonce`: 32 lower-case hex digits of the client's choice, which the answer repeats. */
export type DaemonOperation =
  | { readonly operation: 'hello'; readonly nonce: string }
  | { readonly operation: 'evaluate'; readonly nonce: string; readonly request: EvaluateRequest }
  | {
      readonly operation: 'evidence';
      readonly nonce: string;
      readonly checkpoint: CheckpointWish;
      readonly auth: RunnerAuth;
    }
  | ControlOperation;

/**
 * Whether a checkpoint is to be signed over the evidence, and whether the job has found that its gate passes: a checkpoint says `PASSED`
 * only where both the job and the daemon say so.
 */
export type CheckpointWish = 'none' | 'passed' | 'failed';

/** What only the daemon's own user may ask for. */
export interface ControlOperation {
  readonly operation: 'status' | 'stop';
  readonly nonce: string;
  /** The instance that is meant, as its `hello` names it. */
  readonly instance: string;
  /** See `controlMac`. */
  readonly mac: string;
}

export type DaemonLine =
  | { readonly form: 'plain'; readonly request: EvaluateRequest }
  | { readonly form: 'operation'; readonly operation: DaemonOperation };

const HEX_32 = /^[0-9a-f]{32}$/u;
const HEX_64 = /^[0-9a-f]{64}$/u;

export function isNonce(text: unknown): text is string {
  return typeof text === 'string' && HEX_32.test(text);
}

/**
 * Reads one line from a client.
 *
 * @param bytes without the line end
 * @throws ConfigurationError CAVRA-E204 what is wrong with it
 */
export function parseDaemonLine(bytes: Uint8Array): DaemonLine {
  const value = parse(bytes);
  if (value instanceof JsonObject && value.has('protocol')) {
    return { form: 'operation', operation: readOperation(value) };
  }
  if (bytes.length > MAX_REQUEST_BYTES) {
    throw invalid(`the request has ${bytes.length} bytes, at most ${MAX_REQUEST_BYTES} are allowed`);
  }
  return { form: 'plain', request: readWireRequest(value) };
}

/** One line with its line end. */
export function encodeOperation(operation: DaemonOperation): string {
  const head = `{"protocol":"${DAEMON_PROTOCOL}","operation":"${operation.operation}","nonce":"${operation.nonce}"`;
  return `${head}${encodeMembers(operation)}}\n`;
}

function encodeMembers(operation: DaemonOperation): string {
  switch (operation.operation) {
    case 'hello':
      return '';
    case 'evaluate':
      return `,"request":${encodeRequest(operation.request)}`;
    case 'evidence':
      return `,"checkpoint":"${operation.checkpoint}","runner_auth":${encodeStruct(RUNNER_AUTH, operation.auth)}`;
    default:
      return `,"instance":${encodeString(operation.instance)},"mac":${encodeString(operation.mac)}`;
  }
}

/**
 * The question that a proof for `evidence` is made about: a request that no rule ever allows, bound to the nonce and
 * the wish, so that the proof serves for nothing else.
 */
export function evidenceQuestion(nonce: string, checkpoint: CheckpointWish): EvaluateRequest {
  return { session_id: nonce, action_type: 'cavra.daemon.evidence', target: checkpoint };
}

/**
 * Shows that whoever asks for a control operation can read the daemon's control secret, as only its own user can.
 *
 * @param secret of the instance
 * @returns 64 hex digits
 */
export function controlMac(secret: Uint8Array, operation: Omit<ControlOperation, 'mac'>): string {
  const { operation: name, instance, nonce } = operation;
  const text = ['cavra.daemon-control.v1', `operation=${name}`, `instance=${instance}`, `nonce=${nonce}`].join('\n');
  return createHmac('sha256', secret).update(text).digest('hex');
}

export function controlMacMatches(secret: Uint8Array, operation: ControlOperation): boolean {
  const expected = Buffer.from(controlMac(secret, operation), 'hex');
  return HEX_64.test(operation.mac) && timingSafeEqual(expected, Buffer.from(operation.mac, 'hex'));
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_DAEMON_LINE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw invalid(`the line is not JSON as it is accepted here: ${error.message}`, { cause: error });
  }
}

const MEMBERS: Readonly<Record<DaemonOperation['operation'], readonly string[]>> = {
  hello: [],
  evaluate: ['request'],
  evidence: ['checkpoint', 'runner_auth'],
  status: ['instance', 'mac'],
  stop: ['instance', 'mac'],
};

function readOperation(object: JsonObject): DaemonOperation {
  if (object.get('protocol') !== DAEMON_PROTOCOL) {
    throw invalid(`the protocol is another than ${DAEMON_PROTOCOL}`);
  }
  const operation = operationName(object.get('operation'));
  const nonce = object.get('nonce');
  if (!isNonce(nonce)) {
    throw invalid('the nonce must have 32 lower-case hex digits');
  }
  const known = ['protocol', 'operation', 'nonce', ...MEMBERS[operation]];
  if (object.size !== known.length || !known.every((name) => object.has(name))) {
    throw invalid(`the operation ${operation} has the members ${known.join(', ')} and no others`);
  }
  switch (operation) {
    case 'hello':
      return { operation, nonce };
    case 'evaluate':
      return { operation, nonce, request: readWireRequest(object.get('request') ?? null) };
    case 'evidence':
      return {
        operation,
        nonce,
        checkpoint: checkpointWish(object.get('checkpoint')),
        auth: readRunnerAuth(object.get('runner_auth') ?? null),
      };
    default:
      return { operation, nonce, instance: hex(object, 'instance', HEX_32), mac: hex(object, 'mac', HEX_64) };
  }
}

function operationName(value: JsonValue | undefined): DaemonOperation['operation'] {
  if (typeof value !== 'string' || !Object.hasOwn(MEMBERS, value)) {
    throw invalid(`the operation must be one of ${Object.keys(MEMBERS).join(', ')}`);
  }
  return value as DaemonOperation['operation'];
}

const WISHES = ['none', 'passed', 'failed'] as const satisfies readonly CheckpointWish[];

function checkpointWish(value: JsonValue | undefined): CheckpointWish {
  const wish = WISHES.find((each) => each === value);
  if (wish === undefined) {
    throw invalid(`checkpoint must be one of ${WISHES.join(', ')}`);
  }
  return wish;
}

function hex(object: JsonObject, name: string, form: RegExp): string {
  const value = object.get(name);
  if (typeof value !== 'string' || !form.test(value)) {
    throw invalid(`${name} must be lower-case hex digits`);
  }
  return value;
}

function invalid(message: string, options?: ErrorOptions): ConfigurationError {
  return new ConfigurationError('CAVRA-E204', message, options);
}
