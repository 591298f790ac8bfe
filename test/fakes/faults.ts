import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a server does in place of its answer, or to it. */
export type Fault =
  /** Answers with this status and nothing else. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers well, but only after `ms`. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Takes the request and says nothing. */
  | { readonly kind: 'silent' }
  /** Sends headers and then one byte every 20 ms, without an end. */
  | { readonly kind: 'drip' }
  /** Drops the connection before the answer ... */
  | { readonly kind: 'reset' }
  /** ... or in the middle of its body. */
  | { readonly kind: 'reset-in-body' }
  /** Answers with `bytes` bytes of valid JSON; says so in Content-Length or not. */
  | { readonly kind: 'huge'; readonly bytes: number; readonly announced: boolean }
  /** The right body under another media type; undefined: under none. */
  | { readonly kind: 'content-type'; readonly value: string | undefined }
  /** The right body, compressed without having been asked. */
  | { readonly kind: 'gzip' }
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string }
  /** Another body with status 200 and the right media type. */
  | { readonly kind: 'body'; readonly body: string }
  /** Bytes that are no HTTP. */
  | { readonly kind: 'garbage' };

/** What a fake answers when nothing is wrong. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Bytes that servers sent for `huge`, to tell how soon the client hung up. */
export interface Meter {
  sent: number;
}

/** Answers, with the fault. */
export function respond(response: ServerResponse, answer: Answer, fault: Fault | undefined, meter: Meter): void {
  switch (fault?.kind) {
    case undefined:
      send(response, answer);
      return;
    case 'status':
      send(response, { status: fault.status, headers: { ...fault.headers }, body: 'not this time' });
      return;
    case 'slow':
      setTimeout(() => send(response, answer), fault.ms).unref();
      return;
    case 'silent':
      return;
    case 'drip':
      drip(response);
      return;
    case 'reset':
      reset(response.socket);
      return;
    case 'reset-in-body':
      resetInBody(response, answer);
      return;
    case 'huge':
      sendHuge(response, fault.bytes, fault.announced, meter);
      return;
    case 'content-type':
      send(response, { ...answer, headers: withContentType(answer, fault.value) });
      return;
    case 'gzip':
      response.writeHead(answer.status, { ...answer.headers, 'content-encoding': 'gzip' });
      response.end(gzipSync(answer.body ?? ''));
      return;
    case 'redirect':
      send(response, { status: fault.status, headers: { location: fault.to } });
      return;
    case 'body':
      send(response, { ...answer, status: 200, body: fault.body });
      return;
    case 'garbage':
      response.socket?.end('220 this is another protocol\r\n\r\n');
      return;
  }
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers });
  response.end(answer.body ?? '');
}

function withContentType(answer: Answer, value: string | undefined): Record<string, string> {
  const { 'content-type': _, ...rest } = answer.headers ?? {};
  return value === undefined ? rest : { ...rest, 'content-type': value };
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 20);
  response.once('close', () => clearInterval(timer));
}

function reset(socket: Socket | null): void {
  socket?.destroy();
}

function resetInBody(response: ServerResponse, answer: Answer): void {
  const body = answer.body ?? '';
  response.writeHead(200, { ...answer.headers, 'content-length': String(Buffer.byteLength(body) + 10) });
  response.write(body.slice(0, Math.ceil(body.length / 2)), () => reset(response.socket));
}

const BLOCK = Buffer.alloc(64 * 1024, 'a');

function sendHuge(response: ServerResponse, bytes: number, announced: boolean, meter: Meter): void {
  const length = announced ? { 'content-length': String(bytes) } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...length });
  response.write('"');
  let left = bytes - 2;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const block = BLOCK.subarray(0, Math.min(left, BLOCK.length));
      left -= block.length;
      meter.sent += block.length;
      if (!response.write(block)) return void response.once('drain', more);
    }
    response.end('"');
  };
  more();
}
