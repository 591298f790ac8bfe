import { generateKeyPairSync } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../fakes/authority.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../fakes/github.ts';
import { runCli } from '../../support/cli.ts';
import { everythingIn, HMAC_JOB, makeSite, makeWorkspace, SECRETS, type Site, type Workspace } from './harness.ts';

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

let site: Site;
let job: Workspace;
beforeEach(() => {
  job = makeWorkspace();
});
afterEach(async () => {
  job.remove();
  await site.remove();
});

async function startSite(options: Parameters<typeof makeSite>[0] = {}): Promise<void> {
  const issuers = [
    {
      provider: 'github-actions',
      issuer: github.issuer,
      audience: 'cavra-release-governance',
      jwks_url: github.jwksUrl,
    },
  ];
  site = makeSite({
    ...options,
    changes: { issuers, ...options.changes },
    environment: { NODE_EXTRA_CA_CERTS: authority.file, ...options.environment },
  });
  const { status, stderr } = await site.daemon('start');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

const pinned = () => ['--socket', site.socket, '--daemon-public-key', site.publicKey];
const REQUEST = 'approved-promotion.json';

describe('gate --socket', () => {
  it('passes by the platform’s token, without any key in the job, and leaves a complete artifact', async () => {
    await startSite({ attests: true });
    const environment = { ...github.startJob().environment, NODE_EXTRA_CA_CERTS: authority.file };
    const { status, report, stdout } = await job.gate(environment, REQUEST, ...pinned());
    expect(report).toMatchObject({
      verdict: 'pass',
      diagnosis: null,
      decisions: [{ decision: 'allow' }],
      authentication: { method: 'oidc', repository: 'example-org/example-repo', key_id: github.keys.kid },
      evidence: { valid: true, records: 1, signatures: 'checked', tail: 'sealed' },
      checkpoint: { key_id: 'attest-2099-q4', result: 'PASSED' },
    });
    expect(status).toBe(0);
    expect(readdirSync(job.evidence).sort()).toEqual(
      expect.arrayContaining([
        'release-governance-checkpoint.sigstore.json',
        'release-governance-evidence-verification.json',
        'release-governance-evidence.jsonl',
        'release-governance-response.json',
        'release-governance-responses.jsonl',
        'runner-auth-claims.json',
      ]),
    );
    // An auditor needs no secret, and the vault's keyring works as well.
    const byPublicKey = await job.cli(
      'verify',
      job.evidence,
      '--public-key',
      site.attestationPublicKey,
      '--expect-decision',
      'allow',
    );
    expect(byPublicKey.status).toBe(0);
    const keyring = [
      'verify',
      job.evidence,
      '--keyring',
      join(site.folder, 'keyring.json'),
      '--expect-run-id',
      '7788990011',
    ];
    const byKeyring = await runCli(keyring, { workingDirectory: job.folder, environment: { ...SECRETS } });
    expect(byKeyring.status).toBe(0);

    const everything = [stdout, everythingIn(job.folder), everythingIn(site.evidence), everythingIn(site.state)].join();
    for (const token of github.keys.issued) {
      for (const part of token.split('.').slice(1)) expect(everything).not.toContain(part);
    }
    for (const secret of Object.values(SECRETS)) expect(everything).not.toContain(secret);
  });

  it('passes by a proof that is bound to the request', async () => {
    await startSite();
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
    expect(status).toBe(0);
    expect(report).toMatchObject({
      authentication: { method: 'hmac', key_id: 'runner-2099-q4', unverified: [] },
      evidence: { valid: true, records: 1, signatures: 'checked' },
      checkpoint: null,
    });
    expect(report.notes.join()).not.toMatch(/replay|nonce/);
  });

  it('holds every decision of the run, and says the worst', async () => {
    await startSite();
    const requests = [REQUEST, 'pending-approval.json', 'blocked-tampered-artifact.json'];
    const { status, report } = await job.gate(HMAC_JOB, ...requests, ...pinned());
    expect(status).toBe(1);
    expect(report.decisions.map(({ decision }) => decision)).toEqual(['allow', 'require_approval', 'block']);
    expect(report.evidence).toMatchObject({ valid: true, records: 3 });
    expect(JSON.parse(job.read('release-governance-response.json')).decision).toBe('block');
    expect(job.read('release-governance-responses.jsonl').trim().split('\n')).toHaveLength(3);
  });

  it('signs no PASSED checkpoint for a gate that fails', async () => {
    await startSite({ attests: true });
    const failed = await job.gate(HMAC_JOB, REQUEST, ...pinned(), '--expected-rule-id', 'another.rule');
    expect(failed.report).toMatchObject({ verdict: 'fail', checkpoint: { result: 'FAILED' } });
    expect(failed.status).toBe(1);
  });

  it('continues the stream of the job in its later steps', async () => {
    await startSite({ attests: true });
    await job.gate(HMAC_JOB, REQUEST, ...pinned());
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
    expect(status).toBe(0);
    expect(report.evidence).toMatchObject({ valid: true, records: 2 });
    expect(readdirSync(site.evidence).filter((name) => name.startsWith('example-org'))).toHaveLength(1);
    const verified = await job.cli('verify', job.evidence, '--public-key', site.attestationPublicKey);
    expect(verified.status).toBe(0);
  });

  it('gives a job the evidence of its own run, and of no other', async () => {
    await startSite();
    await job.gate({ ...HMAC_JOB, GITHUB_RUN_ID: '7002' }, 'blocked-tampered-artifact.json', ...pinned());
    const { report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
    expect(report.evidence).toMatchObject({ records: 1 });
    expect(job.read('release-governance-evidence.jsonl')).not.toContain('7002');
  });
});

describe('gate --socket fails', () => {
  it('with status 3 when the job proves nothing, which the daemon records', async () => {
    await startSite();
    const { CAVRA_RUNNER_AUTH_HMAC_KEY: _, ...keyless } = HMAC_JOB;
    const { status, report } = await job.gate(keyless, REQUEST, ...pinned());
    expect(status).toBe(3);
    expect(report).toMatchObject({ diagnosis: { code: 'CAVRA-E301' }, evidence: null });
    expect(everythingIn(site.evidence)).toContain('runner_auth.invalid');
  });

  it('with status 3 when its key is another one', async () => {
    await startSite();
    const forged = { ...HMAC_JOB, CAVRA_RUNNER_AUTH_HMAC_KEY: 'another-key-of-at-least-32-bytes-0123456789' };
    const { status, report } = await job.gate(
      forged,
      REQUEST,
      ...pinned(),
      '--expected-decision',
      'block',
      '--allow-blocking-decision',
    );
    expect(status).toBe(3);
    expect(report.diagnosis?.code).toBe('CAVRA-E303');
  });

  it('with status 3 when the daemon’s policy does not let it pass', async () => {
    await startSite();
    const { status, report } = await job.gate(
      { ...HMAC_JOB, GITHUB_REPOSITORY: 'example-org/other' },
      REQUEST,
      ...pinned(),
    );
    expect(status).toBe(3);
    expect(report).toMatchObject({ diagnosis: { code: 'CAVRA-E320' }, evidence: { records: 1, valid: true } });
  });

  it('when nobody listens', async () => {
    await startSite();
    await site.daemon('stop');
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
    expect(status).toBe(5);
    expect(report.diagnosis?.code).toBe('CAVRA-E520');
  }, 30_000);

  it('when it pins another key', async () => {
    await startSite();
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const file = site.write('other.pub', other);
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, '--socket', site.socket, '--daemon-public-key', file);
    expect(status).toBe(5);
    expect(report.diagnosis?.code).toBe('CAVRA-E521');
    // It was found out before the job had proven anything to it.
    expect(readdirSync(site.evidence).filter((name) => !name.startsWith('daemon.lock'))).toEqual([]);
  });

  it.each([
    ['socket without a key to believe', () => ['--socket', site.socket], 'CAVRA-E234'],
    ['a public key without a socket', () => ['--daemon-public-key', site.publicKey], 'CAVRA-E201'],
    ['trust that the daemon decides', () => [...pinned(), '--trust-policy', 'policy.yaml'], 'CAVRA-E201'],
    ['rules that the daemon decides', () => [...pinned(), '--rules', 'compatible'], 'CAVRA-E201'],
    ['a socket and a runtime', () => [...pinned(), '--runtime', '/bin/true'], 'CAVRA-E201'],
    [
      'a public key that is none',
      () => ['--socket', site.socket, '--daemon-public-key', join(site.folder, 'policy.json')],
      'CAVRA-E223',
    ],
    [
      'a private key',
      () => ['--socket', site.socket, '--daemon-public-key', join(site.folder, 'daemon.pem')],
      'CAVRA-E223',
    ],
    ['random keys', () => [...pinned(), '--ephemeral-keys'], 'CAVRA-E201'],
  ])('with status 2 for %s', async (_, args, code) => {
    site = makeSite();
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...args());
    expect(status).toBe(2);
    expect(report.diagnosis?.code).toBe(code);
  });

  it('when a pull request chooses the daemon', async () => {
    site = makeSite();
    const pull = { ...HMAC_JOB, GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/5/merge' };
    const { status, report } = await job.gate(pull, REQUEST, ...pinned());
    expect(status).toBe(2);
    expect(report.diagnosis?.code).toBe('CAVRA-E212');
  });
});

describe('an impostor on the socket', () => {
  let servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    servers = [];
  });

  async function impostor(answer: (line: string) => string): Promise<string[]> {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard.push(chunk.toString());
        socket.write(answer(chunk.toString()));
      });
    });
    servers.push(server);
    site = makeSite();
    await new Promise<void>((resolve) => server.listen(site.socket, resolve));
    return heard;
  }

  it.each([
    ['says allow in the plain protocol', () => '{"decision":"allow"}\n'],
    ['answers nonsense', () => 'hello\n'],
    ['signs with a key of its own', () => SIGNED_BY_ANOTHER],
    ['is endless', () => 'x'.repeat(9 * 1024 * 1024)],
  ])(
    'that %s is found out, and is shown no proof',
    async (_, answer) => {
      const heard = await impostor(answer);
      const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
      expect(status).toBe(5);
      expect(report.diagnosis?.code).toMatch(/CAVRA-E52[13]/);
      expect(heard.join()).not.toContain('runner_auth');
      expect(heard.join()).not.toContain('v2.');
    },
    30_000,
  );

  it('that repeats what the daemon once said is found out', async () => {
    await startSite();
    const { connect } = await import('node:net');
    const recorded = await new Promise<string>((resolve) => {
      const socket = connect(site.socket, () => {
        socket.write(
          `{"protocol":"cavra.release-governance.daemon.v1","operation":"hello","nonce":"${'0'.repeat(32)}"}\n`,
        );
      });
      socket.once('data', (chunk) => {
        socket.destroy();
        resolve(chunk.toString());
      });
    });
    await site.daemon('stop');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(recorded));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(site.socket, resolve));
    const { status, report } = await job.gate(HMAC_JOB, REQUEST, ...pinned());
    expect(status).toBe(5);
    expect(report.diagnosis).toMatchObject({ code: 'CAVRA-E521' });
  });
});

const SIGNED_BY_ANOTHER = (() => {
  const payload = Buffer.from('{"operation":"hello","nonce":"","daemon":{"name":"n","instance":"i","version":"v"}}');
  return `${JSON.stringify({
    payloadType: 'application/vnd.cavra.daemon-answer.v1+json',
    payload: payload.toString('base64'),
    signatures: [{ keyid: 'daemon-2099-q4', sig: Buffer.alloc(64, 1).toString('base64') }],
  })}\n`;
})();
