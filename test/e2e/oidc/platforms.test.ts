import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startGitHubDotCom } from '../../fakes/github.ts';
import { startProxy } from '../../fakes/proxy.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import { AUDIENCE, azureTrust, gitlabTrust, type Platforms, runGate, startPlatforms } from './harness.ts';

let platforms: Platforms;

beforeAll(async () => {
  platforms = await startPlatforms();
});
afterEach(() => platforms.heal());
afterAll(() => platforms.close());

describe.each(nodeBinaries())('on $name', ({ path: node }) => {
  it('a GitHub Enterprise Server’s job passes with nothing configured', async () => {
    const { github } = platforms;
    const { environment } = github.startJob();
    const { status, report } = await runGate(platforms, { environment, node });
    expect(report).toMatchObject({
      verdict: 'pass',
      decisions: [{ decision: 'allow' }],
      authentication: {
        method: 'oidc',
        provider: 'github-actions',
        repository: 'example-org/example-repo',
        key_id: github.keys.kid,
      },
      evidence: { valid: true, records: 1 },
    });
    expect(report.authentication?.verified).toEqual(
      expect.arrayContaining(['provider', 'repository', 'run_id', 'ref', 'sha']),
    );
    expect(status).toBe(0);
  });

  it('a self-managed GitLab’s job passes with its instance pinned', async () => {
    const { gitlab } = platforms;
    const job = gitlab.startJob({ idTokens: { CAVRA_GITLAB_OIDC_TOKEN: AUDIENCE } });
    const environment = { ...job.environment, ...gitlabTrust(gitlab) };
    const { status, report } = await runGate(platforms, { environment, node });
    expect(report).toMatchObject({
      verdict: 'pass',
      decisions: [{ decision: 'allow' }],
      authentication: { method: 'oidc', provider: 'gitlab-ci', repository: 'example-group/example-project' },
    });
    expect(report.authentication?.verified).toEqual(
      expect.arrayContaining(['provider', 'repository', 'run_id', 'ref', 'sha']),
    );
    expect(status).toBe(0);
  });

  it('an Azure DevOps collection’s job passes with its organisation pinned', async () => {
    const { azure } = platforms;
    const environment = { ...azure.startJob().environment, ...azureTrust(azure) };
    const { status, report } = await runGate(platforms, { environment, node });
    expect(report).toMatchObject({
      verdict: 'pass',
      decisions: [{ decision: 'allow' }],
      authentication: { method: 'oidc', provider: 'azure-pipelines', repository: 'example-org/example-repo' },
    });
    expect(report.authentication?.verified).toEqual(
      expect.arrayContaining(['provider', 'repository', 'run_id', 'ref', 'sha']),
    );
    expect(status).toBe(0);
  });

  it('a github.com job passes through the proxy of its network', async () => {
    const { authority } = platforms;
    const dotcom = await startGitHubDotCom({ authority });
    const proxy = await startProxy({ credentials: { user: 'agent', password: 'pass word' } });
    proxy.route('token.actions.githubusercontent.com:443', dotcom.port);
    try {
      const environment = { ...dotcom.startJob().environment, HTTPS_PROXY: proxy.urlWithCredentials };
      const { status, report } = await runGate(platforms, { environment, node });
      expect(report).toMatchObject({ verdict: 'pass', authentication: { method: 'oidc' } });
      expect(status).toBe(0);
      // Token and keys are asked for at the same time.
      const asked = [`localhost:${dotcom.port}`, 'token.actions.githubusercontent.com:443'];
      expect([...proxy.asked].sort()).toEqual(asked);
    } finally {
      await Promise.all([proxy.close(), dotcom.close()]);
    }
  });
});

it('several requests of one run ask the platform once for a token, and once for its keys', async () => {
  const { github } = platforms;
  const before = { all: github.requests.length, jwks: github.jwksRequests };
  const files = { 'second.json': '{"release_governance":{"metadata_kind":"rollout-promotion-execution"}}' };
  const { report } = await runGate(platforms, {
    environment: github.startJob().environment,
    args: ['second.json', '--expected-decision', 'allow'],
    files,
  });
  expect(report.evidence?.records).toBe(2);
  expect(github.jwksRequests - before.jwks).toBe(1);
  expect(github.requests.length - before.all).toBe(2);
});

it('keys that the platform rotates between two jobs are found, and withdrawn ones are refused', async () => {
  const { github } = platforms;
  const withdrawn = github.keys.kid;
  const stale = github.mint(github.startJob().claims(AUDIENCE));
  await github.keys.rotate();
  const { report } = await runGate(platforms, { environment: github.startJob().environment });
  expect(report).toMatchObject({ verdict: 'pass', authentication: { key_id: github.keys.kid } });

  github.keys.withdraw(withdrawn);
  const environment = { ...github.startJob().environment, CAVRA_RUNNER_AUTH_OIDC_TOKEN: stale };
  const refused = await runGate(platforms, { environment });
  expect(refused).toMatchObject({ status: 3, report: { diagnosis: { code: 'CAVRA-E316' } } });
});
