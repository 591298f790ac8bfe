import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Authority } from './authority.ts';
import { type Answer, type Fault, type Meter, respond } from './faults.ts';

/** A request as it came in. */
export interface SeenRequest {
  readonly method: string;
  /** Decoded from the request's target: path without the query ... */
  readonly path: string;
  /** ... and the query. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeServerOptions {
  readonly authority: Authority;
  /** Names in the certificate besides `localhost` and 127.0.0.1. */
  readonly names?: readonly string[];
  /** In place of a certificate of the authority for these names. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

interface PlannedFault {
  readonly fault: Fault;
  /** Only requests whose path contains this. */
  readonly path: string;
  times: number;
}

/** A TLS server on the loopback interface that records what it is asked and fails on command. */
export interface FakeServer {
  /** `https://localhost:<port>`. */
  readonly origin: string;
  readonly port: number;
  /** Every request that came in, in order, those answered with a fault included. */
  readonly requests: readonly SeenRequest[];
  /** TCP connections that were opened. */
  readonly connections: number;
  /** Bytes sent for `huge` faults. */
  readonly meter: Readonly<Meter>;
  /**
   * Plans a fault for the next requests; several are worked off in the order in which they were planned.
   *
   * @param times requests that it is for, all further ones by default
   * @param path only for requests whose path contains this
   */
  fail(fault: Fault, times?: number, path?: string): void;
  /** Forgets all planned faults. */
  heal(): void;
  /** Refuses connections from now on, and drops those there are, until `up`. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1_048_576;

/** @param answer what the server says to a request when no fault is planned */
export async function startServer(
  options: FakeServerOptions,
  answer: (request: SeenRequest) => Answer,
): Promise<FakeServer> {
  const requests: SeenRequest[] = [];
  const planned: PlannedFault[] = [];
  const meter: Meter = { sent: 0 };
  const sockets = new Set<Socket>();
  let connections = 0;

  const certificate =
    options.certificate ?? options.authority.issue(['localhost', '127.0.0.1', ...(options.names ?? [])]);
  const server: Server = createServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (incoming, response) => {
    response.on('error', () => {});
    void read(incoming).then((request) => {
      if (request === undefined) return;
      requests.push(request);
      respond(response, answer(request), nextFault(planned, request.path), meter);
    });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  // A client that hangs up during the handshake is no trouble of the server's.
  server.on('tlsClientError', () => {});

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const down = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    origin: `https://localhost:${port}`,
    port,
    requests,
    get connections() {
      return connections;
    },
    meter,
    fail: (fault, times = Number.POSITIVE_INFINITY, path = '') => planned.push({ fault, path, times }),
    heal: () => planned.splice(0),
    down,
    up: () => listen(port),
    close: down,
  };
}

function nextFault(planned: readonly PlannedFault[], path: string): Fault | undefined {
  const next = planned.find((candidate) => candidate.times > 0 && path.includes(candidate.path));
  if (next === undefined) return undefined;
  next.times -= 1;
  return next.fault;
}

/** Undefined when the client went away before it had sent everything. */
async function read(incoming: IncomingMessage): Promise<SeenRequest | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming) {
      size += (chunk as Buffer).length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  const url = new URL(incoming.url ?? '/', 'https://localhost');
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
