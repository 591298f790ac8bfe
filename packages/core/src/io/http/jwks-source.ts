import { type Jwks, type JwksSource, parseJwks } from '../../domain/auth/oidc/token/jwks.ts';
import { AuthenticationError } from '../../domain/diagnosis.ts';
import { JWKS_CACHE_MS, JWKS_REFRESH_INTERVAL_MS, JWKS_REQUEST_MS, MAX_JWKS_BYTES } from '../../domain/limits.ts';
import type { Clock } from '../../domain/ports.ts';
import { FileProblem, readRegularFile } from '../files/read-regular-file.ts';
import { HttpFailure } from './failure.ts';
import type { HttpClient, HttpResponse } from './http-client.ts';
import type { RetryPolicy } from './retry.ts';

export interface JwksUrlOptions {
  /** https. */
  readonly url: string;
  readonly http: HttpClient;
  readonly now: Clock;
  /** How long fetched keys may be used at most, ms; JWKS_CACHE_MS unless given. */
  readonly cacheMs?: number;
  /** Time between two fetches for unknown key ids, ms; JWKS_REFRESH_INTERVAL_MS unless given. */
  readonly refreshIntervalMs?: number;
  /** Time for one fetch with its retries, ms; JWKS_REQUEST_MS unless given. */
  readonly requestMs?: number;
  /** Unix ms by which the caller's run ends, and every fetch with it. A resident verifier has none. */
  readonly deadline?: number;
  readonly retry?: RetryPolicy;
}

/**
 * An issuer's keys from its URL, kept in memory.
 *
 * - They are used for `cacheMs`, or for less where the answer's Cache-Control says so, but not for less than `refreshIntervalMs`: an
 *   issuer that forbids to keep its keys would otherwise be asked for every token that anybody sends.
 * - Expired keys are never used again, whatever becomes of the fetch that follows: a key that the issuer has withdrawn stops counting
 *   after `cacheMs` at the latest.
 * - An unknown key id (`refresh`) leads to a fetch at once, but to the next one only `refreshIntervalMs` later. In between, the keys at
 *   hand are the answer, so that made-up key ids cannot turn a resident verifier against the issuer.
 * - Callers that come during a fetch share it.
 */
export function createJwksUrlSource(options: JwksUrlOptions): JwksSource {
  const { now, cacheMs = JWKS_CACHE_MS, refreshIntervalMs = JWKS_REFRESH_INTERVAL_MS } = options;
  let kept: { readonly jwks: Jwks; readonly since: number; readonly until: number } | undefined;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<Jwks> | undefined;

  const keep = async (): Promise<Jwks> => {
    const since = now();
    const response = await fetchJwks(options);
    const jwks = parseJwks(response.body);
    const told = maxAgeMs(response.header('cache-control')) ?? cacheMs;
    kept = { jwks, since, until: since + Math.min(cacheMs, Math.max(told, refreshIntervalMs)) };
    return jwks;
  };
  const fetchOnce = (): Promise<Jwks> => {
    fetching ??= keep().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };

  return {
    get: async ({ refresh }) => {
      const time = now();
      // A clock that was set back makes the age unknown, and so the keys old.
      const usable = kept !== undefined && time >= kept.since && time < kept.until ? kept.jwks : undefined;
      if (usable === undefined) return fetchOnce();
      if (!refresh) return usable;
      if (fetching !== undefined) return fetching;
      if (time - refreshedAt < refreshIntervalMs && time >= refreshedAt) return usable;
      refreshedAt = time;
      return fetchOnce();
    },
  };
}

async function fetchJwks(options: JwksUrlOptions): Promise<HttpResponse> {
  const { url, http, retry } = options;
  try {
    return await http.request({
      method: 'GET',
      url,
      contentTypes: ['application/json', 'application/jwk-set+json'],
      maxBytes: MAX_JWKS_BYTES,
      deadline: options.deadline ?? Number.POSITIVE_INFINITY,
      timeoutMs: options.requestMs ?? JWKS_REQUEST_MS,
      ...(retry === undefined ? {} : { retry }),
    });
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw new AuthenticationError('CAVRA-E314', `the issuer’s keys cannot be fetched: ${error.message}`, {
      cause: error,
    });
  }
}

/** What Cache-Control (RFC 9111 section 5.2.2) says of how long an answer may be used, ms; undefined where it says nothing. */
function maxAgeMs(cacheControl: string | undefined): number | undefined {
  const directives = (cacheControl ?? '').toLowerCase().split(',');
  const ages = directives.flatMap((directive) => {
    const [, name, seconds] = /^\s*(no-store|no-cache|max-age)(?:\s*=\s*"?(\d{1,9})"?)?\s*$/.exec(directive) ?? [];
    if (name === undefined) return [];
    return name === 'max-age' ? [Number(seconds ?? 0) * 1000] : [0];
  });
  return ages.length === 0 ? undefined : Math.min(...ages);
}

/** Asks a source now for what its first user will ask for, who gets the answer, or the failure, of this one question. */
export function askAhead(source: JwksSource): JwksSource {
  let ahead: Promise<Jwks> | undefined = source.get({ refresh: false });
  // Perhaps nobody ever asks.
  ahead.catch(() => undefined);
  return {
    get: (question) => {
      const answer = question.refresh ? undefined : ahead;
      ahead = undefined;
      return answer ?? source.get(question);
    },
  };
}

/** An issuer's keys from a file, read anew for each question, so that a replaced file counts at once. */
export function createJwksFileSource(path: string): JwksSource {
  return {
    get: async () => {
      try {
        return parseJwks(await readRegularFile(path, MAX_JWKS_BYTES));
      } catch (error) {
        if (!(error instanceof FileProblem)) throw error;
        throw new AuthenticationError('CAVRA-E314', `the JWKS file ${error.message}`, { cause: error });
      }
    },
  };
}
