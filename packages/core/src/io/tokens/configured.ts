import { AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { MAX_TOKEN_BYTES } from '../../domain/limits.ts';
import { FileProblem, readRegularFile } from '../files/read-regular-file.ts';
import type { LocatedToken } from './token-source.ts';
import { given, locatedInVariable, tokenText } from './value.ts';

const TOKEN = 'CAVRA_RUNNER_AUTH_OIDC_TOKEN';
const TOKEN_FILE = 'CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE';
const TOKEN_VARIABLE = 'CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV';
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The token that the configuration names, on any platform: by value, by file, or by the name of another variable. It stands before
 * everything a platform offers, and when it is named but not there, nothing else is taken in its place.
 *
 * @returns undefined when none is named
 * @throws ConfigurationError E201, AuthenticationError E311
 */
export function locateConfigured(environment: Environment): LocatedToken | undefined {
  return (
    locatedInVariable(environment, TOKEN, 'configured-variable') ??
    locatedInFile(environment) ??
    locatedInNamedVariable(environment)
  );
}

function locatedInFile(environment: Environment): LocatedToken | undefined {
  const path = given(environment, TOKEN_FILE);
  if (path === undefined) return undefined;
  const source = 'configured-file';
  return {
    source,
    variable: TOKEN_FILE,
    acquire: async () => ({ token: await readToken(path), source, variable: TOKEN_FILE, warnings: [] }),
  };
}

async function readToken(path: string): Promise<string> {
  try {
    const bytes = await readRegularFile(path, MAX_TOKEN_BYTES + '\r\n'.length);
    return tokenText(
      Buffer.from(bytes)
        .toString('latin1')
        .replace(/\r?\n$/, ''),
      `the file of ${TOKEN_FILE}`,
    );
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    if (error.code === 'too_large') {
      const message = `the file of ${TOKEN_FILE} is larger than a token of ${MAX_TOKEN_BYTES} bytes`;
      throw new AuthenticationError('CAVRA-E315', message, { cause: error });
    }
    throw new ConfigurationError('CAVRA-E216', `the file of ${TOKEN_FILE} ${error.message}`, { cause: error });
  }
}

function locatedInNamedVariable(environment: Environment): LocatedToken | undefined {
  const name = given(environment, TOKEN_VARIABLE);
  if (name === undefined) return undefined;
  if (!VARIABLE_NAME.test(name)) {
    throw new ConfigurationError(
      'CAVRA-E201',
      `${TOKEN_VARIABLE} must be the name of an environment variable, not the token`,
    );
  }
  const located = locatedInVariable(environment, name, 'configured-variable');
  if (located === undefined) {
    throw new AuthenticationError(
      'CAVRA-E311',
      `${TOKEN_VARIABLE} names the variable ${name}, which is not set in this job`,
    );
  }
  return located;
}
