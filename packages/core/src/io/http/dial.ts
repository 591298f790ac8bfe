import type { Socket } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { HTTP_MAX_HEADER_BYTES, HTTP_NEXT_ADDRESS_MS } from '../../domain/limits.ts';
import { AttemptFailure } from './failure.ts';
import type { ProxyRoute } from './proxy.ts';
import { settle } from './settle.ts';
import { type Stage, socketFailure } from './socket-error.ts';
import type { Target } from './target.ts';

// Node's network modules take milliseconds to load: they are loaded by the first request, not by the program's start.

/**
 * Connects to the target, through the proxy if there is one, and completes the TLS handshake with the target itself.
 *
 * @param trust authorities; undefined: Node's
 * @throws AttemptFailure
 */
export async function dial(
  target: Target,
  proxy: ProxyRoute | undefined,
  trust: SecureContext | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  if (proxy === undefined) return connectTls(target, trust, signal);
  const tunnel = await openTunnel(target, proxy, trust, signal);
  try {
    return await connectTls(target, trust, signal, tunnel);
  } catch (error) {
    tunnel.destroy();
    throw error;
  }
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

async function connectTls(
  { host, port }: Endpoint,
  trust: SecureContext | undefined,
  signal: AbortSignal,
  tunnel?: Socket,
): Promise<TLSSocket> {
  const { connect } = await import('node:tls');
  const { isIP } = await import('node:net');
  const options: ConnectionOptions & { autoSelectFamilyAttemptTimeout: number } = {
    host,
    port,
    // Explicit, so that no environment variable or flag can soften them.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    autoSelectFamilyAttemptTimeout: HTTP_NEXT_ADDRESS_MS,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(trust === undefined ? {} : { secureContext: trust }),
    ...(tunnel === undefined ? {} : { socket: tunnel }),
  };
  return settle<TLSSocket>(signal, (resolve, reject) => {
    let stage: Stage = tunnel === undefined ? 'connect' : 'tls';
    const socket = connect(options);
    socket.once('connect', () => {
      stage = 'tls';
    });
    socket.once('secureConnect', () => resolve(socket));
    // Stays after the handshake: a late error of a socket that nobody listens to would end the process.
    socket.on('error', (error) => reject(socketFailure(error, stage)));
    socket.once('close', () => reject(new AttemptFailure('reset', 'the connection was dropped')));
    return () => socket.destroy();
  });
}

/** Asks the proxy to connect to the target (RFC 9110 section 9.3.6); returns the socket that leads there. */
async function openTunnel(
  target: Target,
  proxy: ProxyRoute,
  trust: SecureContext | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const { request } = await import('node:http');
  const carrier = proxy.secure ? await inProxyTerms(() => connectTls(proxy, trust, signal)) : undefined;
  const destination = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;

  return settle<Socket>(signal, (resolve, reject) => {
    const connect = request({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: destination,
      headers: {
        host: destination,
        ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
      },
      setHost: false,
      maxHeaderSize: HTTP_MAX_HEADER_BYTES,
      ...(carrier === undefined ? { agent: false } : { createConnection: () => carrier }),
    });
    connect.once('connect', (response, socket, head) => {
      socket.on('error', () => socket.destroy());
      const failure = tunnelFailure(response.statusCode ?? 0, head.length);
      if (failure === undefined) return resolve(socket);
      socket.destroy();
      reject(failure);
    });
    connect.once('response', () => reject(new AttemptFailure('proxy', 'the proxy did not answer to CONNECT')));
    let stage: Stage = carrier === undefined ? 'connect' : 'exchange';
    connect.once('socket', (socket) => {
      socket.once('connect', () => {
        stage = 'exchange';
      });
    });
    connect.on('error', (error) => reject(proxyFailure(socketFailure(error, stage))));
    connect.end();
    return () => {
      connect.destroy();
      carrier?.destroy();
    };
  });
}

function tunnelFailure(status: number, earlyBytes: number): AttemptFailure | undefined {
  if (status === 407) return new AttemptFailure('proxy', 'the proxy asks for other credentials (407)', { status });
  if (status !== 200) {
    const transient = status === 429 || status >= 500;
    return new AttemptFailure('proxy', `the proxy does not connect to the host (${status})`, { status, transient });
  }
  // In TLS the client speaks first: bytes from the far side at this point are the proxy's invention.
  if (earlyBytes > 0) return new AttemptFailure('proxy', 'the proxy sent bytes before the host could');
  return undefined;
}

async function inProxyTerms<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof AttemptFailure ? proxyFailure(error) : error;
  }
}

/** Says of a failure on the way to the proxy that it is the proxy's; a time-out or the caller's own end keep their name. */
function proxyFailure(failure: AttemptFailure): AttemptFailure {
  if (failure.code === 'timeout' || failure.code === 'aborted') return failure;
  return new AttemptFailure('proxy', `the proxy cannot be used: ${failure.message}`, {
    ...failure.outcome,
    transient: failure.transient,
  });
}
