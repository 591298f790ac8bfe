import { AuthenticationError } from '../../../diagnosis.ts';
import { describeJson, isJsonList, type JsonObject } from '../../../json/value.ts';

/** Typed reading of a token's claims. A claim of another type than expected is refused, never converted or passed over. */

/**
 * A string claim; undefined when it is absent or empty.
 *
 * @throws AuthenticationError CAVRA-E315 it is there and no string
 */
export function stringClaim(claims: JsonObject, name: string): string | undefined {
  const value = claims.get(name);
  if (value !== undefined && typeof value !== 'string') {
    throw wrongType(`${name} is ${describeJson(value)}, expected a string`);
  }
  return value || undefined;
}

/** @throws AuthenticationError CAVRA-E315 it is absent, empty or no string */
export function requiredString(claims: JsonObject, name: string): string {
  const value = stringClaim(claims, name);
  if (value === undefined) {
    throw wrongType(`${name} is missing`);
  }
  return value;
}

/**
 * A NumericDate (RFC 7519 section 2) in whole Unix seconds; undefined when it is absent.
 *
 * @throws AuthenticationError CAVRA-E315 it is there and no integer
 */
export function timeClaim(claims: JsonObject, name: string): bigint | undefined {
  const value = claims.get(name);
  if (value !== undefined && typeof value !== 'bigint') {
    throw wrongType(`${name} is ${describeJson(value)}, expected whole seconds as an integer`);
  }
  return value;
}

/** @throws AuthenticationError CAVRA-E315 it is absent or no integer */
export function requiredTime(claims: JsonObject, name: string): bigint {
  const value = timeClaim(claims, name);
  if (value === undefined) {
    throw wrongType(`${name} is missing`);
  }
  return value;
}

/**
 * The audiences of a token, from a string or a list of strings.
 *
 * @throws AuthenticationError CAVRA-E315 it is absent or of another type
 */
export function audienceClaim(claims: JsonObject): readonly string[] {
  const value = claims.get('aud');
  if (value === undefined) {
    throw wrongType('aud is missing');
  }
  if (typeof value === 'string') {
    return [value];
  }
  if (value === null || typeof value !== 'object' || !isJsonList(value)) {
    throw wrongType(`aud is ${describeJson(value)}, expected a string or a list of strings`);
  }
  return value.map((item) => {
    if (typeof item !== 'string') {
      throw wrongType(`aud holds ${describeJson(item)}, expected only strings`);
    }
    return item;
  });
}

function wrongType(problem: string): AuthenticationError {
  return new AuthenticationError('CAVRA-E315', `the token is malformed: the claim ${problem}`);
}
