import { AuthenticationError } from '../../../diagnosis.ts';
import { JsonError } from '../../../json/error.ts';
import { parseStrictJson } from '../../../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../../../json/value.ts';
import { MAX_JWKS_BYTES, MAX_JWKS_KEYS } from '../../../limits.ts';
import { type SignatureAlgorithm, type VettedKey, vetJwk } from './jwk.ts';

/** The keys of one issuer, parsed and vetted. Keys that may not be used are kept with the reason, to be named when a token asks for one. */
export interface Jwks {
  readonly keys: readonly VettedKey[];
}

/** Where an issuer's keys come from. */
export interface JwksSource {
  /**
   * @param options.refresh the keys at hand lack the one that is needed: fetch them anew, unless that was just done
   * @throws AuthenticationError CAVRA-E314 when the keys cannot be had; old ones are never given instead
   */
  get(options: { readonly refresh: boolean }): Promise<Jwks>;
}

/**
 * Parses a JSON Web Key Set (RFC 7517). Members that are not known are ignored, as the RFC asks.
 *
 * @param bytes as fetched or read, at most MAX_JWKS_BYTES
 * @throws AuthenticationError CAVRA-E314 when it is no key set
 */
export function parseJwks(bytes: Uint8Array): Jwks {
  const document = parseDocument(bytes);
  const keys = document instanceof JsonObject ? document.get('keys') : undefined;
  if (keys === undefined || keys === null || typeof keys !== 'object' || !isJsonList(keys)) {
    throw new AuthenticationError('CAVRA-E314', 'the JWKS has no list of keys');
  }
  if (keys.length > MAX_JWKS_KEYS) {
    throw new AuthenticationError(
      'CAVRA-E314',
      `the JWKS has ${keys.length} keys, at most ${MAX_JWKS_KEYS} are expected`,
    );
  }
  return { keys: keys.map(vetJwk) };
}

function parseDocument(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_JWKS_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw new AuthenticationError('CAVRA-E314', `the JWKS is not valid JSON: ${error.message}`, { cause: error });
  }
}

export type KeySelection =
  | { readonly found: true; readonly key: VettedKey & { readonly usable: true } }
  /** `unknown`: no key of this id, so newer keys may have it. Otherwise the sentence says what is wrong with the key. */
  | { readonly found: false; readonly unknown: boolean; readonly reason: string };

/** The one key of this id, if it may verify this algorithm. Two keys of one id are ambiguous, and neither is used. */
export function selectKey(jwks: Jwks, kid: string, algorithm: SignatureAlgorithm): KeySelection {
  const [key, ...others] = jwks.keys.filter((one) => one.kid === kid);
  if (key === undefined) {
    return { found: false, unknown: true, reason: 'the issuer has no key of the id that the token names' };
  }
  if (others.length > 0) {
    return { found: false, unknown: false, reason: 'the issuer has more than one key of the id that the token names' };
  }
  if (!key.usable) {
    return { found: false, unknown: false, reason: `the key that the token names may not be used: ${key.reason}` };
  }
  if (key.algorithm !== algorithm) {
    return { found: false, unknown: false, reason: `the key that the token names is not for ${algorithm}` };
  }
  return { found: true, key };
}
