import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Authority } from './authority.ts';

/** What the proxy does in place of connecting. */
export type ProxyFault =
  | { readonly kind: 'status'; readonly status: number }
  /** Says nothing. */
  | { readonly kind: 'silent' }
  /** Hangs up. */
  | { readonly kind: 'reset' }
  /** Connects, but sends bytes of its own first. */
  | { readonly kind: 'chatty' };

export interface FakeProxy {
  /** URL without credentials. */
  readonly url: string;
  /** URL with the credentials that the proxy asks for. */
  readonly urlWithCredentials: string;
  /** `host:port` of each CONNECT that came in, in order. */
  readonly asked: readonly string[];
  /** Tunnels that were opened. */
  readonly tunnels: number;
  /** Leads CONNECT for `host:port` to a port of the loopback interface. */
  route(hostAndPort: string, port: number): void;
  /** @param times requests that it is for, all further ones by default */
  fail(fault: ProxyFault, times?: number): void;
  heal(): void;
  close(): Promise<void>;
}

export interface FakeProxyOptions {
  /** Given: the proxy itself speaks TLS. */
  readonly authority?: Authority;
  readonly credentials?: { readonly user: string; readonly password: string };
}

/** A proxy on the loopback interface that tunnels by CONNECT and records whom it was asked for. */
export async function startProxy(options: FakeProxyOptions = {}): Promise<FakeProxy> {
  const asked: string[] = [];
  const planned: { fault: ProxyFault; times: number }[] = [];
  const routes = new Map<string, number>();
  const sockets = new Set<Duplex>();
  let tunnels = 0;

  const server =
    options.authority === undefined
      ? createHttpServer()
      : createHttpsServer({ ...options.authority.issue(['localhost', '127.0.0.1']), ALPNProtocols: ['http/1.1'] });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.on('request', (_request, response) => {
    response.writeHead(400).end();
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    client.on('error', () => {});
    const destination = request.url ?? '';
    asked.push(destination);
    const next = planned.find(({ times }) => times > 0);
    if (next !== undefined) next.times -= 1;
    const refusal = authorized(request, options) ? refusalOf(next?.fault) : 407;
    if (refusal === 'silent') return;
    if (refusal === 'reset') return void client.destroy();
    if (refusal !== undefined) return void client.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
    tunnels += 1;
    const early = next?.fault.kind === 'chatty' ? 'early' : '';
    tunnel(client, routes.get(destination) ?? Number(destination.slice(destination.lastIndexOf(':') + 1)), early);
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const scheme = options.authority === undefined ? 'http' : 'https';
  const { user = '', password = '' } = options.credentials ?? {};
  return {
    url: `${scheme}://localhost:${port}`,
    urlWithCredentials: `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@localhost:${port}`,
    asked,
    get tunnels() {
      return tunnels;
    },
    route: (hostAndPort, to) => routes.set(hostAndPort, to),
    fail: (fault, times = Number.POSITIVE_INFINITY) => planned.push({ fault, times }),
    heal: () => planned.splice(0),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function authorized(request: IncomingMessage, { credentials }: FakeProxyOptions): boolean {
  if (credentials === undefined) return true;
  const expected = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return request.headers['proxy-authorization'] === `Basic ${expected}`;
}

function refusalOf(fault: ProxyFault | undefined): number | 'silent' | 'reset' | undefined {
  if (fault === undefined || fault.kind === 'chatty') return undefined;
  return fault.kind === 'status' ? fault.status : fault.kind;
}

function tunnel(client: Duplex, port: number, early: string): void {
  const upstream = connect(port, '127.0.0.1', () => {
    client.write(`HTTP/1.1 200 Connection established\r\n\r\n${early}`);
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  upstream.once('close', () => client.destroy());
  client.once('close', () => upstream.destroy());
}
