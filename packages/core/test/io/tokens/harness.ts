import { expect } from '@jest/globals';
import { CavraError, type DiagnosisCode } from '../../../src/domain/diagnosis.ts';
import type { Provider } from '../../../src/domain/wire/messages.ts';
import { createHttpClient } from '../../../src/io/http/client.ts';
import type { HttpClient } from '../../../src/io/http/http-client.ts';
import { systemClock, systemRandomBytes } from '../../../src/io/system/system.ts';
import { acquireToken, type TokenOptions } from '../../../src/io/tokens/index.ts';
import { everythingSaidBy } from '../http/harness.ts';

export const AUDIENCE = 'cavra-release-governance';

/** A client that trusts `ca` and does not wait between tries. */
export function impatientClient(ca: string): HttpClient {
  return createHttpClient({
    now: systemClock,
    sleep: async () => {},
    randomBytes: systemRandomBytes,
    ca: [ca],
  });
}

/** A client for tests in which nobody may be asked. */
export const NOBODY: HttpClient = {
  request: () => Promise.reject(new Error('a request went out')),
};

export function tokenOptions(
  provider: Provider,
  environment: Readonly<Record<string, string | undefined>>,
  http: HttpClient,
  more: Partial<TokenOptions> = {},
): TokenOptions {
  return { provider, environment, audience: AUDIENCE, http, deadline: Date.now() + 10_000, ...more };
}

/** Expects that no token is acquired, and that the error shows none of the environment's secrets. */
export async function refusalOf(options: TokenOptions, code: DiagnosisCode): Promise<CavraError> {
  const error = await acquireToken(options).then(
    () => new Error('a token was acquired'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CavraError);
  const refusal = error as CavraError;
  expect(refusal.code).toBe(code);
  for (const [name, value] of Object.entries(options.environment)) {
    if (/TOKEN$|JWT/.test(name) && value && !value.startsWith('$('))
      expect(everythingSaidBy(refusal)).not.toContain(value);
  }
  expect(refusal.message).toMatch(/^[^\n]+[^.\n]$/);
  return refusal;
}
