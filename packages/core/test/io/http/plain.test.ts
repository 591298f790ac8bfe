import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { json } from '../../../../../test/fakes/json.ts';
import { startProxy } from '../../../../../test/fakes/proxy.ts';
import { type FakeServer, startServer } from '../../../../../test/fakes/server.ts';
import { clientOf, everythingSaidBy, failureOf, get } from './harness.ts';

/** Without TLS: for answers that are signed, and only where the request says so. */

let authority: Authority;
let plain: FakeServer;
let secure: FakeServer;

beforeAll(async () => {
  authority = createAuthority();
  plain = await startServer({ authority, plain: true }, () => json(201, { ok: true }));
  secure = await startServer({ authority }, () => json(200, { ok: true }));
});
afterAll(async () => {
  await plain.close();
  await secure.close();
  authority.dispose();
});

const ASKED = { plainAllowed: true, statuses: [200, 201] } as const;

it('is asked where the request allows it, with bytes as they are', async () => {
  const body = Buffer.from([0x30, 0x80, 0xff, 0x00]);
  const request = get(`${plain.origin}/tsa`, { ...ASKED, method: 'POST', body });
  expect((await clientOf().request(request)).attempts).toBe(1);
  expect(plain.requests.at(-1)?.bytes).toEqual(body);
  expect(plain.requests.at(-1)?.headers).toMatchObject({ host: new URL(plain.origin).host, 'content-length': '4' });
});

it('is refused everywhere else', async () => {
  const before = plain.connections;
  await failureOf(clientOf().request(get(`${plain.origin}/tsa`)), 'url');
  await failureOf(clientOf().request(get('ftp://localhost/', ASKED)), 'url');
  expect(plain.connections).toBe(before);
});

it('does not soften TLS where the address asks for it', async () => {
  await failureOf(clientOf().request(get(secure.origin, ASKED)), 'tls');
  const trusting = clientOf({ ca: [authority.certificate] });
  expect((await trusting.request(get(secure.origin, ASKED))).attempts).toBe(1);
});

it('takes only the statuses that are named', async () => {
  const failure = await failureOf(clientOf().request(get(plain.origin, { plainAllowed: true })), 'status');
  expect(failure.status).toBe(201);
});

describe.each(['http', 'https'])('through an %s proxy', (scheme) => {
  it('the proxy is asked in its own name, with its credentials, which the server does not see', async () => {
    const credentials = { user: 'build', password: 's3cret' };
    const proxy = await startProxy({ credentials, ...(scheme === 'https' ? { authority } : {}) });
    proxy.route('time.example', plain.port);
    const through = clientOf({ ca: [authority.certificate], proxy: { url: proxy.urlWithCredentials } });
    expect((await through.request(get('http://time.example/tsa?a=1', ASKED))).attempts).toBe(1);
    expect(proxy.asked.at(-1)).toBe('http://time.example/tsa?a=1');
    expect(plain.requests.at(-1)?.headers['proxy-authorization']).toBeUndefined();
    expect(plain.requests.at(-1)?.headers.host).toBe('time.example');
    const wrong = clientOf({ ca: [authority.certificate], proxy: { url: proxy.url } });
    const failure = await failureOf(wrong.request(get('http://time.example/', ASKED)), 'status');
    expect(failure.status).toBe(407);
    expect(everythingSaidBy(failure)).not.toContain('s3cret');
    await proxy.close();
  });
});
