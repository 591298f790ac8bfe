import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AUDIENCE, azureTrust, gitlabTrust, type Platforms, runGate, startPlatforms } from './harness.ts';

let platforms: Platforms;
beforeAll(async () => {
  platforms = await startPlatforms();
});
afterAll(() => platforms.close());

const POLICY = (rule: string) => `schema_version: cavra.release-governance.trust-policy.v1\nrules:\n${rule}`;
const RELEASES = POLICY(`
  - name: releases from the guarded environment
    provider: github-actions
    match:
      repository: example-org/example-repo
      repository_id: "74112233"
      environment: production
    requests:
      metadata_kind: [rollout-promotion-execution]
`);
const PULL_REQUESTS = POLICY(`
  - name: pull requests are checked too
    provider: github-actions
    match:
      repository: example-org/example-repo
      repository_id: "74112233"
      event_name: pull_request
      ref: { glob: refs/pull/*/merge }
`);

const pullRequest = () =>
  platforms.github.startJob({ event: 'pull_request', ref: 'refs/pull/7/merge', headRef: 'topic', baseRef: 'main' });

describe('without a trust policy', () => {
  it('a pull request is authenticated, but not trusted, and its refusal is evidence', async () => {
    const { status, report } = await runGate(platforms, { environment: pullRequest().environment });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 3, code: 'CAVRA-E320' });
    expect(report.decisions).toMatchObject([{ decision: 'block', rule_id: 'runner_trust.denied' }]);
    expect(report.evidence).toMatchObject({ valid: true, records: 1 });
  });

  it.each(['pull_request_target', 'workflow_run', 'issue_comment'])(
    'nor is %s, with the base’s rights',
    async (event) => {
      const { environment } = platforms.github.startJob({ event });
      const { status, report } = await runGate(platforms, { environment });
      expect({ status, code: report.diagnosis?.code }).toEqual({ status: 3, code: 'CAVRA-E320' });
    },
  );

  it('nor a merge request of GitLab', async () => {
    const { environment } = platforms.gitlab.startJob({
      pipelineSource: 'merge_request_event',
      idTokens: { GITLAB_OIDC_TOKEN: AUDIENCE },
    });
    // The trust comes from the instance's administrator, so it stands in a file that a digest pins; variables would be refused.
    const refused = await runGate(platforms, { environment: { ...environment, ...gitlabTrust(platforms.gitlab) } });
    expect({ status: refused.status, code: refused.report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E212' });
  });
});

describe('a trust policy', () => {
  const files = { 'policy.yaml': RELEASES };
  const args = ['--trust-policy', 'policy.yaml'];

  it('lets a release pass from the environment whose reviewers guard it', async () => {
    const { environment } = platforms.github.startJob({ deploymentEnvironment: 'production' });
    const { status } = await runGate(platforms, { environment, files, args });
    expect(status).toBe(0);
  });

  it.each([
    ['another environment', { deploymentEnvironment: 'staging' }],
    ['no environment', {}],
    ['a repository of the same name with another id', { deploymentEnvironment: 'production', repositoryId: '1' }],
    ['another repository', { deploymentEnvironment: 'production', repository: 'example-org/example-repo-evil' }],
  ])('stops %s', async (_, facts) => {
    const { environment } = platforms.github.startJob(facts);
    const { status, report } = await runGate(platforms, { environment, files, args });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 3, code: 'CAVRA-E320' });
    expect(report.diagnosis?.message).toContain('releases from the guarded environment');
  });

  it('that is not valid stops everybody', async () => {
    const { environment } = platforms.github.startJob({ deploymentEnvironment: 'production' });
    const { status, report } = await runGate(platforms, { environment, files: { 'policy.yaml': 'rules: []' }, args });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E210' });
  });

  it('that is not the pinned one stops everybody', async () => {
    const { environment } = platforms.github.startJob({ deploymentEnvironment: 'production' });
    const pinned = [...args, '--trust-policy-sha256', 'ab'.repeat(32)];
    const { status, report } = await runGate(platforms, { environment, files, args: pinned });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E218' });
  });
});

describe('a pull request chooses nothing', () => {
  it.each([
    ['a policy of its own', ['--trust-policy', 'policy.yaml']],
    ['an issuer', ['--issuer', 'https://evil.example', '--jwks-url', 'https://evil.example/keys']],
    ['an audience', ['--audience', 'mine']],
    ['keys', ['--issuer', 'https://evil.example', '--jwks', 'keys.json']],
    ['a keyring', ['--keyring', 'keyring.json']],
    ['the rules', ['--rules', 'compatible']],
    ['the expectation', ['--expected-decision', 'block', '--allow-blocking-decision']],
  ])('of %s', async (_, args) => {
    const files = { 'policy.yaml': PULL_REQUESTS };
    const { status, report } = await runGate(platforms, { environment: pullRequest().environment, files, args });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E212' });
    expect(report.evidence).toBeNull();
  });

  it('of its identity', async () => {
    const environment = { ...pullRequest().environment, CAVRA_RUNNER_REF: 'refs/heads/main' };
    const { status, report } = await runGate(platforms, { environment });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E212' });
  });

  it('by hiding behind another platform’s marker', async () => {
    const { environment } = platforms.azure.startJob({ reason: 'PullRequest' });
    const { status, report } = await runGate(platforms, {
      environment: { ...environment, ...azureTrust(platforms.azure) },
    });
    expect({ status, code: report.diagnosis?.code }).toEqual({ status: 2, code: 'CAVRA-E212' });
  });

  it('but passes where a policy that a digest pins names its event', async () => {
    const sha256 = createHash('sha256').update(PULL_REQUESTS).digest('hex');
    const { status } = await runGate(platforms, {
      environment: pullRequest().environment,
      files: { 'policy.yaml': PULL_REQUESTS },
      args: ['--trust-policy', 'policy.yaml', '--trust-policy-sha256', sha256],
    });
    expect(status).toBe(0);
  });
});
