import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../fakes/authority.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../fakes/github.ts';
import { root } from '../../support/repository.ts';
import { HMAC_JOB, makeSite, makeWorkspace, SECRETS, type Site, type Workspace } from './harness.ts';

const run = promisify(execFile);
const RUNTIME = join(root, 'test/fakes/go-runtime/cavra-runtime.cjs');
const IDENTITY = {
  provider: 'github-actions',
  repository: 'example-org/example-repo',
  run_id: '7001',
  ref: 'refs/heads/main',
  sha: HMAC_JOB.GITHUB_SHA,
};

let job: Workspace;
beforeEach(() => {
  job = makeWorkspace();
});
afterEach(() => job.remove());

/** Runs the stand-in for the Go program as the Go wrapper would. */
async function go(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = { PATH: process.env['PATH'], ...environment };
  return run(RUNTIME, args, { env, cwd: job.folder }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ ...error, status: error.code }),
  );
}

/** Its daemon keeps the streams of whoever starts it, so it is given none to keep. */
function lifecycle(command: 'start' | 'stop', args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(RUNTIME, ['--lifecycle', command, ...args], { env, cwd: job.folder, stdio: 'ignore' });
  return new Promise<number | null>((resolve) => child.on('exit', resolve));
}

describe('a Go client at our daemon', () => {
  let site: Site;
  let authority: Authority;
  let github: GitHub;
  beforeAll(async () => {
    authority = createAuthority();
    github = await startGitHubEnterpriseServer({ authority });
  });
  afterAll(async () => {
    await github.close();
    authority.dispose();
  });
  afterEach(() => site.remove());

  const start = async (hmac: object) => {
    const issuers = [
      {
        provider: 'github-actions',
        issuer: github.issuer,
        audience: 'cavra-release-governance',
        jwks_url: github.jwksUrl,
      },
    ];
    site = makeSite({ changes: { issuers, hmac }, environment: { NODE_EXTRA_CA_CERTS: authority.file } });
    expect((await site.daemon('start')).status).toBe(0);
    writeFileSync(join(job.folder, 'claims.json'), JSON.stringify(IDENTITY));
  };
  const ask = (...more: readonly string[]) => [
    '--daemon',
    '--socket',
    site.socket,
    '--input',
    'approved-promotion.json',
    ...more,
  ];
  const BY_KEY = { CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.GO_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'go-2099-q4' };

  it('is answered by its HMAC where the configuration names the key', async () => {
    await start({ identity_only_key_id: 'go-2099-q4' });
    const { status, stdout } = await go(ask('--runner-auth-claims', 'claims.json'), BY_KEY);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'allow' });
  });

  it('is refused by its HMAC where it does not', async () => {
    await start({ request_bound: true });
    const { stdout } = await go(ask('--runner-auth-claims', 'claims.json'), BY_KEY);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'block', rule_id: 'runner_auth.invalid' });
  });

  it('is refused with the key of request-bound proofs', async () => {
    await start({ request_bound: true, identity_only_key_id: 'go-2099-q4' });
    const environment = { CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.RUNNER_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'runner-2099-q4' };
    const { stdout } = await go(ask('--runner-auth-claims', 'claims.json'), environment);
    expect(JSON.parse(stdout)).toMatchObject({ rule_id: 'runner_auth.invalid' });
  });

  it('is answered by its platform’s token', async () => {
    await start({});
    const claims = github.startJob().claims('cavra-release-governance');
    const identity = {
      provider: 'github-actions',
      repository: claims['repository'],
      run_id: claims['run_id'],
      sha: claims['sha'],
      ref: claims['ref'],
    };
    writeFileSync(join(job.folder, 'claims.json'), JSON.stringify(identity));
    writeFileSync(join(job.folder, 'token.jwt'), github.mint(claims));
    const { status, stdout } = await go(
      ask('--runner-auth-claims', 'claims.json', '--runner-auth-oidc-token-file', 'token.jwt'),
      {},
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'allow' });
  });

  it('takes no error of ours for a decision', async () => {
    await start({ request_bound: true });
    writeFileSync(join(job.folder, 'approved-promotion.json'), '{"unknown_member":1}');
    const { status, stderr } = await go(ask('--runner-auth-claims', 'claims.json'), BY_KEY);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot unmarshal/);
  });
});

describe('our gate at a resident Go daemon', () => {
  const KEYS = {
    CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRETS.EVIDENCE_KEY,
    CAVRA_DAEMON_EVIDENCE_KEY_ID: 'evidence-2099-q4',
    CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.RUNNER_KEY,
    CAVRA_RUNNER_AUTH_KEY_ID: 'runner-2099-q4',
  };
  const place = () => [
    '--socket',
    join(job.folder, 'go', 's'),
    '--evidence-log',
    join(job.folder, 'go', 'evidence.jsonl'),
  ];
  const environment = () => ({
    ...HMAC_JOB,
    ...KEYS,
    CAVRA_RUNTIME_EVIDENCE_LOG: join(job.folder, 'go', 'evidence.jsonl'),
  });
  const gate = (more: Readonly<Record<string, string>> = {}) => {
    const rules = [
      { name: 'e', provider: 'github-actions', methods: ['hmac'], match: { repository: 'example-org/example-repo' } },
    ];
    writeFileSync(
      join(job.folder, 'policy.json'),
      JSON.stringify({ schema_version: 'cavra.release-governance.trust-policy.v1', rules }),
    );
    return job.gate(
      { ...environment(), ...more },
      'approved-promotion.json',
      '--socket',
      join(job.folder, 'go', 's'),
      '--trust-policy',
      'policy.json',
    );
  };

  beforeEach(() => mkdirSync(join(job.folder, 'go'), { mode: 0o700 }));

  it('proves by the old form, and believes the answer by the evidence', async () => {
    expect(await lifecycle('start', place(), KEYS)).toBe(0);
    try {
      const { status, report } = await gate();
      expect(report).toMatchObject({
        verdict: 'pass',
        decisions: [{ decision: 'allow', reason: 'decided by the stand-in: allow' }],
        evidence: { valid: true, records: 3, signatures: 'checked' },
      });
      expect(status).toBe(0);
      expect(report.notes.join()).toMatch(/believed by the signatures of its evidence/);
      // The daemon's own log is left where it is.
      expect(existsSync(join(job.folder, 'go', 'evidence.jsonl'))).toBe(true);
    } finally {
      await lifecycle('stop', place(), KEYS);
    }
  });

  it('does not believe an answer that the evidence lacks', async () => {
    const impostor = createServer((socket) => {
      socket.on('error', () => {});
      const response = {
        decision: 'allow',
        rule_id: 'release_governance.approval.approved',
        severity: 'low',
        reason: 'trust me',
        evidence_refs: [`go-daemon-evidence://${'a'.repeat(24)}`],
      };
      socket.once('data', () => socket.end(`${JSON.stringify(response)}\n`));
    });
    await new Promise<void>((resolve) => impostor.listen(join(job.folder, 'go', 's'), resolve));
    writeFileSync(join(job.folder, 'go', 'evidence.jsonl'), '');
    const { status, report } = await gate();
    expect(status).toBe(4);
    expect(report.verdict).toBe('fail');
    await new Promise((resolve) => impostor.close(resolve));
  });

  it('does not believe evidence of another key', async () => {
    const otherKey = { ...KEYS, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'x'.repeat(40) };
    expect(await lifecycle('start', place(), otherKey)).toBe(0);
    try {
      expect((await gate()).status).toBe(4);
    } finally {
      await lifecycle('stop', place(), KEYS);
    }
  });

  it('needs to know whom to believe', async () => {
    const { status, report } = await gate({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: '' });
    expect([status, report.diagnosis?.code]).toEqual([2, 'CAVRA-E234']);
  });

  it('keeps its copy apart from the daemon’s log', async () => {
    const { status, report } = await gate({
      CAVRA_RUNTIME_EVIDENCE_LOG: join(job.evidence, 'release-governance-evidence.jsonl'),
    });
    expect([status, report.diagnosis?.code]).toEqual([2, 'CAVRA-E201']);
  });

  it('has its evidence accepted by the Go program too', async () => {
    expect(await lifecycle('start', place(), KEYS)).toBe(0);
    await gate();
    await lifecycle('stop', place(), KEYS);
    const copy = join(job.evidence, 'release-governance-evidence.jsonl');
    const { status, stdout } = await go(['--verify-evidence', '--evidence-log', copy], KEYS);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, records: 3 });
    expect(readFileSync(copy, 'utf8')).toBe(readFileSync(join(job.folder, 'go', 'evidence.jsonl'), 'utf8'));
  });
});
