import type { TLSSocket } from 'node:tls';
import { dial } from './dial.ts';
import { exchange } from './exchange.ts';
import { AttemptFailure, HttpFailure } from './failure.ts';
import type { HttpClient, HttpClientOptions, HttpRequest, HttpResponse } from './http-client.ts';
import { type ProxyRoute, proxyFor } from './proxy.ts';
import { DEFAULT_RETRY, pauseAfter } from './retry.ts';
import { socketFailure } from './socket-error.ts';
import { parseTarget, type Target } from './target.ts';
import { type TrustStore, trustStore } from './trust-store.ts';

/**
 * A client for the few questions that the gate asks of CI platforms and issuers: small JSON answers over https.
 *
 * The certificate is always checked; no redirect is followed; the size is capped while the body comes in; one deadline covers names,
 * connection, handshake, headers, body, retries and pauses. Tried again are only failures that may pass (no connection, a dropped one,
 * time-outs, 408, 429, 5xx): a denial never is. Every request has its own connection.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const machine: Machine = { ...options, trust: trustStore(options.ca) };
  return {
    request: (request) => {
      const end = options.now() + (request.timeoutMs ?? Number.POSITIVE_INFINITY);
      return requestWithRetries({ ...request, deadline: Math.min(request.deadline, end) }, machine);
    },
  };
}

interface Machine extends HttpClientOptions {
  readonly trust: TrustStore;
}

async function requestWithRetries(request: HttpRequest, options: Machine): Promise<HttpResponse> {
  const retry = request.retry ?? DEFAULT_RETRY;
  let attempt = 0;
  let failure = new AttemptFailure('timeout', 'no time is left');
  let target: Target | undefined;
  try {
    target = parseTarget(request.url);
    const proxy = proxyFor(target, options.proxy);
    while (options.now() < request.deadline) {
      attempt += 1;
      try {
        return { ...(await tryOnce(target, proxy, request, options)), attempts: attempt };
      } catch (error) {
        failure = notedCause(socketFailure(error, 'exchange'), failure, attempt);
      }
      if (!failure.transient || attempt >= retry.attempts) break;
      const pause = pauseAfter(attempt, retry, failure.outcome.retryAfterMs, options.randomBytes);
      if (options.now() + pause >= request.deadline) break;
      await options.sleep(pause, request.signal);
    }
  } catch (error) {
    failure = request.signal?.aborted ? givenUp(request.signal) : socketFailure(error, 'exchange');
  }
  throw new HttpFailure(failure.code, describe(request, target, failure, attempt), attempt, failure.outcome);
}

async function tryOnce(
  target: Target,
  proxy: ProxyRoute | undefined,
  request: HttpRequest,
  options: Machine,
): Promise<Omit<HttpResponse, 'attempts'>> {
  const { attemptMs } = request.retry ?? DEFAULT_RETRY;
  const limit = new AbortController();
  const { signal } = request;
  const giveUp = () => limit.abort(givenUp(signal));
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  const left = Math.min(attemptMs, request.deadline - options.now());
  const timer = setTimeout(() => limit.abort(new AttemptFailure('timeout', 'no whole answer in time')), left);
  let socket: TLSSocket | undefined;
  try {
    socket = await dial(target, proxy, await options.trust(), limit.signal);
    const userAgent = options.userAgent ?? 'cavra-release-governance';
    return await exchange(socket, target, request, userAgent, options.now(), limit.signal);
  } finally {
    socket?.destroy();
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

function givenUp(signal: AbortSignal | undefined): AttemptFailure {
  return new AttemptFailure('aborted', 'the caller gave up', { cause: signal?.reason });
}

/** A time-out that follows another failure keeps that one as its cause: it says more. */
function notedCause(failure: AttemptFailure, previous: AttemptFailure, attempt: number): AttemptFailure {
  if (attempt === 1 || failure.code !== 'timeout') return failure;
  return new AttemptFailure(failure.code, `${failure.message}, before that: ${previous.message}`, {
    ...failure.outcome,
    cause: previous,
  });
}

function describe(request: HttpRequest, target: Target | undefined, failure: AttemptFailure, attempts: number): string {
  const asked = `${request.method} ${target?.shown ?? '(a URL that is not shown)'}`;
  const { retryAfterMs } = failure.outcome;
  const wait = retryAfterMs === undefined ? '' : `, which asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
  return `${asked}: ${failure.message}${wait}${attempts > 1 ? ` (${attempts} attempts)` : ''}`;
}
