import { AuthenticationError } from '../../../diagnosis.ts';
import { JsonError } from '../../../json/error.ts';
import { parseStrictJson } from '../../../json/parse.ts';
import { JsonObject, type JsonValue } from '../../../json/value.ts';
import { MAX_TOKEN_BYTES } from '../../../limits.ts';
import { decodeBase64url } from './base64url.ts';
import type { SignatureAlgorithm } from './jwk.ts';

/** A token that is well-formed; nothing of it is proven yet. */
export interface CompactToken {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly claims: JsonObject;
}

/**
 * The strict check before any cryptography (design.md section 4): compact form, size, base64url without deviation, JSON without
 * duplicate members and of bounded depth, a header with `kid` and a pinned algorithm, and nothing in it that names other keys.
 *
 * @param token secret: no part of it is in any error
 * @throws AuthenticationError CAVRA-E315 malformed; CAVRA-E316 another algorithm than the pinned ones
 */
export function parseCompactToken(token: string, algorithms: readonly SignatureAlgorithm[]): CompactToken {
  const [header, payload] = splitToken(token);
  const { kid, algorithm } = readHeader(parseObject(header, 'header'), algorithms);
  return { kid, algorithm, claims: parseObject(payload, 'payload') };
}

/**
 * The header of a well-formed token, for whoever passes a token on without judging it.
 *
 * @throws AuthenticationError CAVRA-E315 malformed
 */
export function parseHeader(token: string): JsonObject {
  return parseObject(splitToken(token)[0], 'header');
}

/** The bytes of header and payload. */
function splitToken(token: string): readonly [header: Uint8Array, payload: Uint8Array] {
  if (token.length > MAX_TOKEN_BYTES) {
    throw malformed(`it has more than ${MAX_TOKEN_BYTES} bytes`);
  }
  const parts = token.split('.');
  if (parts.length !== 3) {
    throw malformed('it is not in compact form, expected three parts with dots between');
  }
  const [header, payload, signature] = parts.map((part) => decodeBase64url(part));
  if (header === undefined || payload === undefined || signature === undefined) {
    throw malformed('a part of it is not strict base64url');
  }
  return [header, payload];
}

function parseObject(bytes: Uint8Array, part: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseStrictJson(bytes, { maxBytes: MAX_TOKEN_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw malformed(`its ${part} is not strict JSON: ${error.message}`, { cause: error });
  }
  if (!(value instanceof JsonObject)) {
    throw malformed(`its ${part} is not a JSON object`);
  }
  return value;
}

/** Header members that would choose the key or change how the token is read: keys come from the pinned issuer alone. */
const REFUSED_MEMBERS = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc', 'cty'];
const TOKEN_TYPE = /^(?:application\/)?(?:at\+)?jwt$/iu;

function readHeader(
  header: JsonObject,
  algorithms: readonly SignatureAlgorithm[],
): Pick<CompactToken, 'kid' | 'algorithm'> {
  const refused = REFUSED_MEMBERS.find((name) => header.has(name));
  if (refused !== undefined) {
    throw malformed(`its header has the member ${refused}, which is not accepted`);
  }
  const typ = header.get('typ');
  if (typ !== undefined && !(typeof typ === 'string' && TOKEN_TYPE.test(typ))) {
    throw malformed('its header says that it is something other than a JWT');
  }
  const alg = header.get('alg');
  if (typeof alg !== 'string') {
    throw malformed('its header has no alg');
  }
  const algorithm = algorithms.find((name) => name === alg);
  if (algorithm === undefined) {
    throw new AuthenticationError(
      'CAVRA-E316',
      `the token is not signed by a pinned algorithm, expected ${algorithms.join(' or ')}`,
    );
  }
  const kid = header.get('kid');
  if (typeof kid !== 'string' || kid === '') {
    throw malformed('its header has no kid');
  }
  return { kid, algorithm };
}

function malformed(problem: string, options?: ErrorOptions): AuthenticationError {
  return new AuthenticationError('CAVRA-E315', `the token is malformed: ${problem}`, options);
}
