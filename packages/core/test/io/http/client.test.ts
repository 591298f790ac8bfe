import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { json } from '../../../../../test/fakes/json.ts';
import { type FakeServer, startServer } from '../../../../../test/fakes/server.ts';
import type { HttpClient } from '../../../src/io/http/http-client.ts';
import { clientOf, everythingSaidBy, failureOf, get, QUICK } from './harness.ts';

let authority: Authority;
let server: FakeServer;
let client: HttpClient;

beforeAll(async () => {
  authority = createAuthority();
  server = await startServer({ authority }, (request) =>
    json(200, { path: request.path, body: request.body }, { 'x-request-id': 'r-1' }),
  );
  client = clientOf({ ca: [authority.certificate] });
});

afterEach(() => server.heal());

afterAll(async () => {
  await server.close();
  authority.dispose();
});

const url = (path = '/answer') => `${server.origin}${path}`;
/** Runs something and returns how many requests and connections it caused. */
async function counted<T>(run: () => Promise<T>): Promise<{ result: T; requests: number; connections: number }> {
  const before = { requests: server.requests.length, connections: server.connections };
  const result = await run();
  return {
    result,
    requests: server.requests.length - before.requests,
    connections: server.connections - before.connections,
  };
}

describe('a request', () => {
  it('returns the body and the headers of a good answer', async () => {
    const response = await client.request(get(url()));
    expect(JSON.parse(Buffer.from(response.body).toString())).toEqual({ path: '/answer', body: '' });
    expect(response.header('x-request-id')).toBe('r-1');
    expect(response.attempts).toBe(1);
  });

  it('sends method, headers, query and body as given, and asks for no encoding', async () => {
    await client.request(
      get(`${url()}?a=1&b=%20`, { method: 'POST', headers: { authorization: 'Bearer abc' }, body: 'hello' }),
    );
    const seen = server.requests.at(-1);
    expect(seen).toMatchObject({ method: 'POST', path: '/answer', body: 'hello' });
    expect(seen?.query.toString()).toBe('a=1&b=+');
    expect(seen?.headers).toMatchObject({
      host: `localhost:${server.port}`,
      authorization: 'Bearer abc',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-length': '5',
      'user-agent': 'cavra-release-governance',
    });
  });

  it('sends an empty body with its length', async () => {
    await client.request(get(url(), { method: 'POST' }));
    expect(server.requests.at(-1)?.headers['content-length']).toBe('0');
  });

  it('reaches an address as well as a name', async () => {
    const response = await client.request(get(`https://127.0.0.1:${server.port}/`));
    expect(response.attempts).toBe(1);
  });
});

describe('a URL that is not asked', () => {
  it.each([
    ['plain http', 'http://localhost/x'],
    ['another scheme', 'file:///etc/passwd'],
    ['no URL', 'not a url'],
    ['an empty one', ''],
    ['user information', 'https://user:s3cret-pass@localhost/x'],
    ['a fragment', 'https://localhost/x#s3cret-pass'],
  ])('%s', async (_name, target) => {
    const failure = await failureOf(client.request(get(target)), 'url');
    expect(failure.attempts).toBe(0);
    expect(everythingSaidBy(failure)).not.toContain('s3cret-pass');
  });
});

describe('what may pass is tried again', () => {
  it.each([
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['429', { kind: 'status', status: 429 }],
    ['408', { kind: 'status', status: 408 }],
    ['a reset', { kind: 'reset' }],
    ['a reset within the body', { kind: 'reset-in-body' }],
  ] as const)('%s, then well', async (_name, fault) => {
    server.fail(fault, 2);
    const { result, connections } = await counted(() => client.request(get(url())));
    expect(result.attempts).toBe(3);
    expect(connections).toBe(3);
  });

  it('silence, then well', async () => {
    server.fail({ kind: 'silent' }, 1);
    const { attempts } = await client.request(get(url(), { retry: { ...QUICK, attemptMs: 700 } }));
    expect(attempts).toBe(2);
  });

  it('as often as the policy says', async () => {
    server.fail({ kind: 'status', status: 502 });
    const { result, requests } = await counted(() => failureOf(client.request(get(url())), 'status'));
    expect(result).toMatchObject({ status: 502, attempts: QUICK.attempts });
    expect(requests).toBe(QUICK.attempts);
    expect(result.message).toBe(`GET ${server.origin}/answer: status 502 (4 attempts)`);
  });

  it('a server that is down, until it is up', async () => {
    await server.down();
    const patient = clientOf({ ca: [authority.certificate], sleep: () => server.up() });
    expect((await patient.request(get(url()))).attempts).toBe(2);
  });

  it('a server that stays down is a failed connection', async () => {
    await server.down();
    try {
      const failure = await failureOf(client.request(get(url())), 'connect');
      expect(failure.attempts).toBe(QUICK.attempts);
      expect(failure.message).toContain('ECONNREFUSED');
    } finally {
      await server.up();
    }
  });
});

describe('a denial and a wrong answer are not tried again', () => {
  it.each([400, 401, 403, 404, 405, 410, 203, 204])('status %d', async (status) => {
    server.fail({ kind: 'status', status });
    const { result, requests } = await counted(() => failureOf(client.request(get(url())), 'status'));
    expect(result).toMatchObject({ status, attempts: 1 });
    expect(requests).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])('redirect %d is not followed', async (status) => {
    server.fail({ kind: 'redirect', status, to: `${server.origin}/elsewhere?s3cret-pass` });
    const { result, requests } = await counted(() => failureOf(client.request(get(url())), 'redirect'));
    expect(result).toMatchObject({ status, attempts: 1 });
    expect(requests).toBe(1);
    expect(everythingSaidBy(result)).not.toContain('s3cret-pass');
  });

  it.each(['text/html', 'application/jsonp', undefined])('media type %s', async (value) => {
    server.fail({ kind: 'content-type', value });
    const { result, requests } = await counted(() => failureOf(client.request(get(url())), 'content_type'));
    expect(result.attempts).toBe(1);
    expect(requests).toBe(1);
  });

  it('an encoded body', async () => {
    server.fail({ kind: 'gzip' });
    expect((await failureOf(client.request(get(url())), 'protocol')).attempts).toBe(1);
  });

  it('bytes that are no HTTP, which the error does not show', async () => {
    server.fail({ kind: 'garbage' });
    const failure = await failureOf(client.request(get(url())), 'protocol');
    expect(failure.attempts).toBe(1);
    expect(everythingSaidBy(failure)).not.toContain('another protocol');
  });

  it('a header that HTTP cannot carry', async () => {
    const { result, connections } = await counted(() =>
      failureOf(client.request(get(url(), { headers: { authorization: 'Bearer s3cret-pass\r\nx: y' } })), 'protocol'),
    );
    expect(connections).toBeLessThanOrEqual(1);
    expect(everythingSaidBy(result)).not.toContain('s3cret-pass');
  });
});

describe('size', () => {
  it.each([true, false])('50 MB are cut off early (announced: %s)', async (announced) => {
    server.fail({ kind: 'huge', bytes: 50 * 1024 * 1024, announced });
    const before = server.meter.sent;
    const failure = await failureOf(client.request(get(url())), 'too_large');
    expect(failure.attempts).toBe(1);
    // What the sockets on both sides hold cannot be called back.
    expect(server.meter.sent - before).toBeLessThan(20 * 1024 * 1024);
  });

  it('takes a body of exactly the greatest size and not one byte more', async () => {
    const body = JSON.stringify('x'.repeat(98));
    server.fail({ kind: 'body', body }, 2);
    expect((await client.request(get(url(), { maxBytes: 100 }))).body).toHaveLength(100);
    await failureOf(client.request(get(url(), { maxBytes: 99 })), 'too_large');
  });
});

describe('the deadline', () => {
  const deadlineMs = 500;

  it.each([
    ['silence', { kind: 'silent' }],
    ['a body that never ends', { kind: 'drip' }],
    ['a slow answer', { kind: 'slow', ms: 60_000 }],
  ] as const)('covers %s', async (_name, fault) => {
    server.fail(fault);
    const start = Date.now();
    const request = get(url(), { deadline: start + deadlineMs, retry: { ...QUICK, attemptMs: 60_000 } });
    const failure = await failureOf(client.request(request), 'timeout');
    expect(failure.attempts).toBe(1);
    expect(Date.now() - start).toBeLessThan(deadlineMs + 2_000);
  });

  it('covers all tries and pauses together, and keeps what went wrong before', async () => {
    server.fail({ kind: 'status', status: 500 }, 1);
    server.fail({ kind: 'silent' });
    const start = Date.now();
    const request = get(url(), { deadline: start + 1_500, retry: { ...QUICK, attemptMs: 60_000 } });
    const failure = await failureOf(client.request(request), 'timeout');
    expect(failure.attempts).toBe(2);
    expect(failure.message).toContain('before that: status 500');
    expect(Date.now() - start).toBeLessThan(4_000);
  });

  it('covers the handshake with a server that accepts and says nothing', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = Date.now();
    try {
      await failureOf(client.request(get(`https://127.0.0.1:${port}/`, { deadline: start + deadlineMs })), 'timeout');
      expect(Date.now() - start).toBeLessThan(deadlineMs + 2_000);
    } finally {
      mute.close();
    }
  });

  it('comes earlier where the request is given a time of its own', async () => {
    server.fail({ kind: 'silent' });
    const start = Date.now();
    const request = get(url(), { timeoutMs: deadlineMs, retry: { ...QUICK, attemptMs: 60_000 } });
    await failureOf(client.request(request), 'timeout');
    expect(Date.now() - start).toBeLessThan(deadlineMs + 2_000);
  });

  it('that has passed already lets no request out', async () => {
    const { result, connections } = await counted(() =>
      failureOf(client.request(get(url(), { deadline: Date.now() })), 'timeout'),
    );
    expect(result.attempts).toBe(0);
    expect(connections).toBe(0);
  });
});

describe('Retry-After', () => {
  it('is waited for where it fits the deadline', async () => {
    server.fail({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 1);
    const start = Date.now();
    expect((await client.request(get(url()))).attempts).toBe(2);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_000);
  });

  it('as a date', async () => {
    const date = new Date(Date.now() + 2_000).toUTCString();
    server.fail({ kind: 'status', status: 503, headers: { 'retry-after': date } }, 1);
    const start = Date.now();
    expect((await client.request(get(url()))).attempts).toBe(2);
    expect(Date.now() - start).toBeGreaterThanOrEqual(900);
  });

  it('beyond the deadline ends the request at once and says so', async () => {
    server.fail({ kind: 'status', status: 429, headers: { 'retry-after': '120' } });
    const start = Date.now();
    const { result, requests } = await counted(() => failureOf(client.request(get(url())), 'status'));
    expect(result).toMatchObject({ status: 429, attempts: 1 });
    expect(result.message).toContain('asks to wait 120 s');
    expect(requests).toBe(1);
    expect(Date.now() - start).toBeLessThan(5_000);
  });
});

describe('the caller’s signal', () => {
  it('ends a request that waits for an answer', async () => {
    server.fail({ kind: 'silent' });
    const controller = new AbortController();
    const answer = client.request(get(url(), { signal: controller.signal, retry: { ...QUICK, attemptMs: 60_000 } }));
    setTimeout(() => controller.abort(new Error('the run is over')), 50);
    expect((await failureOf(answer, 'aborted')).attempts).toBe(1);
  });

  it('ends a pause', async () => {
    server.fail({ kind: 'status', status: 500, headers: { 'retry-after': '3' } });
    const start = Date.now();
    const answer = client.request(get(url(), { signal: AbortSignal.timeout(80) }));
    await failureOf(answer, 'aborted');
    expect(Date.now() - start).toBeLessThan(2_500);
  });

  it('that is aborted already lets no request out', async () => {
    const { connections } = await counted(() =>
      failureOf(client.request(get(url(), { signal: AbortSignal.abort() })), 'aborted'),
    );
    expect(connections).toBe(0);
  });
});

describe('what an error may show', () => {
  it('has method, origin and path, and neither query, header nor body', async () => {
    server.fail({ kind: 'status', status: 500, headers: { 'x-request-id': 'r-2', 'set-cookie': 's3cret-cookie' } });
    const request = get(`${url()}?token=s3cret-query`, {
      method: 'POST',
      headers: { authorization: 'Bearer s3cret-header' },
      body: 's3cret-body',
      diagnosticHeaders: ['x-request-id', 'x-absent'],
    });
    const failure = await failureOf(client.request(request), 'status');
    expect(failure.message).toContain(`POST ${server.origin}/answer: `);
    expect(failure.headers).toEqual({ 'x-request-id': 'r-2' });
    expect(everythingSaidBy(failure)).not.toContain('s3cret');
  });
});
