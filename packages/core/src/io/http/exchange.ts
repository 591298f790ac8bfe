import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { HTTP_MAX_HEADER_BYTES } from '../../domain/limits.ts';
import { AttemptFailure, type AttemptOutcome } from './failure.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';
import { parseRetryAfter } from './retry.ts';
import { settle } from './settle.ts';
import { socketFailure } from './socket-error.ts';
import type { Target } from './target.ts';

const MAX_SHOWN_HEADER_LENGTH = 128;

/**
 * One question and one answer over a connected socket, which the caller closes.
 *
 * @param now Unix ms, for a Retry-After that is a date
 * @throws AttemptFailure
 */
export async function exchange(
  socket: TLSSocket,
  target: Target,
  request: HttpRequest,
  userAgent: string,
  now: number,
  signal: AbortSignal,
): Promise<Omit<HttpResponse, 'attempts'>> {
  const http = await import('node:http');
  return settle(signal, (resolve, reject) => {
    const outgoing = http.request({
      createConnection: () => socket,
      method: request.method,
      path: target.path,
      headers: requestHeaders(target, request, userAgent),
      setHost: false,
      maxHeaderSize: HTTP_MAX_HEADER_BYTES,
    });
    outgoing.once('response', (response) => {
      response.on('error', (error) => reject(socketFailure(error, 'exchange')));
      const refusal = inspect(response, request, now);
      if (refusal !== undefined) return reject(refusal);
      readBody(response, request.maxBytes, (body) => resolve({ body, header: headerOf(response) }), reject);
    });
    outgoing.once('upgrade', () => reject(new AttemptFailure('protocol', 'the server switched protocols')));
    outgoing.on('error', (error) => reject(socketFailure(error, 'exchange')));
    outgoing.end(request.body ?? '');
    return () => outgoing.destroy();
  });
}

function requestHeaders(target: Target, request: HttpRequest, userAgent: string): Record<string, string> {
  return {
    ...request.headers,
    host: target.authority,
    accept: request.contentTypes.join(', '),
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    connection: 'close',
    ...(request.method === 'POST' ? { 'content-length': String(Buffer.byteLength(request.body ?? '')) } : {}),
  };
}

/** Everything that can be said against an answer before its body is read. The body of a refusal is never read. */
function inspect(response: IncomingMessage, request: HttpRequest, now: number): AttemptFailure | undefined {
  const header = headerOf(response);
  const status = response.statusCode ?? 0;
  const outcome = { status, headers: diagnosticHeaders(header, request.diagnosticHeaders ?? []) };

  if (status >= 300 && status < 400) {
    return new AttemptFailure('redirect', `a redirect (${status}), which is not followed`, outcome);
  }
  if (status !== 200) return new AttemptFailure('status', `status ${status}`, withRetryAfter(outcome, header, now));

  const mediaType = (header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!request.contentTypes.includes(mediaType)) {
    return new AttemptFailure('content_type', `not ${request.contentTypes.join(' or ')}`, outcome);
  }
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return new AttemptFailure('protocol', 'an encoded body that was not asked for', outcome);
  if (Number(header('content-length') ?? 0) > request.maxBytes) return tooLarge(request.maxBytes);
  return undefined;
}

function withRetryAfter(
  outcome: AttemptOutcome,
  header: (name: string) => string | undefined,
  now: number,
): AttemptOutcome {
  const retryAfterMs = parseRetryAfter(header('retry-after'), now);
  return retryAfterMs === undefined ? outcome : { ...outcome, retryAfterMs };
}

function diagnosticHeaders(
  header: (name: string) => string | undefined,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const shown = names.flatMap((name) => {
    const value = header(name)
      ?.replace(/[^\x21-\x7e]+/g, ' ')
      .trim()
      .slice(0, MAX_SHOWN_HEADER_LENGTH);
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(shown);
}

function readBody(
  response: IncomingMessage,
  maxBytes: number,
  resolve: (body: Uint8Array) => void,
  reject: (error: AttemptFailure) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) reject(tooLarge(maxBytes));
    else chunks.push(chunk);
  });
  response.once('end', () => {
    if (response.complete) resolve(Buffer.concat(chunks, size));
    else reject(new AttemptFailure('reset', 'the connection was dropped within the answer'));
  });
}

function tooLarge(maxBytes: number): AttemptFailure {
  return new AttemptFailure('too_large', `an answer of more than ${maxBytes} bytes`);
}

function headerOf(response: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
}
