import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request as startRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { type Authority, createAuthority } from './authority.ts';
import { type AzureDevOps, startAzureDevOps } from './azure.ts';
import { type GitHub, startGitHubDotCom, startGitHubEnterpriseServer } from './github.ts';
import { type GitLab, startGitLab } from './gitlab.ts';
import type { Platform } from './platform.ts';

let authority: Authority;
let github: GitHub;
let gitlab: GitLab;
let azure: AzureDevOps;

beforeAll(async () => {
  authority = createAuthority();
  [github, gitlab, azure] = await Promise.all([
    startGitHubEnterpriseServer({ authority }),
    startGitLab({ authority, cacheControl: 'max-age=60' }),
    startAzureDevOps({ authority }),
  ]);
});

afterEach(() => {
  for (const platform of [github, gitlab, azure]) platform.heal();
});

afterAll(async () => {
  await Promise.all([github.close(), gitlab.close(), azure.close()]);
  authority.dispose();
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks a fake with nothing of the product in between. */
async function ask(method: string, url: string, headers: Record<string, string> = {}): Promise<Reply> {
  const outgoing = startRequest(url, { method, headers, ca: authority.certificate, agent: false });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/** Verifies a token against the keys that the platform publishes right now. */
async function verified(platform: Platform, token: string, audience: string) {
  const keys = createLocalJWKSet(JSON.parse((await ask('GET', platform.jwksUrl)).body));
  return (await jwtVerify(token, keys, { issuer: platform.issuer, audience })).payload;
}

const bearer = (credential: string | undefined) => ({ authorization: `Bearer ${credential}` });

describe('GitHub', () => {
  it('gives a job a token of its own for the audience it asks for', async () => {
    const job = github.startJob({ repository: 'octo-org/octo-repo', deploymentEnvironment: 'prod' });
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: credential } = job.environment;
    const reply = await ask('GET', `${url}&audience=an%20audience`, bearer(credential));
    const payload = await verified(github, JSON.parse(reply.body).value, 'an audience');
    expect(payload).toMatchObject({
      repository: 'octo-org/octo-repo',
      sub: 'repo:octo-org/octo-repo:environment:prod',
      run_id: job.environment['GITHUB_RUN_ID'],
      sha: job.environment['GITHUB_SHA'],
    });
    expect(github.issuer).toBe(`${job.environment['GITHUB_SERVER_URL']}/_services/token`);
  });

  it('has the owner’s URL as audience when none is asked for', async () => {
    const { environment } = github.startJob();
    const url = environment['ACTIONS_ID_TOKEN_REQUEST_URL'];
    const reply = await ask('GET', `${url}`, bearer(environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']));
    await verified(github, JSON.parse(reply.body).value, `${github.origin}/example-org`);
  });

  it('refuses other credentials, methods and two audiences', async () => {
    const { environment } = github.startJob();
    const url = `${environment['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=a`;
    const own = bearer(environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
    const foreign = bearer(github.startJob().environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
    expect((await ask('GET', url, foreign)).status).toBe(401);
    expect((await ask('GET', url)).status).toBe(401);
    expect((await ask('POST', url, own)).status).toBe(405);
    expect((await ask('GET', `${url}&audience=b`, own)).status).toBe(400);
  });

  it('gives nothing to ask with to a job that may not', () => {
    const { environment } = github.startJob({ mayAsk: false });
    expect(Object.keys(environment).filter((name) => name.startsWith('ACTIONS_'))).toEqual([]);
  });

  it('has the public names as github.com', async () => {
    const dotcom = await startGitHubDotCom({ authority });
    expect(dotcom.issuer).toBe('https://token.actions.githubusercontent.com');
    expect(dotcom.startJob().environment['GITHUB_SERVER_URL']).toBe('https://github.com');
    await dotcom.close();
  });
});

describe('GitLab', () => {
  it('puts each declared token into the job’s environment', async () => {
    const job = gitlab.startJob({ idTokens: { GATE: 'gate', VAULT: ['vault', 'other'] }, timeoutSeconds: 7_200 });
    const payload = await verified(gitlab, job.environment['GATE'] ?? '', 'gate');
    expect(payload).toMatchObject({
      project_path: job.environment['CI_PROJECT_PATH'],
      pipeline_id: '1212',
      runner_id: 7,
      ref_protected: 'true',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(7_200);
    expect((await verified(gitlab, job.environment['VAULT'] ?? '', 'vault')).aud).toEqual(['vault', 'other']);
  });

  it('names the fork as the project in a fork’s merge-request pipeline', () => {
    const facts = { projectPath: 'fork/app', projectId: '9', jobProjectPath: 'parent/app', jobProjectId: '5' };
    expect(gitlab.startJob(facts).claims()).toMatchObject({
      project_path: 'fork/app',
      project_id: '9',
      job_project_path: 'parent/app',
      job_project_id: '5',
    });
  });

  it('says in its configuration where the keys are', async () => {
    const reply = await ask('GET', `${gitlab.origin}/.well-known/openid-configuration`);
    expect(JSON.parse(reply.body)).toMatchObject({ issuer: gitlab.issuer, jwks_uri: gitlab.jwksUrl });
    expect((await ask('GET', gitlab.jwksUrl)).headers['cache-control']).toBe('max-age=60');
  });
});

describe('Azure DevOps', () => {
  const suppress = { 'x-tfs-fedauthredirect': 'Suppress', 'content-type': 'application/json' };
  const connection = '11111111-2222-3333-4444-555555555555';

  function startJob() {
    const { environment } = azure.startJob({ connections: { [connection]: 'prod' } });
    const url = `${environment['SYSTEM_OIDCREQUESTURI']}?api-version=7.1`;
    return { environment, url, own: { ...bearer(environment['SYSTEM_ACCESSTOKEN']), ...suppress } };
  }

  it('gives a pipeline its token', async () => {
    const { environment, url, own } = startJob();
    const reply = await ask('POST', url, own);
    const payload = await verified(azure, JSON.parse(reply.body).oidcToken, 'api://AzureADTokenExchange');
    expect(payload).toMatchObject({
      sub: 'p://example-org/example-project/Release',
      org_id: azure.organizationId,
      run_id: environment['BUILD_BUILDID'],
      rpo_id: environment['BUILD_REPOSITORY_ID'],
    });
    expect(azure.issuer).toContain(azure.organizationId);
  });

  it('gives a service connection a token without claims of the run', async () => {
    const { url, own } = startJob();
    const reply = await ask('POST', `${url}&serviceConnectionId=${connection}`, own);
    const payload = await verified(azure, JSON.parse(reply.body).oidcToken, 'api://AzureADTokenExchange');
    expect(payload.sub).toBe('sc://example-org/example-project/prod');
    expect(payload['run_id']).toBeUndefined();
    expect((await ask('POST', `${url}&serviceConnectionId=${azure.organizationId}`, own)).status).toBe(404);
  });

  it('keeps the rules of the real service', async () => {
    const { environment, url, own } = startJob();
    expect((await ask('GET', url, own)).status).toBe(405);
    expect((await ask('POST', `${environment['SYSTEM_OIDCREQUESTURI']}`, own)).status).toBe(400);
    expect((await ask('POST', url, { ...own, authorization: 'Bearer wrong' })).status).toBe(401);
    const redirected = await ask('POST', url, { authorization: 'Bearer wrong', 'content-type': 'application/json' });
    expect(redirected.status).toBe(302);
    expect(redirected.headers['x-vss-e2eid']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('keys', () => {
  it('rotate and are withdrawn', async () => {
    const { kid } = gitlab.keys;
    const old = gitlab.mint({ iss: gitlab.issuer, aud: 'a' });
    await gitlab.keys.rotate();
    const fresh = gitlab.mint({ iss: gitlab.issuer, aud: 'a' });
    await verified(gitlab, old, 'a');
    await verified(gitlab, fresh, 'a');
    gitlab.keys.withdraw(kid);
    await verified(gitlab, fresh, 'a');
    await expect(verified(gitlab, old, 'a')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('of one platform are not those of another', async () => {
    const token = gitlab.mint({ iss: github.issuer, aud: 'a' }, { kid: github.keys.kid });
    await expect(verified(github, token, 'a')).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('can be fetched by another implementation', async () => {
    const keys = createRemoteJWKSet(new URL(github.jwksUrl), {
      [customFetch]: async (url) => new Response((await ask('GET', url)).body),
    });
    await jwtVerify(github.mint({ iss: github.issuer }), keys);
  });
});

describe('a server', () => {
  it('counts requests, and those for its keys', async () => {
    const before = { all: github.requests.length, jwks: github.jwksRequests };
    await ask('GET', github.jwksUrl);
    await ask('GET', `${github.origin}/elsewhere?x=1`);
    expect(github.requests.length - before.all).toBe(2);
    expect(github.jwksRequests - before.jwks).toBe(1);
    expect(github.requests.at(-1)).toMatchObject({ method: 'GET', path: '/elsewhere' });
  });

  it('fails as planned, in order, on the paths that are meant, and then well', async () => {
    github.fail({ kind: 'status', status: 500 }, 1, '/jwks');
    github.fail({ kind: 'status', status: 429, headers: { 'retry-after': '2' } }, 1, '/jwks');
    expect((await ask('GET', `${github.origin}/elsewhere`)).status).toBe(404);
    expect((await ask('GET', github.jwksUrl)).status).toBe(500);
    expect((await ask('GET', github.jwksUrl)).headers['retry-after']).toBe('2');
    expect((await ask('GET', github.jwksUrl)).status).toBe(200);
  });

  it.each([
    [{ kind: 'redirect', status: 302, to: 'https://elsewhere.example/' }, { status: 302 }],
    [{ kind: 'content-type', value: 'text/html' }, { status: 200 }],
    [
      { kind: 'body', body: '{}' },
      { status: 200, body: '{}' },
    ],
    [{ kind: 'slow', ms: 20 }, { status: 200 }],
  ] as const)('answers with %j', async (fault, expected) => {
    github.fail(fault, 1);
    expect(await ask('GET', github.jwksUrl)).toMatchObject(expected);
  });

  it.each([
    [{ kind: 'reset' }, 'ECONNRESET'],
    [{ kind: 'reset-in-body' }, 'ECONNRESET'],
    [{ kind: 'garbage' }, 'HPE_INVALID_CONSTANT'],
  ] as const)('breaks off with %j', async (fault, code) => {
    github.fail(fault, 1);
    await expect(ask('GET', github.jwksUrl)).rejects.toMatchObject({ code });
  });

  it('is down until it is up again, on the same port', async () => {
    await github.down();
    await expect(ask('GET', github.jwksUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await github.up();
    expect((await ask('GET', github.jwksUrl)).status).toBe(200);
  });
});
