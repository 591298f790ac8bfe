import { AuthenticationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { MAX_TOKEN_BYTES } from '../../domain/limits.ts';
import type { AcquiredToken, LocatedToken, TokenSource } from './token-source.ts';

/**
 * The value of a variable; undefined when it is unset, empty, or an Azure macro such as `$(System.AccessToken)` that stands for nothing
 * and was left in place.
 */
export function given(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === '' || /^\$\([^)]*\)$/.test(value) ? undefined : value;
}

/** A token that stands in a variable. */
export function locatedInVariable(
  environment: Environment,
  variable: string,
  source: TokenSource,
  warnings: readonly string[] = [],
): LocatedToken | undefined {
  const value = given(environment, variable);
  if (value === undefined) return undefined;
  return {
    source,
    variable,
    acquire: async (): Promise<AcquiredToken> => ({ token: tokenText(value, variable), source, variable, warnings }),
  };
}

/**
 * Takes a value as a token if it is one line of visible ASCII within the size limit; whether it is a JWT is for the verifier to say.
 *
 * @param holder what held it, for the message
 * @throws AuthenticationError with `code`: E315 unless the holder is at fault (E313)
 */
export function tokenText(value: string, holder: string, code: 'CAVRA-E313' | 'CAVRA-E315' = 'CAVRA-E315'): string {
  if (Buffer.byteLength(value) > MAX_TOKEN_BYTES) {
    throw new AuthenticationError(code, `the token in ${holder} is larger than ${MAX_TOKEN_BYTES} bytes`);
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new AuthenticationError(
      code,
      `the token in ${holder} is empty or has blanks or other characters that no JWT has`,
    );
  }
  return value;
}
