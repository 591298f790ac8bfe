import { AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import { JsonError } from '../../domain/json/error.ts';
import { parseStrictJson } from '../../domain/json/parse.ts';
import { JsonObject } from '../../domain/json/value.ts';
import { MAX_TOKEN_RESPONSE_BYTES, TOKEN_REQUEST_MS } from '../../domain/limits.ts';
import { HttpFailure } from '../http/failure.ts';
import type { HttpRequest } from '../http/http-client.ts';
import type { TokenOptions } from './token-source.ts';
import { tokenText } from './value.ts';

/** A platform's token service, as far as asking it is the same everywhere. */
export interface TokenService {
  /** For messages: "GitHub's token service". */
  readonly name: string;
  /** The variable that holds the URL, for messages. */
  readonly urlVariable: string;
  readonly request: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'diagnosticHeaders'>;
  /** The member of the answer that holds the token. */
  readonly member: string;
  /** What the service's refusal with this status means, or undefined where nothing is known of it. */
  readonly explain: (status: number) => string | undefined;
}

/**
 * Asks a token service.
 *
 * @throws AuthenticationError E312 the service refused, E313 it cannot be reached, is failing, or its answer is not a token
 * @throws ConfigurationError E201 its address is not an https URL
 */
export async function askTokenService(service: TokenService, options: TokenOptions): Promise<string> {
  try {
    const { body } = await options.http.request({
      ...service.request,
      contentTypes: ['application/json'],
      maxBytes: MAX_TOKEN_RESPONSE_BYTES,
      deadline: options.deadline,
      timeoutMs: TOKEN_REQUEST_MS,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return readAnswer(body, service);
  } catch (error) {
    throw error instanceof HttpFailure ? diagnose(error, service) : error;
  }
}

function readAnswer(body: Uint8Array, { name, member }: TokenService): string {
  const value = parseObject(body, name).get(member);
  if (typeof value !== 'string') {
    throw new AuthenticationError('CAVRA-E313', `${name} answered without a token: no text in the member "${member}"`);
  }
  return tokenText(value, `the answer of ${name}`, 'CAVRA-E313');
}

function parseObject(body: Uint8Array, name: string): JsonObject {
  try {
    const value = parseStrictJson(body, { maxBytes: MAX_TOKEN_RESPONSE_BYTES });
    if (value instanceof JsonObject) return value;
  } catch (error) {
    // Its position may name members; the answer's content stays out of every message.
    if (!(error instanceof JsonError)) throw error;
    throw new AuthenticationError('CAVRA-E313', `${name} answered with something that is not JSON (${error.code})`);
  }
  throw new AuthenticationError('CAVRA-E313', `${name} answered with JSON that is not an object`);
}

function diagnose(failure: HttpFailure, service: TokenService): AuthenticationError | ConfigurationError {
  const options = { cause: failure };
  if (failure.code === 'url') {
    return new ConfigurationError(
      'CAVRA-E201',
      `${service.urlVariable} is not the plain https URL of a token service`,
      options,
    );
  }
  const { status } = failure;
  const refused = failure.code === 'redirect' || (failure.code === 'status' && isDenial(status));
  if (!refused || status === undefined) {
    return new AuthenticationError('CAVRA-E313', `${service.name} gave no token: ${failure.message}`, options);
  }
  const meaning = service.explain(status);
  const because = meaning === undefined ? '' : `: ${meaning}`;
  const message = `${service.name} refused with status ${status}${because}${correlation(failure.headers)}`;
  return new AuthenticationError('CAVRA-E312', message, options);
}

/** Everything but success and "later": 408, 429 and 5xx were tried again and are the service's trouble, not the job's. */
function isDenial(status: number | undefined): boolean {
  return status !== undefined && status < 500 && status !== 408 && status !== 429;
}

function correlation(headers: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return pairs.length === 0 ? '' : ` (${pairs.join(', ')})`;
}
