import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CliOptions, type CliRun, HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import { root } from '../../support/repository.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-gate-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

const APPROVED = 'examples/approved-promotion.json';
const BLOCKED = 'examples/blocked-tampered-artifact.json';
const PENDING = 'examples/pending-approval.json';
const EVIDENCE = '.cavra/go-daemon';
const STREAM = `${EVIDENCE}/release-governance-evidence.jsonl`;

function run(args: readonly string[], options: Partial<CliOptions> = {}): Promise<CliRun> {
  return runCli(args, { workingDirectory: folder, environment: HMAC_ENVIRONMENT, ...options });
}

async function gateJson(args: readonly string[], options: Partial<CliOptions> = {}) {
  const { stdout, status, stderr } = await run(['gate', '--format', 'json', ...args], options);
  const result = JSON.parse(stdout);
  expect(result.exit_code).toBe(status);
  return { result, status, stderr };
}

async function records(path = STREAM): Promise<Record<string, never>[]> {
  const text = await readFile(join(folder, path), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe.each(nodeBinaries())('the gate as a process on $name', ({ path: node }) => {
  it('passes an approved promotion and leaves verified evidence', async () => {
    const { result, status } = await gateJson([APPROVED], { node });
    expect(status).toBe(0);
    expect(result).toMatchObject({
      verdict: 'pass',
      diagnosis: null,
      decisions: [
        {
          request: APPROVED,
          decision: 'allow',
          rule_id: 'release_governance.approval.approved',
          severity: 'low',
          expected: 'allow',
          met: true,
        },
      ],
      authentication: {
        method: 'hmac',
        provider: 'local',
        repository: 'local',
        key_id: 'ci-runner-2099-q4',
        unverified: [],
      },
      evidence: { dir: EVIDENCE, records: 1, valid: true, tail: 'unanchored' },
      checkpoint: null,
    });
    const [record] = await records();
    expect(record).toMatchObject({ sequence: 1, signature: { key_id: 'ci-evidence-2099-q4' } });
    expect(result.evidence.head_hash).toBe(record?.['record_hash']);
    const verified = await run(['verify', EVIDENCE], { node });
    expect(verified.status).toBe(0);
  });

  it('shows people a short result and no secret', async () => {
    const { status, stdout, stderr } = await run(['gate', APPROVED], { node });
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/PASS/);
    expect(stdout).toMatch(/release_governance\.approval\.approved/);
    expect(stdout).toMatch(/valid, 1 record/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain(HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY);
  });
});

describe('decisions and expectations', () => {
  it('says no to a block, with evidence of it', async () => {
    const { result, status } = await gateJson([BLOCKED]);
    expect(status).toBe(1);
    expect(result).toMatchObject({
      verdict: 'fail',
      diagnosis: { code: 'CAVRA-E101' },
      evidence: { valid: true, records: 1 },
    });
    expect(result.decisions[0]).toMatchObject({ decision: 'block', met: false });
  });

  it('says no to an approval that is pending', async () => {
    const { result, status } = await gateJson([PENDING]);
    expect(status).toBe(1);
    expect(result.decisions[0]).toMatchObject({ decision: 'require_approval', met: false });
  });

  it('lets an expected block pass only where that is allowed', async () => {
    const expected = ['--expected-decision', 'block'];
    expect((await gateJson([BLOCKED, ...expected])).result.diagnosis.code).toBe('CAVRA-E103');
    expect((await gateJson([BLOCKED, ...expected, '--allow-blocking-decision'])).status).toBe(0);
  });

  it('holds the rule against the expected one', async () => {
    const { result, status } = await gateJson([APPROVED, '--expected-rule-id', 'release_governance.record.verified']);
    expect(status).toBe(1);
    expect(result.diagnosis.code).toBe('CAVRA-E102');
  });

  it('asks for several requests in one stream and reports the worst', async () => {
    const { result, status } = await gateJson(['examples/{approved,blocked,pending}*.json']);
    expect(status).toBe(1);
    expect(result.decisions.length).toBeGreaterThan(1);
    expect(result.evidence.records).toBe(result.decisions.length);
    const response = JSON.parse(await readFile(join(folder, EVIDENCE, 'release-governance-response.json'), 'utf8'));
    expect(response.decision).not.toBe('allow');
    const all = await records(`${EVIDENCE}/release-governance-responses.jsonl`);
    expect(all).toHaveLength(result.decisions.length);
  });
});

describe('upstream’s environment variables alone', () => {
  it('drive the gate as they drive the shell wrapper', async () => {
    const environment = {
      ...HMAC_ENVIRONMENT,
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'example-org/shop',
      CI_PIPELINE_SOURCE: 'push',
      CI_PIPELINE_ID: '42',
      CI_JOB_ID: '4711',
      CI_COMMIT_REF_NAME: 'main',
      CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
      CAVRA_RELEASE_GOVERNANCE_REQUEST: BLOCKED,
      CAVRA_EXPECTED_DECISION: 'block',
      CAVRA_ALLOW_BLOCKING_DECISION: 'true',
      CAVRA_RELEASE_GOVERNANCE_EVIDENCE_DIR: 'evidence',
    };
    const { status, stderr } = await run(['gate'], { environment });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const claims = await readFile(join(folder, 'evidence/runner-auth-claims.json'), 'utf8');
    const expected = {
      provider: 'gitlab-ci',
      ref: 'main',
      repository: 'example-org/shop',
      run_attempt: '4711',
      run_id: '42',
      sha: '0123456789abcdef0123456789abcdef01234567',
      workflow: 'push',
    };
    expect(claims).toBe(`${JSON.stringify(expected, null, 2)}\n`);
  });
});

describe('fail closed', () => {
  it('without anything to authenticate with, recorded as evidence', async () => {
    const { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key, CAVRA_DAEMON_EVIDENCE_KEY_ID: id } = HMAC_ENVIRONMENT;
    const environment = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key, CAVRA_DAEMON_EVIDENCE_KEY_ID: id };
    const { result, status } = await gateJson([APPROVED, '--expected-decision', 'block', '--allow-blocking-decision'], {
      environment,
    });
    expect(status).toBe(3);
    expect(result).toMatchObject({ verdict: 'fail', diagnosis: { code: 'CAVRA-E301' }, authentication: null });
    const [record] = await records();
    expect(record).toMatchObject({
      response: { decision: 'block', rule_id: 'runner_auth.invalid', severity: 'critical' },
    });
  });

  it('without an evidence key on a CI platform', async () => {
    const { CAVRA_RUNNER_AUTH_HMAC_KEY: key } = HMAC_ENVIRONMENT;
    const environment = {
      CAVRA_RUNNER_AUTH_HMAC_KEY: key,
      TF_BUILD: 'True',
      BUILD_REPOSITORY_NAME: 'shop',
      BUILD_BUILDID: '7',
    };
    const { result, status } = await gateJson([APPROVED], { environment });
    expect(status).toBe(2);
    expect(result.diagnosis.code).toBe('CAVRA-E206');
    expect(existsSync(join(folder, STREAM))).toBe(false);
  });

  it.each([
    ['GITHUB_ACTIONS', 'GITHUB_REPOSITORY'],
    ['GITLAB_CI', 'CI_PROJECT_PATH'],
    ['TF_BUILD', 'BUILD_REPOSITORY_NAME'],
  ])('with ephemeral keys where %s is set', async (marker, repository) => {
    const environment = { [marker]: 'true', [repository]: 'example-org/shop' };
    const { result, status } = await gateJson([APPROVED, '--ephemeral-keys'], { environment });
    expect(status).toBe(2);
    expect(result.diagnosis.code).toBe('CAVRA-E214');
  });

  it('with a signing key that is too short', async () => {
    const environment = { ...HMAC_ENVIRONMENT, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'short-key' };
    const { result, status, stderr } = await gateJson([APPROVED], { environment });
    expect(status).toBe(2);
    expect(result.diagnosis.code).toBe('CAVRA-E207');
    expect(stderr).not.toContain('short-key');
  });

  it('with TLS verification switched off', async () => {
    const environment = { ...HMAC_ENVIRONMENT, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const { result, status } = await gateJson([APPROVED], { environment });
    expect(status).toBe(2);
    expect(result.diagnosis.code).toBe('CAVRA-E213');
  });

  it('names every mistake of the configuration at once', async () => {
    const { status, stdout, stderr } = await run([
      'gate',
      APPROVED,
      '--timeout',
      'soon',
      '--trust-policy-sha256',
      'abc',
      '--jwks-url',
      'http://issuer.example/keys',
    ]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/--timeout .*--trust-policy-sha256 .*|--trust-policy-sha256 .*--timeout /s);
    expect(stderr).toMatch(/--jwks-url must be an https URL/);
    expect(stderr).toMatch(/CAVRA-E201/);
  });

  it('on an evidence folder that is a link', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await mkdir(join(folder, '.cavra'));
    await symlink(join(folder, 'elsewhere'), join(folder, EVIDENCE));
    const { result, status } = await gateJson([APPROVED]);
    expect(status).toBe(2);
    expect(result.diagnosis.code).toBe('CAVRA-E208');
    expect(await readdir(join(folder, 'elsewhere'))).toEqual([]);
  });

  it('when the request holds the evidence key', async () => {
    const request = JSON.parse(await readFile(join(folder, APPROVED), 'utf8'));
    request.target = `prod ${Buffer.from(HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY).toString('base64')}`;
    await writeFile(join(folder, 'leak.json'), JSON.stringify(request));
    const { result, status } = await gateJson(['leak.json']);
    expect(status).toBe(6);
    expect(result.diagnosis.code).toBe('CAVRA-E601');
    await expect(readFile(join(folder, STREAM), 'utf8')).resolves.toBe('');
  });
});

describe('one stream per run', () => {
  it('continues the stream of the same run and sets another run’s aside', async () => {
    const job = (id: string) => ({
      environment: { ...HMAC_ENVIRONMENT, TF_BUILD: 'True', BUILD_REPOSITORY_NAME: 'shop', BUILD_BUILDID: id },
    });
    expect((await gateJson([APPROVED], job('7'))).result.evidence.records).toBe(1);
    expect((await gateJson([APPROVED], job('7'))).result.evidence.records).toBe(2);
    const { result } = await gateJson([APPROVED], job('8'));
    expect(result.evidence.records).toBe(1);
    expect(result.notes.join('\n')).toMatch(/set aside|moved/);
    const aside = (await readdir(join(folder, '.cavra'))).filter((name) => name.startsWith('go-daemon.previous-'));
    expect(aside).toHaveLength(1);
    expect(await records(`.cavra/${aside[0]}/release-governance-evidence.jsonl`)).toHaveLength(2);
  });

  it('keeps the worst response of all steps of a job in front', async () => {
    const expected = ['--expected-decision', 'block', '--allow-blocking-decision'];
    expect((await gateJson([BLOCKED, ...expected])).status).toBe(0);
    const { result, status } = await gateJson([APPROVED]);
    expect({ status, valid: result.evidence.valid }).toEqual({ status: 0, valid: true });
    const response = JSON.parse(await readFile(join(folder, EVIDENCE, 'release-governance-response.json'), 'utf8'));
    expect(response.decision).toBe('block');
    expect(await records(`${EVIDENCE}/release-governance-responses.jsonl`)).toHaveLength(2);
    expect((await run(['verify', EVIDENCE, '--expect-decision', 'allow'])).status).toBe(4);
  });

  it('refuses to continue a stream of this run that was changed', async () => {
    expect((await gateJson([APPROVED])).status).toBe(0);
    const text = await readFile(join(folder, STREAM), 'utf8');
    await writeFile(join(folder, STREAM), text.replace('"decision":"allow"', '"decision":"block"'));
    const { result, status } = await gateJson([APPROVED]);
    expect(status).toBe(4);
    expect(result.diagnosis.code).toBe('CAVRA-E404');
  });

  it('keeps the folder to its owner', async () => {
    await gateJson([APPROVED]);
    expect((await stat(join(folder, EVIDENCE))).mode & 0o777).toBe(0o700);
  });
});

describe('the README’s first command', () => {
  it('works with random keys, twice, and says that they are', async () => {
    for (const _ of [1, 2]) {
      const { status, stdout } = await run(['gate', APPROVED, '--ephemeral-keys'], { environment: {} });
      expect(status).toBe(0);
      expect(stdout).toMatch(/PASS/);
      expect(stdout).toMatch(/ephemeral/);
    }
  });
});
