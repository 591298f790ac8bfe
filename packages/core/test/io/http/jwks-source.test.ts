import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import type { Fault } from '../../../../../test/fakes/faults.ts';
import { type GitLab, startGitLab } from '../../../../../test/fakes/gitlab.ts';
import { type Jwks, type JwksSource, parseJwks } from '../../../src/domain/auth/oidc/token/jwks.ts';
import { AuthenticationError } from '../../../src/domain/diagnosis.ts';
import {
  askAhead,
  createJwksFileSource,
  createJwksUrlSource,
  type JwksUrlOptions,
} from '../../../src/io/http/jwks-source.ts';
import { clientOf, everythingSaidBy, QUICK } from './harness.ts';

const kids = ({ keys }: Jwks) => keys.map(({ kid }) => kid);

async function refusal(promise: Promise<unknown>): Promise<AuthenticationError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error).toMatchObject({ code: 'CAVRA-E314' });
  return error as AuthenticationError;
}

describe('keys from a URL', () => {
  const cacheMs = 600_000;
  let authority: Authority;
  let issuer: GitLab;
  let time = 0;
  let source: JwksSource;

  const sourceOf = (platform: GitLab, more: Partial<JwksUrlOptions> = {}) =>
    createJwksUrlSource({
      url: platform.jwksUrl,
      http: clientOf({ ca: [authority.certificate], now: () => time }),
      now: () => time,
      cacheMs,
      retry: { ...QUICK, attempts: 2 },
      ...more,
    });

  beforeAll(async () => {
    authority = createAuthority();
    issuer = await startGitLab({ authority });
  });
  beforeEach(() => {
    time = Date.now();
    source = sourceOf(issuer);
  });
  afterEach(() => issuer.heal());
  afterAll(async () => {
    await issuer.close();
    authority.dispose();
  });

  /** Asks and returns how many requests that took. */
  async function requestsFor(ask: () => Promise<unknown>, platform = issuer): Promise<number> {
    const before = platform.jwksRequests;
    await ask();
    return platform.jwksRequests - before;
  }
  const get = (refresh = false) => source.get({ refresh });

  it('are those that the issuer publishes, vetted', async () => {
    const [key] = (await get()).keys;
    expect(key).toMatchObject({ kid: issuer.keys.kid, usable: true, algorithm: 'RS256' });
  });

  it('are fetched once until they expire', async () => {
    expect(await requestsFor(() => get())).toBe(1);
    time += cacheMs - 1;
    expect(await requestsFor(() => get())).toBe(0);
    time += 1;
    expect(await requestsFor(() => get())).toBe(1);
  });

  it('are fetched once for callers that come together', async () => {
    issuer.fail({ kind: 'slow', ms: 50 }, 1);
    expect(await requestsFor(() => Promise.all([get(), get(), get(true), get(true)]))).toBe(1);
  });

  it('are fetched again when the clock was set back', async () => {
    await get();
    time -= 1_000;
    expect(await requestsFor(() => get())).toBe(1);
  });

  it('that are new are found at once by a refresh', async () => {
    await get();
    await issuer.keys.rotate();
    expect(kids(await get())).not.toContain(issuer.keys.kid);
    expect(kids(await get(true))).toContain(issuer.keys.kid);
    expect(kids(await get())).toContain(issuer.keys.kid);
  });

  it('that are withdrawn no longer count after expiry', async () => {
    const withdrawn = issuer.keys.kid;
    await issuer.keys.rotate();
    expect(kids(await get())).toContain(withdrawn);
    issuer.keys.withdraw(withdrawn);
    time += cacheMs;
    expect(kids(await get())).not.toContain(withdrawn);
  });

  it('are not fetched for a flood of made-up key ids', async () => {
    await get();
    const flood = async () => {
      for (let i = 0; i < 50; i += 1) await get(true);
    };
    expect(await requestsFor(flood)).toBe(1);
    time += 30_000;
    expect(await requestsFor(flood)).toBe(1);
  });

  it('are never used after expiry when the issuer fails', async () => {
    await get();
    issuer.fail({ kind: 'status', status: 500 });
    expect(kids(await get())).toHaveLength(issuer.keys.jwks().keys.length);
    time += cacheMs;
    await refusal(get());
    await refusal(get(true));
    issuer.heal();
    // A failure is not kept either.
    await get();
  });

  it('at hand stay in use when a refresh fails', async () => {
    await get();
    issuer.fail({ kind: 'status', status: 500 });
    await refusal(get(true));
    expect(kids(await get())).toContain(issuer.keys.kid);
  });

  it.each<[string, Fault, RegExp]>([
    ['refuses', { kind: 'status', status: 403 }, /status 403/],
    ['is failing', { kind: 'status', status: 500 }, /status 500 \(2 attempts\)/],
    ['redirects', { kind: 'redirect', status: 302, to: 'https://localhost/' }, /redirect \(302\)/],
    ['sends HTML', { kind: 'content-type', value: 'text/html' }, /not application\/json/],
    ['sends 50 MB', { kind: 'huge', bytes: 50 * 1024 * 1024, announced: false }, /more than 262144 bytes/],
    ['sends no JSON', { kind: 'body', body: '<html>' }, /not valid JSON/],
    ['sends JSON without keys', { kind: 'body', body: '{"keys":{}}' }, /no list of keys/],
    ['sends a bomb', { kind: 'body', body: '['.repeat(200_000) }, /nested deeper/],
    ['hangs up', { kind: 'reset-in-body' }, /dropped/],
  ])('of an issuer that %s are an error', async (_name, fault, message) => {
    issuer.fail(fault);
    expect((await refusal(get())).message).toMatch(message);
  });

  it('of an issuer that is silent are an error within the time for a fetch', async () => {
    issuer.fail({ kind: 'silent' });
    const error = await refusal(sourceOf(issuer, { requestMs: 300 }).get({ refresh: false }));
    expect(error.message).toContain('no whole answer in time');
  });

  it('are not waited for beyond the end of the run', async () => {
    issuer.fail({ kind: 'silent' });
    await refusal(sourceOf(issuer, { deadline: time + 300 }).get({ refresh: false }));
  });

  it('of an issuer that fails for a moment are had all the same', async () => {
    issuer.fail({ kind: 'status', status: 503 }, 1);
    await get();
  });

  it('are not asked for over plain http', async () => {
    await refusal(sourceOf(issuer, { url: 'http://localhost/keys' }).get({ refresh: false }));
  });

  it('never show the query of their URL', async () => {
    issuer.fail({ kind: 'status', status: 403 });
    const url = `${issuer.jwksUrl}?key=s3cret`;
    const error = await refusal(sourceOf(issuer, { url }).get({ refresh: false }));
    expect(everythingSaidBy(error)).not.toContain('s3cret');
  });

  it.each([
    ['max-age=60', 60_000],
    ['public, Max-Age="60", must-revalidate', 60_000],
    ['max-age=31536000', cacheMs],
    ['max-age=31536000, no-cache', 30_000],
    ['no-store', 30_000],
    ['max-age=0', 30_000],
    ['s-maxage=1', cacheMs],
  ])('with Cache-Control %s are used for %d ms', async (cacheControl, ms) => {
    const other = await startGitLab({ authority, cacheControl });
    source = sourceOf(other);
    await get();
    time += ms - 1;
    expect(await requestsFor(() => get(), other)).toBe(0);
    time += 1;
    expect(await requestsFor(() => get(), other)).toBe(1);
    await other.close();
  });
});

describe('keys from a file', () => {
  let folder: string;
  const file = () => join(folder, 'jwks.json');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-jwks-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read anew each time', async () => {
    const source = createJwksFileSource(file());
    writeFileSync(file(), '{"keys":[{"kid":"a"}]}');
    expect(kids(await source.get({ refresh: false }))).toEqual(['a']);
    writeFileSync(file(), '{"keys":[{"kid":"b"}]}');
    expect(kids(await source.get({ refresh: false }))).toEqual(['b']);
  });

  it.each([
    ['is missing', () => {}, 'does not exist'],
    ['is a folder', () => mkdirSync(file()), 'is not a regular file'],
    [
      'is a link',
      () => {
        writeFileSync(join(folder, 'target'), '{"keys":[]}');
        symlinkSync('target', file());
      },
      'is a link',
    ],
    ['is too large', () => writeFileSync(file(), ' '.repeat(300_000)), 'is larger than 262144 bytes'],
    ['is no JWKS', () => writeFileSync(file(), '[]'), 'has no list of keys'],
  ])('that %s are an error', async (_name, prepare, message) => {
    prepare();
    const error = await refusal(createJwksFileSource(file()).get({ refresh: false }));
    expect(error.message).toContain(message);
  });
});

describe('keys that are asked for ahead', () => {
  function counted(answer: (question: number) => Promise<Jwks>) {
    const asked: boolean[] = [];
    const source: JwksSource = {
      get: ({ refresh }) => {
        asked.push(refresh);
        return answer(asked.length);
      },
    };
    return { asked, source };
  }
  const keysOf = (question: number) => Promise.resolve(parseJwks(Buffer.from(`{"keys":[{"kid":"${question}"}]}`)));

  it('are the first answer, and the source has the others', async () => {
    const { asked, source } = counted(keysOf);
    const ahead = askAhead(source);
    expect(asked).toEqual([false]);
    expect(kids(await ahead.get({ refresh: false }))).toEqual(['1']);
    expect(kids(await ahead.get({ refresh: true }))).toEqual(['2']);
    expect(kids(await ahead.get({ refresh: false }))).toEqual(['3']);
    expect(asked).toEqual([false, true, false]);
  });

  it('are not what is wanted when newer ones are', async () => {
    const ahead = askAhead(counted(keysOf).source);
    expect(kids(await ahead.get({ refresh: true }))).toEqual(['2']);
  });

  it('that cannot be had are a failure for who needs them, once, and for nobody else', async () => {
    const { source } = counted((question) =>
      question === 1 ? Promise.reject(new AuthenticationError('CAVRA-E314', 'no')) : keysOf(question),
    );
    const ahead = askAhead(source);
    await new Promise((resolve) => setImmediate(resolve));
    await refusal(ahead.get({ refresh: false }));
    expect(kids(await ahead.get({ refresh: false }))).toEqual(['2']);
  });
});
