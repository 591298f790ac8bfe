import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { json } from '../../../../../test/fakes/json.ts';
import { type FakeProxy, startProxy } from '../../../../../test/fakes/proxy.ts';
import { type FakeServer, startServer } from '../../../../../test/fakes/server.ts';
import { proxyFor, proxyFromEnvironment } from '../../../src/io/http/proxy.ts';
import { parseTarget } from '../../../src/io/http/target.ts';
import { clientOf, everythingSaidBy, failureOf, get, QUICK } from './harness.ts';

const CREDENTIALS = { user: 'build agent', password: 's3cret:p@ss/word' };

let authority: Authority;
let server: FakeServer;

beforeAll(async () => {
  authority = createAuthority();
  server = await startServer({ authority, names: ['service.example'] }, () => json(200, { ok: true }));
});

afterAll(async () => {
  await server.close();
  authority.dispose();
});

const through = (url: string, noProxy?: string) =>
  clientOf({ ca: [authority.certificate], proxy: noProxy === undefined ? { url } : { url, noProxy } });

describe.each(['http', 'https'])('an %s proxy', (scheme) => {
  let proxy: FakeProxy;

  beforeAll(async () => {
    proxy = await startProxy({ credentials: CREDENTIALS, ...(scheme === 'https' ? { authority } : {}) });
    proxy.route('service.example:443', server.port);
  });
  afterEach(() => proxy.heal());
  afterAll(() => proxy.close());

  it('leads to the host by CONNECT, with the credentials of its URL; the host sees nothing of them', async () => {
    const response = await through(proxy.urlWithCredentials).request(get('https://service.example/answer'));
    expect(response.attempts).toBe(1);
    expect(proxy.asked.at(-1)).toBe('service.example:443');
    expect(server.requests.at(-1)?.headers['proxy-authorization']).toBeUndefined();
    expect(server.requests.at(-1)?.headers.host).toBe('service.example');
  });

  it('does not stand in for the host’s certificate', async () => {
    proxy.route('other.example:443', server.port);
    const failure = await failureOf(through(proxy.urlWithCredentials).request(get('https://other.example/')), 'tls');
    expect(failure.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('that asks for other credentials is told once', async () => {
    const before = proxy.asked.length;
    const wrong = proxy.url.replace('://', '://somebody:s3cret@');
    const failure = await failureOf(through(wrong).request(get('https://service.example/')), 'proxy');
    expect(failure).toMatchObject({ status: 407, attempts: 1 });
    expect(proxy.asked.length - before).toBe(1);
    expect(everythingSaidBy(failure)).not.toContain('s3cret');
  });

  it.each([502, 503, 504, 429])('that answers %d is tried again', async (status) => {
    proxy.fail({ kind: 'status', status }, 1);
    const response = await through(proxy.urlWithCredentials).request(get('https://service.example/'));
    expect(response.attempts).toBe(2);
  });

  it('that drops the connection is tried again', async () => {
    proxy.fail({ kind: 'reset' }, 1);
    const response = await through(proxy.urlWithCredentials).request(get('https://service.example/'));
    expect(response.attempts).toBe(2);
  });

  it('that forbids the host is not', async () => {
    proxy.fail({ kind: 'status', status: 403 });
    const failure = await failureOf(
      through(proxy.urlWithCredentials).request(get('https://service.example/')),
      'proxy',
    );
    expect(failure).toMatchObject({ status: 403, attempts: 1 });
    expect(everythingSaidBy(failure)).not.toContain('s3cret');
  });

  it('that says nothing costs no more than the deadline', async () => {
    proxy.fail({ kind: 'silent' });
    const start = Date.now();
    const request = get('https://service.example/', {
      deadline: start + 500,
      retry: { ...QUICK, attemptMs: 60_000 },
    });
    await failureOf(through(proxy.urlWithCredentials).request(request), 'timeout');
    expect(Date.now() - start).toBeLessThan(2_500);
  });

  it('that speaks before the host can is refused', async () => {
    proxy.fail({ kind: 'chatty' });
    const failure = await failureOf(
      through(proxy.urlWithCredentials).request(get('https://service.example/')),
      'proxy',
    );
    expect(failure.attempts).toBe(1);
    expect(failure.message).not.toContain('early');
  });

  it('is not used for the hosts of NO_PROXY', async () => {
    const before = proxy.asked.length;
    await through(proxy.urlWithCredentials, 'localhost').request(get(`${server.origin}/`));
    expect(proxy.asked.length).toBe(before);
  });
});

it('an https proxy whose certificate is not trusted gets no credentials', async () => {
  const other = createAuthority('Somebody else');
  const proxy = await startProxy({ authority: other, credentials: CREDENTIALS });
  const failure = await failureOf(through(proxy.urlWithCredentials).request(get('https://service.example/')), 'proxy');
  expect(failure.attempts).toBe(1);
  expect(proxy.asked).toHaveLength(0);
  await proxy.close();
  other.dispose();
});

it('a proxy that is down is a failure of the proxy', async () => {
  const proxy = await startProxy();
  await proxy.close();
  const failure = await failureOf(through(proxy.url).request(get('https://service.example/')), 'proxy');
  expect(failure.attempts).toBe(QUICK.attempts);
});

describe('a proxy setting', () => {
  it.each([
    'socks5://u:s3cret@proxy.example:1080',
    'http://',
    'http://u:s3cret@:80',
    'http://u:s3cret%zz@proxy.example',
  ])('%s is refused, and not shown', async (url) => {
    const failure = await failureOf(through(url).request(get('https://service.example/')), 'proxy');
    expect(failure.attempts).toBe(0);
    expect(everythingSaidBy(failure)).not.toContain('s3cret');
  });

  const target = parseTarget('https://service.example/');

  it.each([
    ['http://proxy.example:3128', { secure: false, host: 'proxy.example', port: 3128 }],
    ['proxy.example:3128', { secure: false, host: 'proxy.example', port: 3128 }],
    ['http://proxy.example', { secure: false, host: 'proxy.example', port: 80 }],
    ['https://proxy.example', { secure: true, host: 'proxy.example', port: 443 }],
    ['http://[::1]:3128/', { secure: false, host: '::1', port: 3128 }],
    [
      'http://u%40x:p%3Aw@proxy.example:3128',
      { secure: false, host: 'proxy.example', port: 3128, authorization: 'Basic dUB4OnA6dw==' },
    ],
  ])('%s', (url, expected) => {
    expect(proxyFor(target, { url })).toEqual(expected);
  });

  it.each([
    ['service.example', true],
    ['SERVICE.Example.', true],
    ['example', true],
    ['.example', true],
    ['*.example', true],
    ['*', true],
    ['other.example, service.example', true],
    ['other.example service.example:443', true],
    ['service.example:8443', false],
    ['ervice.example', false],
    ['service.example.org', false],
    ['a.service.example', false],
    ['', false],
    [',', false],
    ['.', false],
  ])('NO_PROXY=%s exempts service.example: %s', (noProxy, exempt) => {
    expect(proxyFor(target, { url: 'proxy.example', noProxy }) === undefined).toBe(exempt);
  });

  it.each([
    ['::1', true],
    ['[::1]', true],
    ['[::1]:8443', true],
    ['[::1]:443', false],
  ])('NO_PROXY=%s exempts [::1]:8443: %s', (noProxy, exempt) => {
    const address = parseTarget('https://[::1]:8443/');
    expect(proxyFor(address, { url: 'proxy.example', noProxy }) === undefined).toBe(exempt);
  });
});

describe('the environment', () => {
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTP_PROXY: 'http://a.example' }, undefined],
    [{ HTTPS_PROXY: 'http://a.example' }, { url: 'http://a.example' }],
    [
      { HTTPS_PROXY: 'http://a.example', https_proxy: 'http://b.example', NO_PROXY: 'c', no_proxy: 'd' },
      { url: 'http://b.example', noProxy: 'd' },
    ],
  ])('%j', (environment, expected) => {
    expect(proxyFromEnvironment(environment)).toEqual(expected);
  });
});
