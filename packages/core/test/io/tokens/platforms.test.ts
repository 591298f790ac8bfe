import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { type AzureDevOps, startAzureDevOps } from '../../../../../test/fakes/azure.ts';
import type { Fault } from '../../../../../test/fakes/faults.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../../../../test/fakes/github.ts';
import { type GitLab, startGitLab } from '../../../../../test/fakes/gitlab.ts';
import type { Platform } from '../../../../../test/fakes/platform.ts';
import type { DiagnosisCode } from '../../../src/domain/diagnosis.ts';
import type { HttpClient } from '../../../src/io/http/http-client.ts';
import { acquireToken, locateToken, type TokenOptions } from '../../../src/io/tokens/index.ts';
import { everythingSaidBy } from '../http/harness.ts';
import { AUDIENCE, impatientClient, NOBODY, refusalOf, tokenOptions } from './harness.ts';

let authority: Authority;
let github: GitHub;
let gitlab: GitLab;
let azure: AzureDevOps;
let http: HttpClient;

beforeAll(async () => {
  authority = createAuthority();
  [github, gitlab, azure] = await Promise.all([
    startGitHubEnterpriseServer({ authority }),
    startGitLab({ authority }),
    startAzureDevOps({ authority }),
  ]);
  http = impatientClient(authority.certificate);
});

afterEach(() => {
  for (const platform of [github, gitlab, azure]) platform.heal();
});

afterAll(async () => {
  await Promise.all([github.close(), gitlab.close(), azure.close()]);
  authority.dispose();
});

describe('GitHub', () => {
  const ask = (environment: Record<string, string>, more: Partial<TokenOptions> = {}) =>
    tokenOptions('github-actions', environment, http, more);

  it('is asked with the job’s credential for the audience', async () => {
    const { environment } = github.startJob();
    const acquired = await acquireToken(ask(environment, { audience: 'an audience & more' }));
    expect(acquired).toMatchObject({ source: 'github-token-service', warnings: [] });
    expect(decodeJwt(acquired.token)).toMatchObject({ aud: 'an audience & more', iss: github.issuer });
    expect(github.requests.at(-1)?.query.getAll('audience')).toEqual(['an audience & more']);
  });

  it('is asked by a URL without a query as well', async () => {
    const before = github.requests.length;
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${github.origin}/token`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-bearer',
    };
    await refusalOf(ask(environment), 'CAVRA-E312');
    expect(github.requests.slice(before).map(({ path, query }) => `${path}?${query}`)).toEqual([
      `/token?audience=${AUDIENCE}`,
    ]);
  });

  it('that refuses the credential is told apart from one that fails', async () => {
    const { environment } = github.startJob();
    const before = github.requests.length;
    const refusal = await refusalOf(
      ask({ ...environment, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'another-bearer' }),
      'CAVRA-E312',
    );
    expect(refusal.message).toContain('status 401');
    expect(github.requests.length - before).toBe(1);
  });

  it.each(['http://localhost/token', 'not a url', 'https://user:s3cret@localhost/', 'https://localhost/#s3cret'])(
    'gets the credential only by a plain https URL, not by %s',
    async (url) => {
      const environment = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-bearer' };
      const refusal = await refusalOf(ask(environment), 'CAVRA-E201');
      expect(refusal.message).toContain('ACTIONS_ID_TOKEN_REQUEST_URL');
      expect(everythingSaidBy(refusal)).not.toContain('s3cret');
    },
  );

  it('is not asked with a credential that no header can carry', async () => {
    const { environment } = github.startJob();
    const before = github.requests.length;
    await refusalOf(ask({ ...environment, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer\r\nx-injected: 1' }), 'CAVRA-E201');
    expect(github.requests.length).toBe(before);
  });

  describe('that gives a job nothing to ask with', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'cavra-event-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    async function diagnosis(facts: Parameters<GitHub['startJob']>[0], event?: unknown): Promise<string> {
      const { environment } = github.startJob({ ...facts, mayAsk: false });
      const path = join(folder, 'event.json');
      writeFileSync(path, typeof event === 'string' ? event : JSON.stringify(event ?? {}));
      const refusal = await refusalOf(ask({ ...environment, GITHUB_EVENT_PATH: path }), 'CAVRA-E310');
      return refusal.message;
    }
    const headOf = (repo: unknown) => ({ pull_request: { head: { repo } } });

    it('names the missing permission', async () => {
      expect(await diagnosis({ event: 'push' })).toContain('does not have `permissions: id-token: write`');
      const own = headOf({ full_name: 'Example-Org/example-repo' });
      expect(await diagnosis({ event: 'pull_request' }, own)).toContain('does not have `permissions: id-token: write`');
    });

    it('names the fork', async () => {
      const fork = headOf({ full_name: 'somebody/example-repo' });
      expect(await diagnosis({ event: 'pull_request' }, fork)).toContain('from the fork somebody/example-repo');
      expect(await diagnosis({ event: 'pull_request_review' }, headOf(null))).toContain('a fork that was deleted');
    });

    it('names Dependabot', async () => {
      expect(await diagnosis({ event: 'pull_request', actor: 'dependabot[bot]' })).toContain('started by Dependabot');
    });

    it.each([
      ['is not JSON', '{'],
      ['says nothing', '{}'],
      ['says something else', '{"pull_request":{"head":{"repo":{"full_name":7}}}}'],
      ['says something unprintable', '{"pull_request":{"head":{"repo":{"full_name":"a/b\\n::error::x"}}}}'],
    ])('names both causes when the event %s', async (_name, event) => {
      const message = await diagnosis({ event: 'pull_request' }, event);
      expect(message).toMatch(/id-token: write.*or this pull request comes from a fork/);
    });

    it('names the variable that is missing when only one is', async () => {
      const { environment } = github.startJob();
      const { ACTIONS_ID_TOKEN_REQUEST_TOKEN: _, ...rest } = environment;
      const refusal = await refusalOf(ask(rest), 'CAVRA-E310');
      expect(refusal.message).toContain('ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set although');
    });
  });
});

describe('GitLab', () => {
  const start = (idTokens: Record<string, string>, more: Record<string, string> = {}) =>
    tokenOptions('gitlab-ci', { ...gitlab.startJob({ idTokens }).environment, ...more }, NOBODY);

  it.each([
    ['CAVRA_GITLAB_OIDC_TOKEN', ['CI_JOB_JWT_V2', 'GITLAB_OIDC_TOKEN', 'CAVRA_GITLAB_OIDC_TOKEN']],
    ['GITLAB_OIDC_TOKEN', ['CI_JOB_JWT_V2', 'GITLAB_OIDC_TOKEN']],
  ])('has its token in %s', async (variable, names) => {
    const options = start(Object.fromEntries(names.map((name) => [name, `for ${name}`])));
    const acquired = await acquireToken(options);
    expect(acquired).toMatchObject({ source: 'gitlab-variable', variable, warnings: [] });
    expect(decodeJwt(acquired.token).aud).toBe(`for ${variable}`);
  });

  it('has it in the legacy variable, with a warning', async () => {
    const { warnings, variable } = await acquireToken(start({ CI_JOB_JWT_V2: 'a' }));
    expect(variable).toBe('CI_JOB_JWT_V2');
    expect(warnings).toEqual([expect.stringContaining('GitLab removed in 17.0')]);
  });

  it('has it where CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV says, before the others', async () => {
    const options = start({ MINE: 'mine', GITLAB_OIDC_TOKEN: 'other' }, { CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'MINE' });
    expect(decodeJwt((await acquireToken(options)).token).aud).toBe('mine');
  });

  it('that gave none says what to declare', async () => {
    const refusal = await refusalOf(start({ OTHER: 'a' }), 'CAVRA-E311');
    expect(refusal.message).toMatch(/declares no id_tokens.*no key to sign/);
  });
});

describe('Azure', () => {
  const connection = '11111111-2222-3333-4444-555555555555';
  const ask = (environment: Record<string, string>, more: Partial<TokenOptions> = {}) =>
    tokenOptions('azure-pipelines', environment, http, more);
  const startJob = (facts: Parameters<AzureDevOps['startJob']>[0] = {}) => azure.startJob(facts).environment;

  it('is asked by POST, with the job’s access token', async () => {
    const acquired = await acquireToken(ask(startJob()));
    expect(acquired).toMatchObject({ source: 'azure-token-service', warnings: [] });
    expect(decodeJwt(acquired.token)).toMatchObject({ iss: azure.issuer, org_id: azure.organizationId });
  });

  it('is asked for a service connection’s token', async () => {
    const environment = startJob({ connections: { [connection]: 'prod' } });
    const { token } = await acquireToken(ask(environment, { serviceConnectionId: connection }));
    expect(decodeJwt(token).sub).toBe('sc://example-org/example-project/prod');
  });

  it('is not asked for a service connection whose id is none', async () => {
    await refusalOf(ask(startJob(), { serviceConnectionId: 'prod&x=1' }), 'CAVRA-E201');
  });

  it('is not asked when a token is there already', async () => {
    const environment = { ...startJob(), CAVRA_AZURE_OIDC_TOKEN: 'a.b.c' };
    expect(await acquireToken(tokenOptions('azure-pipelines', environment, NOBODY))).toMatchObject({
      token: 'a.b.c',
      source: 'azure-variable',
      variable: 'CAVRA_AZURE_OIDC_TOKEN',
    });
  });

  it('is asked with CAVRA_AZURE_OIDC_REQUEST_TOKEN first', async () => {
    const environment = startJob();
    const credential = `${environment['SYSTEM_ACCESSTOKEN']}`;
    const acquired = await acquireToken(
      ask({ ...environment, SYSTEM_ACCESSTOKEN: 'another', CAVRA_AZURE_OIDC_REQUEST_TOKEN: credential }),
    );
    expect(acquired.source).toBe('azure-token-service');
  });

  it.each([{}, { SYSTEM_ACCESSTOKEN: '' }, { SYSTEM_ACCESSTOKEN: '$(System.AccessToken)' }])(
    'without an access token (%j) says to map it',
    async (more) => {
      const environment = { ...startJob({ mapsAccessToken: false }), ...more };
      const refusal = await refusalOf(ask(environment), 'CAVRA-E311');
      expect(refusal.message).toContain('SYSTEM_ACCESSTOKEN: $(System.AccessToken)');
    },
  );

  it('that offers no tokens is said so', async () => {
    const { SYSTEM_OIDCREQUESTURI: _, ...environment } = startJob();
    expect((await refusalOf(ask(environment), 'CAVRA-E311')).message).toContain('SYSTEM_OIDCREQUESTURI is not set');
  });

  it('that refuses the access token is quoted with its correlation ids', async () => {
    const refusal = await refusalOf(ask({ ...startJob(), SYSTEM_ACCESSTOKEN: 'another-bearer' }), 'CAVRA-E312');
    expect(refusal.message).toMatch(
      /status 401: the access token is not valid.*\(x-vss-e2eid: .*, x-msedge-ref: Ref A/,
    );
  });

  it.each([
    [302, /not valid for this job/],
    [203, /not valid for this job/],
    [400, /does not take the request/],
    [403, /may not ask/],
    [404, /no such job/],
    [405, /not the address/],
  ])('that answers %d has refused', async (status, message) => {
    azure.fail(status === 302 ? { kind: 'redirect', status, to: 'https://localhost/' } : { kind: 'status', status });
    const refusal = await refusalOf(ask(startJob()), 'CAVRA-E312');
    expect(refusal.message).toMatch(message);
    expect(refusal.message).toContain(`status ${status}`);
  });

  it.each([
    ['another host', { SYSTEM_OIDCREQUESTURI: 'https://localhost.evil.example/oidctoken' }],
    ['another port', { SYSTEM_OIDCREQUESTURI: 'https://localhost:1/oidctoken' }],
    ['plain http', { SYSTEM_OIDCREQUESTURI: 'http://localhost/oidctoken', SYSTEM_COLLECTIONURI: 'http://localhost/' }],
    ['no URL', { SYSTEM_OIDCREQUESTURI: 'oidctoken' }],
    ['another collection', { SYSTEM_COLLECTIONURI: 'https://evil.example/' }],
    ['one of two collections', { SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: 'https://evil.example/' }],
    ['no collection', { SYSTEM_COLLECTIONURI: '', SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: '' }],
    [
      'user information',
      {
        SYSTEM_OIDCREQUESTURI: 'https://a:b@localhost/',
        SYSTEM_COLLECTIONURI: 'https://localhost/',
        SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: '',
      },
    ],
  ])('gets no bearer at %s', async (_name, more) => {
    const before = azure.connections;
    await refusalOf(ask({ ...startJob(), ...more }), 'CAVRA-E201');
    expect(azure.connections).toBe(before);
  });
});

type Service = 'GitHub' | 'Azure';

describe.each<Service>(['GitHub', 'Azure'])('the token service of %s', (service) => {
  const platform = (): Platform => (service === 'GitHub' ? github : azure);
  const options = (more: Partial<TokenOptions> = {}) =>
    service === 'GitHub'
      ? tokenOptions('github-actions', github.startJob().environment, http, more)
      : tokenOptions('azure-pipelines', azure.startJob().environment, http, more);

  it.each<[string, Fault]>([
    ['500', { kind: 'status', status: 500 }],
    ['429 with Retry-After', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    ['a reset', { kind: 'reset' }],
    ['a reset within the body', { kind: 'reset-in-body' }],
  ])('%s, then well', async (_name, fault) => {
    platform().fail(fault, 2);
    expect(decodeJwt((await acquireToken(options())).token).iss).toBe(platform().issuer);
  });

  it.each<[string, Fault, DiagnosisCode, RegExp]>([
    ['keeps failing', { kind: 'status', status: 503 }, 'CAVRA-E313', /status 503 \(5 attempts\)/],
    [
      'asks to wait too long',
      { kind: 'status', status: 429, headers: { 'retry-after': '600' } },
      'CAVRA-E313',
      /wait 600 s/,
    ],
    ['keeps hanging up', { kind: 'reset' }, 'CAVRA-E313', /dropped/],
    ['denies', { kind: 'status', status: 403 }, 'CAVRA-E312', /status 403/],
    ['redirects', { kind: 'redirect', status: 302, to: 'https://localhost/' }, 'CAVRA-E312', /status 302/],
    ['sends HTML', { kind: 'content-type', value: 'text/html' }, 'CAVRA-E313', /not application\/json/],
    ['sends 50 MB', { kind: 'huge', bytes: 50 * 1024 * 1024, announced: true }, 'CAVRA-E313', /more than 65536 bytes/],
    ['sends no JSON', { kind: 'body', body: '<html>' }, 'CAVRA-E313', /not JSON \(syntax\)/],
    ['sends a bomb', { kind: 'body', body: '['.repeat(60_000) }, 'CAVRA-E313', /not JSON \(too_deep\)/],
    ['sends a list', { kind: 'body', body: '[]' }, 'CAVRA-E313', /not an object/],
    ['sends no token', { kind: 'body', body: '{}' }, 'CAVRA-E313', /without a token/],
    ['sends a number', { kind: 'body', body: '{"value":1,"oidcToken":1}' }, 'CAVRA-E313', /without a token/],
    [
      'sends two',
      { kind: 'body', body: '{"value":"a","value":"b","oidcToken":"a","oidcToken":"b"}' },
      'CAVRA-E313',
      /duplicate_member/,
    ],
    ['sends an empty one', { kind: 'body', body: '{"value":"","oidcToken":""}' }, 'CAVRA-E313', /empty/],
    [
      'sends one that is too large',
      { kind: 'body', body: JSON.stringify({ value: 'a'.repeat(20_000), oidcToken: 'a'.repeat(20_000) }) },
      'CAVRA-E313',
      /larger than 16384/,
    ],
  ])('%s', async (_name, fault, code, message) => {
    platform().fail(fault);
    expect((await refusalOf(options(), code)).message).toMatch(message);
  });

  it('is silent: the deadline holds', async () => {
    platform().fail({ kind: 'silent' });
    const start = Date.now();
    await refusalOf(options({ deadline: start + 300 }), 'CAVRA-E313');
    expect(Date.now() - start).toBeLessThan(2_500);
  });

  it('is down', async () => {
    const asked = options();
    await platform().down();
    try {
      expect((await refusalOf(asked, 'CAVRA-E313')).message).toContain('ECONNREFUSED');
    } finally {
      await platform().up();
    }
  });

  it('has a certificate that is not trusted: it gets no credential', async () => {
    const other = createAuthority('Somebody else');
    const before = platform().requests.length;
    const distrusting = { ...options(), http: impatientClient(other.certificate) };
    expect((await refusalOf(distrusting, 'CAVRA-E313')).message).toContain('no trusted TLS connection');
    expect(platform().requests.length).toBe(before);
    other.dispose();
  });

  it('is not asked by those who only look where a token would come from', async () => {
    const { provider, environment } = options();
    const before = platform().connections;
    const located = await locateToken(provider, environment);
    expect(located.source).toBe(service === 'GitHub' ? 'github-token-service' : 'azure-token-service');
    expect(platform().connections).toBe(before);
  });

  it('does not hear of a caller who gave up', async () => {
    const before = platform().connections;
    await refusalOf(options({ signal: AbortSignal.abort() }), 'CAVRA-E313');
    expect(platform().connections).toBe(before);
  });
});
