import { AuthenticationError, ConfigurationError } from '../../../diagnosis.ts';
import { JsonError } from '../../../json/error.ts';
import { parseStrictJson } from '../../../json/parse.ts';
import { JsonObject, type JsonValue } from '../../../json/value.ts';
import { MAX_DISCOVERY_BYTES } from '../../../limits.ts';
import { printableName } from '../../../text/printable.ts';
import { isHttps, originOf } from './url.ts';

/** An issuer whose keys are where its own document says (OpenID Connect Discovery 1.0 section 4). */
export interface Discovery {
  /** https; the document must name the same. */
  readonly issuer: string;
  /** GitLab: CI_SERVER_URL of the job, on whose host the keys must be; absent: anywhere that the issuer says. */
  readonly server?: string;
}

/** The address of an issuer's discovery document. */
export function discoveryUrl({ issuer }: Discovery): string {
  return `${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`;
}

/**
 * The address of the keys that an issuer's discovery document names. Its other members are ignored.
 *
 * @param bytes as fetched, at most MAX_DISCOVERY_BYTES
 * @throws AuthenticationError CAVRA-E314 it is no such document, that of another issuer, or names no usable address
 * @throws ConfigurationError CAVRA-E211 the keys are not on the job's server
 */
export function discoveredKeys(bytes: Uint8Array, { issuer, server }: Discovery): string {
  const document = parse(bytes);
  const named = document instanceof JsonObject ? document.get('issuer') : undefined;
  const url = document instanceof JsonObject ? document.get('jwks_uri') : undefined;
  if (named !== issuer) throw refusal(`is not that of the pinned issuer ${issuer}, compared exactly`);
  if (typeof url !== 'string' || !isHttps(url)) throw refusal('names no https address as jwks_uri');
  if (server !== undefined && originOf(url) !== originOf(server)) {
    throw new ConfigurationError(
      'CAVRA-E211',
      `CI_SERVER_URL is ${printableName(server)}, which is not the pinned issuer ${issuer}, and not where that has its keys: a pipeline variable overrides it, or issuer must be set to the address of this instance`,
    );
  }
  return url;
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_DISCOVERY_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw refusal(`is not valid JSON: ${error.message}`, error);
  }
}

function refusal(problem: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError('CAVRA-E314', `the issuer’s discovery document ${problem}`, { cause });
}
