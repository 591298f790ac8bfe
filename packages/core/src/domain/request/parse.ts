import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { oneLine, printable } from '../json/pointer.ts';
import type { JsonValue } from '../json/value.ts';
import { MAX_LISTED_PROBLEMS, MAX_REQUEST_BYTES } from '../limits.ts';
import { EVALUATE_REQUEST, RUNNER_AUTH, type StructLayout } from '../wire/layout.ts';
import type { EvaluateRequest, RunnerAuth } from '../wire/messages.ts';
import { type RequestProblem, readStruct } from './struct.ts';

/** A request as a file or an input holds it: without `runner_auth`. */
const REQUEST_FILE: StructLayout = {
  name: EVALUATE_REQUEST.name,
  fields: EVALUATE_REQUEST.fields.filter(({ name }) => name !== 'runner_auth'),
};

/**
 * Parses a request file (wire-format.md section 4). Members are of the exact type or refused, empty ones are left out, and a
 * `release_governance` without members stays as `{}`.
 *
 * @param bytes JSON, UTF-8, at most MAX_REQUEST_BYTES
 * @param source what messages call it, for example the file's path
 * @throws ConfigurationError CAVRA-E205 it carries `runner_auth` or a trust setting; CAVRA-E204 anything else that is wrong, with the
 *   JsonError as cause where it is not even JSON. The message names every problem.
 */
export function parseRequest(bytes: Uint8Array, source = 'the request'): EvaluateRequest {
  return parse(bytes, REQUEST_FILE, source);
}

/** Parses a request as it reaches a daemon: like `parseRequest`, but `runner_auth` may be there, and is read as strictly. */
export function parseWireRequest(bytes: Uint8Array, source = 'the request'): EvaluateRequest {
  return parse(bytes, EVALUATE_REQUEST, source);
}

/**
 * Everything that is wrong with the members of a request file; empty: nothing.
 *
 * @throws JsonError it is not JSON
 */
export function requestProblems(bytes: Uint8Array): readonly RequestProblem[] {
  const problems: RequestProblem[] = [];
  readStruct(REQUEST_FILE, parseStrictJson(bytes, { maxBytes: MAX_REQUEST_BYTES }), problems);
  return problems;
}

/**
 * Reads a request that is part of a greater JSON text, `runner_auth` included.
 *
 * @throws ConfigurationError as `parseWireRequest`
 */
export function readWireRequest(value: JsonValue, source = 'the request'): EvaluateRequest {
  return read(value, EVALUATE_REQUEST, source);
}

/**
 * Reads a `runner_auth` that stands by itself.
 *
 * @throws ConfigurationError CAVRA-E204 with everything that is wrong
 */
export function readRunnerAuth(value: JsonValue, source = 'runner_auth'): RunnerAuth {
  const problems: RequestProblem[] = [];
  const auth = readStruct(RUNNER_AUTH, value, problems);
  refuseProblems(problems, source);
  return { identity: {}, ...(auth as Partial<RunnerAuth>) };
}

function parse(bytes: Uint8Array, layout: StructLayout, source: string): EvaluateRequest {
  return read(parseJson(bytes, source), layout, source);
}

function read(value: JsonValue, layout: StructLayout, source: string): EvaluateRequest {
  const problems: RequestProblem[] = [];
  const request = readStruct(layout, value, problems);
  refuseProblems(problems, source);
  // The layout is written from the members of EvaluateRequest, so what was read by it has their names and types.
  return request as EvaluateRequest;
}

function refuseProblems(problems: readonly RequestProblem[], source: string): void {
  if (problems.length > 0) {
    const code = problems.some(({ kind }) => kind === 'trust') ? 'CAVRA-E205' : 'CAVRA-E204';
    throw new ConfigurationError(code, `${oneLine(source)}: ${describeProblems(problems)}`);
  }
}

function parseJson(bytes: Uint8Array, source: string): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_REQUEST_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ConfigurationError('CAVRA-E204', `${oneLine(source)}: ${error.message}`, { cause: error });
  }
}

function describeProblems(problems: readonly RequestProblem[]): string {
  const listed = problems.slice(0, MAX_LISTED_PROBLEMS).map(describeProblem);
  const rest = problems.length - listed.length;
  return [...listed, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function describeProblem({ path, problem }: RequestProblem): string {
  return `${path === '' ? 'it' : printable(path)} ${problem}`;
}
