import { expect } from '@jest/globals';
import { createHttpClient } from '../../../src/io/http/client.ts';
import { HttpFailure, type HttpFailureCode } from '../../../src/io/http/failure.ts';
import type { HttpClient, HttpClientOptions, HttpRequest } from '../../../src/io/http/http-client.ts';
import type { RetryPolicy } from '../../../src/io/http/retry.ts';
import { systemClock, systemRandomBytes, systemSleep } from '../../../src/io/system/system.ts';

/** Short pauses, so that the tests are quick; a try has long enough for a busy machine. */
export const QUICK: RetryPolicy = { attempts: 4, attemptMs: 3_000, baseMs: 5, capMs: 20 };

/** A client of the real machine that trusts `ca` besides. */
export function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
  return createHttpClient({ now: systemClock, sleep: systemSleep, randomBytes: systemRandomBytes, ...options });
}

export function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url,
    contentTypes: ['application/json'],
    maxBytes: 64 * 1024,
    deadline: Date.now() + 10_000,
    retry: QUICK,
    ...more,
  };
}

/** Expects a rejection with this code, and returns it. */
export async function failureOf(promise: Promise<unknown>, code: HttpFailureCode): Promise<HttpFailure> {
  const error = await promise.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HttpFailure);
  const failure = error as HttpFailure;
  expect(failure.code).toBe(code);
  return failure;
}

/** Everything that an error, its causes and their members say. */
export function everythingSaidBy(error: unknown): string {
  const said: string[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown) => {
    if (typeof value === 'string') said.push(value);
    else if (value instanceof Uint8Array) said.push(Buffer.from(value).toString('latin1'));
    else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      seen.add(value);
      for (const name of Object.getOwnPropertyNames(value)) visit(Reflect.get(value, name));
    }
  };
  visit(error);
  return said.join('\n');
}
