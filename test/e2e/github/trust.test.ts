import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../fakes/faults.ts';
import type { GitHubJobFacts } from '../../fakes/github.ts';
import { createSigningKeys } from '../../fakes/signing-keys.ts';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import {
  dotComJob,
  EVIDENCE_KEY,
  expectNoSecret,
  newRun,
  type Platform,
  published,
  startPlatform,
  verifyArtifact,
} from './harness.ts';
import type { RunnerJob } from './runner.ts';

let platform: Platform;
let job: RunnerJob;

beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  job.dispose();
  platform.heal();
});
afterAll(() => platform.close());

const inputs = { request: 'approved-promotion.json' };

/** Runs the gate once and expects it to fail with the code; returns the one message that says why. */
async function refusal(code: string, step: Parameters<RunnerJob['main']>[0] = {}): Promise<string> {
  const result = await job.main({ with: inputs, env: EVIDENCE_KEY, ...step });
  expect(result).toMatchObject({ status: 1, outputs: { verdict: 'fail', 'diagnosis-code': code } });
  expectNoSecret(result, Object.values(EVIDENCE_KEY).slice(0, 1));
  const errors = result.annotations.filter(({ name }) => name === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toContain(`${code}: `);
  expect(result.summary).toContain(code);
  return errors[0]?.message ?? '';
}

describe('each cause has its own diagnosis:', () => {
  it('`id-token: write` is missing', async () => {
    job = dotComJob(platform, newRun({ mayAsk: false }));
    expect(await refusal('CAVRA-E310')).toContain('`permissions: id-token: write`');
  });

  it.each<[string, GitHubJobFacts, unknown, RegExp]>([
    [
      'a pull request from a fork',
      { event: 'pull_request', ref: 'refs/pull/7/merge', headRef: 'patch-1' },
      { pull_request: { head: { repo: { full_name: 'somebody/example-repo' } } } },
      /from the fork somebody\/example-repo/,
    ],
    ['a run by Dependabot', { event: 'push', actor: 'dependabot[bot]' }, {}, /Dependabot/],
  ])('%s', async (_, facts, event, message) => {
    job = dotComJob(platform, newRun({ mayAsk: false, ...facts }));
    job.write('../event.json', JSON.stringify(event));
    expect(await refusal('CAVRA-E310')).toMatch(message);
  });

  it.each<[string, Fault, string, string]>([
    ['the token service refuses', { kind: 'status', status: 403 }, 'idtoken', 'CAVRA-E312'],
    ['the token service is failing', { kind: 'status', status: 500 }, 'idtoken', 'CAVRA-E313'],
    ['the token service drops connections', { kind: 'reset' }, 'idtoken', 'CAVRA-E313'],
    ['the issuer’s keys cannot be had', { kind: 'status', status: 500 }, 'jwks', 'CAVRA-E314'],
  ])('%s', async (_, fault, path, code) => {
    job = dotComJob(platform);
    platform.dotCom.fail(fault, undefined, path);
    await refusal(code);
  });

  it('a forged token', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const { kid } = platform.dotCom.keys;
    const forged = (await createSigningKeys()).token(
      platform.dotCom.startJob(facts).claims('cavra-release-governance'),
      { kid },
    );
    platform.dotCom.fail({ kind: 'body', body: JSON.stringify({ value: forged }) }, 1, 'idtoken');
    await refusal('CAVRA-E316');
  });

  it('a token of another repository', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const other = {
      ...platform.dotCom.startJob(facts).claims('cavra-release-governance'),
      repository: 'evil/example-repo',
    };
    platform.dotCom.fail({ kind: 'body', body: JSON.stringify({ value: platform.dotCom.mint(other) }) }, 1, 'idtoken');
    await refusal('CAVRA-E319');
  });

  it('a pull request, which nobody trusted', async () => {
    job = dotComJob(
      platform,
      newRun({ event: 'pull_request', ref: 'refs/pull/7/merge', headRef: 'x', baseRef: 'main' }),
    );
    await refusal('CAVRA-E320');
  });

  it('a pull request that chooses what is trusted', async () => {
    job = dotComJob(
      platform,
      newRun({ event: 'pull_request', ref: 'refs/pull/7/merge', headRef: 'x', baseRef: 'main' }),
    );
    const message = await refusal('CAVRA-E212', { with: { ...inputs, 'trust-policy': 'policy.yaml' } });
    expect(message).toContain('trust-policy');
  });

  it('no key for the evidence', async () => {
    job = dotComJob(platform);
    expect(await refusal('CAVRA-E206', { env: {} })).toContain('CAVRA_DAEMON_EVIDENCE_HMAC_KEY');
  });

  it.each<[string, GitHubJobFacts, unknown, RegExp | undefined]>([
    [
      'a fork’s pull request',
      { event: 'pull_request' },
      { pull_request: { head: { repo: { full_name: 'a/b' } } } },
      /a fork no secrets/,
    ],
    [
      'a pull request from a fork that is gone',
      { event: 'pull_request' },
      { pull_request: { head: { repo: null } } },
      /a fork no secrets/,
    ],
    ['Dependabot', { actor: 'dependabot[bot]' }, {}, /Dependabot none of the Actions secrets/],
    [
      'a pull request of the repository itself',
      { event: 'pull_request' },
      { pull_request: { head: { repo: { full_name: 'example-org/example-repo' } } } },
      undefined,
    ],
    ['a push', {}, {}, undefined],
  ])('no key for the evidence, because of %s', async (_, facts, event, reason) => {
    job = dotComJob(platform, newRun({ mayAsk: false, ...facts }));
    job.write('../event.json', JSON.stringify(event));
    for (const [code, step] of [
      ['CAVRA-E206', job.main({ with: inputs })],
      ['CAVRA-E215', job.main({ action: 'verify', with: { path: '.' } })],
    ] as const) {
      const { status, annotations } = await step;
      expect(status).toBe(1);
      expect(annotations[0]?.message).toContain(code);
      if (reason === undefined) expect(annotations[0]?.message).not.toContain('secrets');
      else expect(annotations[0]?.message).toMatch(reason);
    }
  });

  it('TLS verification switched off', async () => {
    job = dotComJob(platform);
    await refusal('CAVRA-E213', { env: { ...EVIDENCE_KEY, NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  });

  it('a secret in the request', async () => {
    job = dotComJob(platform);
    job.write(
      'leak.json',
      JSON.stringify({
        ...JSON.parse(job.read('approved-promotion.json')),
        target: EVIDENCE_KEY.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
      }),
    );
    await refusal('CAVRA-E601', { with: { request: 'leak.json' } });
  });

  it('every wrong input, all at once', async () => {
    job = dotComJob(platform);
    const wrong = {
      'expected-decision': 'maybe',
      'artifact-name': 'a/b',
      'retention-days': '0',
      summary: 'yes',
      'upload-artifact': 'no',
      'timeout-seconds': 'soon',
      'trust-policy-sha256': 'abc',
    };
    const message = await refusal('CAVRA-E201', { with: { ...inputs, ...wrong } });
    for (const name of Object.keys(wrong)) expect(message).toContain(`input ${name} `);
  });
});

describe('a refusal to authenticate', () => {
  it('is recorded, published, and never the block that was expected', async () => {
    const facts = newRun({ mayAsk: false });
    job = dotComJob(platform, facts);
    const step = await job.main({
      with: { ...inputs, 'expected-decision': 'block', 'allow-blocking-decision': 'true' },
      env: EVIDENCE_KEY,
    });
    expect(step).toMatchObject({
      status: 1,
      outputs: {
        verdict: 'fail',
        decision: 'block',
        'rule-id': 'runner_auth.invalid',
        'auth-method': '',
        'diagnosis-code': 'CAVRA-E310',
      },
    });
    expect(step.summary).toContain('**not verified**');
    const verification = await verifyArtifact(published(platform, step), '--expect-decision', 'block');
    expect(verification.status).toBe(4);
  });
});

describe('what an earlier step put into the environment', () => {
  it('chooses nothing that is trusted, expected or claimed', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const step = await job.main({
      with: inputs,
      env: {
        ...EVIDENCE_KEY,
        CAVRA_RUNNER_PROVIDER: 'gitlab-ci',
        CAVRA_RUNNER_REPOSITORY: 'evil/repo',
        CAVRA_RUNNER_SHA: 'f'.repeat(40),
        CAVRA_RUNNER_AUTH: 'hmac',
        CAVRA_RUNNER_OIDC_ISSUER: 'https://evil.example',
        CAVRA_RUNNER_OIDC_AUDIENCE: 'evil',
        CAVRA_RUNNER_OIDC_JWKS_URL: 'https://evil.example/jwks',
        CAVRA_RUNNER_OIDC_AUTO: 'false',
        CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'evil',
        CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: 'evil.jwt',
        CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'HOME',
        CAVRA_EXPECTED_DECISION: 'block',
        CAVRA_ALLOW_BLOCKING_DECISION: 'true',
        CAVRA_RELEASE_GOVERNANCE_REQUEST: 'blocked-tampered-artifact.json',
        CAVRA_RELEASE_GOVERNANCE_EVIDENCE_DIR: 'elsewhere',
        CAVRA_RUNTIME_EVIDENCE_LOG: '/tmp/elsewhere.jsonl',
        CAVRA_RULES: 'compatible',
        CAVRA_TRUST_POLICY: 'evil.yaml',
        CAVRA_KEYRING: 'evil.json',
        CAVRA_KEY_ROTATION: 'off',
        GITLAB_CI: 'true',
        TF_BUILD: 'True',
        CI_PROJECT_PATH: 'evil/repo',
        // Declared inputs are set by the runner, over whatever there was.
        INPUT_ISSUER: 'https://evil.example',
        'INPUT_EXPECTED-DECISION': 'block',
        'INPUT_EVIDENCE-DIR': 'elsewhere',
        GITHUB_REPOSITORY: 'evil/repo',
        STATE_publication: 'done',
      },
    });
    expect(step).toMatchObject({
      status: 0,
      annotations: [],
      outputs: {
        verdict: 'pass',
        decision: 'allow',
        'auth-method': 'oidc',
        'evidence-dir': '.cavra/go-daemon',
        'record-count': '1',
      },
    });
    const expectations = ['--expect-repository', 'example-org/example-repo', '--expect-provider', 'github-actions'];
    const verification = await verifyArtifact(
      published(platform, step),
      ...expectations,
      '--expect-run-id',
      facts.runId ?? '',
    );
    expect(verification.status).toBe(0);
  });

  it('still gives the keys, also those that a keyring names', async () => {
    job = dotComJob(platform, newRun({ mayAsk: false }));
    const keyring = {
      schema_version: 'cavra.release-governance.keyring.v1',
      keys: [
        {
          id: 'evidence-2099-q1',
          purpose: 'evidence',
          algorithm: 'HMAC-SHA256',
          status: 'active',
          secret: { env: 'CAVRA_EVIDENCE_HMAC_KEY_2099_Q1' },
        },
        {
          id: 'runner-2099-q1',
          purpose: 'runner',
          algorithm: 'HMAC-SHA256',
          status: 'active',
          secret: { env: 'CAVRA_RUNNER_HMAC_KEY_2099_Q1' },
        },
      ],
    };
    job.write('keyring.json', JSON.stringify(keyring));
    const step = await job.main({
      with: { ...inputs, keyring: 'keyring.json' },
      env: {
        CAVRA_EVIDENCE_HMAC_KEY_2099_Q1: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
        CAVRA_RUNNER_HMAC_KEY_2099_Q1: HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY,
      },
    });
    expect(step).toMatchObject({ status: 0, outputs: { verdict: 'pass', 'auth-method': 'hmac' } });
    expect(step.summary).toContain('evidence&#45;2099&#45;q1');
    const masks = step.commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message);
    expect(masks).toContain(HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY);
  });
});
