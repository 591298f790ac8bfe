import { execFileSync, spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';
import { HMAC_JOB, makeWorkspace, SECRETS, type Workspace } from '../daemon/harness.ts';

const RUNTIME = join(root, 'test/fakes/go-runtime/cavra-runtime.cjs');
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const PINNED = ['--runtime', RUNTIME, '--runtime-sha256', sha256(readFileSync(RUNTIME))];
const REQUEST = 'approved-promotion.json';

const JOB = {
  ...HMAC_JOB,
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRETS.EVIDENCE_KEY,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'evidence-2099-q4',
};

let job: Workspace;
let leftovers: readonly string[];
const privateFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('cavra-rt-'));
beforeEach(() => {
  job = makeWorkspace();
  leftovers = privateFolders();
  const rules = [
    {
      name: 'example',
      provider: 'github-actions',
      methods: ['hmac', 'oidc'],
      match: { repository: 'example-org/example-repo' },
    },
  ];
  writeFileSync(
    join(job.folder, 'policy.json'),
    JSON.stringify({ schema_version: 'cavra.release-governance.trust-policy.v1', rules }),
  );
});
afterEach(() => {
  // Always stopped, whatever happened.
  expect(processes()).toEqual([]);
  expect(privateFolders()).toEqual(leftovers);
  job.remove();
});

const processes = () =>
  execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('cavra-rt-'));

const gate = (environment: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  job.gate(environment, ...args, '--trust-policy', 'policy.json');

describe('an external runtime', () => {
  it('that is pinned decides, and its evidence is verified', async () => {
    const { status, report } = await gate(JOB, REQUEST, ...PINNED);
    expect(report).toMatchObject({
      verdict: 'pass',
      diagnosis: null,
      decisions: [{ decision: 'allow', reason: 'decided by the stand-in: allow' }],
      authentication: { method: 'hmac', key_id: 'runner-2099-q4' },
      // Two of them are its own probes.
      evidence: { valid: true, records: 3, signatures: 'checked' },
    });
    expect(status).toBe(0);
    expect(report.notes.join()).toMatch(/external runtime [0-9a-f]{12}…, pinned by its digest/);
    const verified = await runCli(['verify', job.evidence], { workingDirectory: job.folder, environment: JOB });
    expect(verified.status).toBe(0);
  });

  it('is driven by the variables of its own wrapper, with a pin beside them', async () => {
    const environment = {
      ...JOB,
      CAVRA_RUNTIME_PATH: RUNTIME,
      CAVRA_RUNTIME_SHA256: sha256(readFileSync(RUNTIME)),
      CAVRA_RELEASE_GOVERNANCE_REQUEST: REQUEST,
      CAVRA_TRUST_POLICY: 'policy.json',
    };
    expect((await job.gate(environment)).status).toBe(0);
  });

  it('begins a stream of its own in each step: the one before begins with probes that are nobody’s', async () => {
    await gate(JOB, REQUEST, ...PINNED);
    const { status, report } = await gate(JOB, REQUEST, ...PINNED);
    expect(status).toBe(0);
    expect(report.evidence).toMatchObject({ valid: true, records: 3 });
    expect(report.notes.join()).toMatch(/of another run.* were moved to go-daemon\.previous-/);
  });

  it('may be stricter than the rules, never more lenient', async () => {
    const lenient = await gate(JOB, 'blocked-tampered-artifact.json', ...PINNED);
    expect(lenient.status).toBe(5);
    expect(lenient.report.diagnosis?.code).toBe('CAVRA-E525');
    const accepted = await gate(JOB, 'blocked-tampered-artifact.json', ...PINNED, '--rules', 'compatible');
    expect(accepted.report.diagnosis?.code).not.toBe('CAVRA-E525');
  });

  it('decides nothing for a runner that is not trusted here, though it would', async () => {
    const { status, report } = await job.gate(
      { ...JOB, GITHUB_REPOSITORY: 'example-org/other' },
      REQUEST,
      ...PINNED,
      '--trust-policy',
      'policy.json',
    );
    expect(status).toBe(3);
    expect(report).toMatchObject({ diagnosis: { code: 'CAVRA-E320' }, decisions: [{ decision: 'block' }] });
  });

  it('is given a token’s issuer and no other way to authenticate', async () => {
    const { environment, files } = tokenJob();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(job.folder, name), content);
    const { CAVRA_RUNNER_AUTH: _, ...hmacJob } = JOB;
    const { status, report } = await gate({ ...hmacJob, ...environment }, REQUEST, ...PINNED, '--auth', 'oidc');
    expect(report).toMatchObject({ authentication: { method: 'oidc' }, decisions: [{ decision: 'allow' }] });
    expect(status).toBe(0);
  });

  it('gets its keys by environment only', async () => {
    const spy = join(job.folder, 'spy.cjs');
    const seen = join(job.folder, 'seen.json');
    writeFileSync(
      spy,
      `#!/usr/bin/env node\nrequire('node:fs').writeFileSync(${JSON.stringify(seen)}, JSON.stringify([process.argv, process.env]));\nprocess.exit(1);\n`,
    );
    const environment = {
      ...JOB,
      SOME_TOKEN: 'a-secret-of-the-job-0123456789',
      GITHUB_TOKEN: 'another-secret-of-the-job-01',
    };
    const { status, report } = await gate(
      environment,
      REQUEST,
      '--runtime',
      spy,
      '--runtime-sha256',
      sha256(readFileSync(spy)),
    );
    expect([status, report.diagnosis?.code]).toEqual([5, 'CAVRA-E524']);
    const [argv, env] = JSON.parse(readFileSync(seen, 'utf8'));
    expect(argv.join(' ')).not.toContain(SECRETS.EVIDENCE_KEY);
    expect(argv.join(' ')).not.toContain(SECRETS.RUNNER_KEY);
    expect(env).toMatchObject({
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRETS.EVIDENCE_KEY,
      CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.RUNNER_KEY,
    });
    expect(JSON.stringify(env)).not.toContain('secret-of-the-job');
  });
});

describe('an external runtime is not run', () => {
  it.each([
    ['without a pin', () => ['--runtime', RUNTIME], 'CAVRA-E232'],
    ['with another digest', () => ['--runtime', RUNTIME, '--runtime-sha256', '0'.repeat(64)], 'CAVRA-E218'],
    ['with half of a package’s pin', () => ['--runtime-package', '.'], 'CAVRA-E201'],
    ['with a digest and no runtime', () => ['--runtime-sha256', '0'.repeat(64)], 'CAVRA-E201'],
    ['when it is not there', () => ['--runtime', 'absent', '--runtime-sha256', '0'.repeat(64)], 'CAVRA-E233'],
    ['when it is a folder', () => ['--runtime', '.', '--runtime-sha256', '0'.repeat(64)], 'CAVRA-E233'],
    [
      'when it is a link',
      () => {
        symlinkSync(RUNTIME, join(job.folder, 'link'));
        return ['--runtime', 'link', '--runtime-sha256', sha256(readFileSync(RUNTIME))];
      },
      'CAVRA-E233',
    ],
  ])('%s', async (_, args, code) => {
    const { status, report, stderr } = await gate(JOB, REQUEST, ...args());
    expect(report.diagnosis?.code).toBe(code);
    expect(status).toBe(2);
    expect(stderr).toMatch(/what to do/);
    expect(existsSync(join(job.evidence, 'release-governance-evidence.jsonl'))).toBe(false);
  });
});

describe('an external runtime that fails', () => {
  it.each([
    ['does not start', "console.error('no such luck'); process.exit(3);", /no such luck/],
    ['cannot be run', 'syntax error here', /status 1/],
    ['ends without a daemon', 'process.exit(0);', /cannot connect/],
  ])(
    'because it %s is one clear error',
    async (_, body, message) => {
      const path = join(job.folder, 'bad.cjs');
      writeFileSync(path, `#!/usr/bin/env node\n${body}\n`);
      const { status, report } = await gate(
        JOB,
        REQUEST,
        '--runtime',
        path,
        '--runtime-sha256',
        sha256(readFileSync(path)),
      );
      expect(status).toBe(5);
      expect(report.diagnosis?.message).toMatch(message);
    },
    30_000,
  );

  it('never shows a key that it says', async () => {
    const path = join(job.folder, 'chatty.cjs');
    writeFileSync(
      path,
      '#!/usr/bin/env node\nconsole.error(process.env.CAVRA_DAEMON_EVIDENCE_HMAC_KEY); process.exit(1);\n',
    );
    const { stdout, stderr } = await gate(
      JOB,
      REQUEST,
      '--runtime',
      path,
      '--runtime-sha256',
      sha256(readFileSync(path)),
    );
    expect(stdout + stderr).not.toContain(SECRETS.EVIDENCE_KEY);
    expect(stdout).toMatch(/something that holds a secret/);
  });

  it('because it answers for somebody else’s evidence is found out', async () => {
    const path = join(job.folder, 'liar.cjs');
    const text = readFileSync(RUNTIME, 'utf8').replace(
      'fs.appendFileSync(log,',
      'if (request.target === "probe") fs.appendFileSync(log,',
    );
    writeFileSync(path, text);
    const { status, report } = await gate(JOB, REQUEST, '--runtime', path, '--runtime-sha256', sha256(text));
    expect(status).toBe(4);
    expect(report.diagnosis?.code).toBe('CAVRA-E401');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'is stopped when the gate is ended by %s',
    async (signal) => {
      const path = join(job.folder, 'slow.cjs');
      const text = readFileSync(RUNTIME, 'utf8').replace(
        'const response = decide(request);',
        'if (request.target !== "probe") return; const response = decide(request);',
      );
      writeFileSync(path, text);
      const args = [
        'gate',
        REQUEST,
        '--trust-policy',
        'policy.json',
        '--runtime',
        path,
        '--runtime-sha256',
        sha256(text),
      ];
      const child = spawn(process.execPath, [CLI_BUNDLE, ...args], {
        cwd: job.folder,
        env: { PATH: process.env['PATH'], ...JOB },
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.on('exit', (status, by) => resolve(by ?? status)));
      while (
        !readdirSync(tmpdir()).some((name) => name.startsWith('cavra-rt-') && existsSync(join(tmpdir(), name, 's')))
      ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      child.kill(signal);
      expect(await ended).toBe(signal);
    },
    30_000,
  );

  it('because somebody put another program in its place while it ran does not: what was verified goes on', async () => {
    const path = join(job.folder, 'replaced.cjs');
    const evil = `require('node:fs').writeFileSync(${JSON.stringify(path)}, '#!/bin/sh\\nexit 9\\n');`;
    const text = readFileSync(RUNTIME, 'utf8').replace(/^(#!.*\n)/, `$1${evil}\n`);
    writeFileSync(path, text);
    const { status, report } = await gate(JOB, REQUEST, '--runtime', path, '--runtime-sha256', sha256(text));
    expect(readFileSync(path, 'utf8')).toBe('#!/bin/sh\nexit 9\n');
    expect(report).toMatchObject({ verdict: 'pass', evidence: { valid: true } });
    expect(status).toBe(0);
    // The next gate looks again.
    const next = await gate(JOB, REQUEST, '--runtime', path, '--runtime-sha256', sha256(text));
    expect(next.report.diagnosis?.code).toBe('CAVRA-E218');
  });

  it('and takes no other process with it, whatever its PID file says', async () => {
    const bystander = spawn('sleep', ['60']);
    const path = join(job.folder, 'wrong-pid.cjs');
    const text = readFileSync(RUNTIME, 'utf8').replace('String(child.pid)', JSON.stringify(String(bystander.pid)));
    writeFileSync(path, text);
    expect((await gate(JOB, REQUEST, '--runtime', path, '--runtime-sha256', sha256(text))).status).toBe(0);
    expect(bystander.exitCode).toBeNull();
    process.kill(bystander.pid ?? 0, 0);
    bystander.kill();
  });
});

describe('a signed package', () => {
  it('is verified, and its program for this machine decides', async () => {
    const pack = signedPackage();
    const shown = await runCli(['runtime', 'verify', 'package', '--public-key', 'release.pub', '--format', 'json'], {
      workingDirectory: job.folder,
    });
    expect(shown.status).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({ valid: true, version: '1.4.0', signer: 'release@example' });
    const { status, report } = await gate(
      JOB,
      REQUEST,
      '--runtime-package',
      'package',
      '--runtime-public-key',
      'release.pub',
    );
    expect(status).toBe(0);
    expect(report.notes.join()).toMatch(/version 1\.4\.0, signed by release-2026/);
    writeFileSync(join(job.folder, 'digest.txt'), `${sha256(pack.pem)}\n`);
    expect(
      (await gate(JOB, REQUEST, '--runtime-package', 'package', '--runtime-public-key', 'digest.txt')).status,
    ).toBe(0);
  });

  it('is refused by people’s command and by the gate alike', async () => {
    const pack = signedPackage();
    chmodSync(pack.program, 0o755);
    writeFileSync(pack.program, 'evil');
    const shown = await runCli(['runtime', 'verify', 'package', '--public-key', 'release.pub'], {
      workingDirectory: job.folder,
    });
    expect(shown.status).toBe(2);
    expect(shown.stderr).toMatch(/CAVRA-E233/);
    const { status, report } = await gate(
      JOB,
      REQUEST,
      '--runtime-package',
      'package',
      '--runtime-public-key',
      'release.pub',
    );
    expect([status, report.diagnosis?.code]).toEqual([2, 'CAVRA-E233']);
    rmSync(pack.program);
  });

  it('and a path are pinned together: the path must be the package’s program', async () => {
    signedPackage();
    const other = join(job.folder, 'other.cjs');
    writeFileSync(other, '#!/bin/sh\n');
    const args = ['--runtime-package', 'package', '--runtime-public-key', 'release.pub', '--runtime', other];
    const { status, report } = await gate(JOB, REQUEST, ...args);
    expect([status, report.diagnosis?.code]).toEqual([2, 'CAVRA-E218']);
  });
});

/** A package in the job's workspace, signed with a key of its own. */
function signedPackage(): { readonly program: string; readonly pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform as string] ?? 'windows';
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  const name = `bin/cavra-runtime_1.4.0_${os}_${arch}`;
  const folder = join(job.folder, 'package');
  execFileSync('mkdir', ['-p', join(folder, 'bin')]);
  writeFileSync(join(folder, name), readFileSync(RUNTIME));
  writeFileSync(join(folder, 'checksums.txt'), `${sha256(readFileSync(RUNTIME))}  ${name}\n`);
  for (const path of [name, 'checksums.txt']) {
    const bytes = readFileSync(join(folder, path));
    writeFileSync(
      join(folder, `${path}.sig.json`),
      JSON.stringify({
        schema_version: 'cavra.go-release.signature.v1',
        subject: path,
        subject_sha256: sha256(bytes),
        algorithm: 'Ed25519',
        key_id: 'release-2026',
        signer: 'release@example',
        public_key_sha256: sha256(pem),
        public_key_pem: pem,
        value: sign(null, bytes, privateKey).toString('base64'),
      }),
    );
  }
  writeFileSync(join(job.folder, 'release.pub'), pem);
  return { program: join(folder, name), pem };
}

/** A job with a token of a platform that is pinned by file. */
function tokenJob() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' };
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'https://ghes.example/_services/token',
    aud: 'cavra-release-governance',
    sub: 'repo:example-org/example-repo:ref:refs/heads/main',
    jti: 'one',
    iat: seconds,
    nbf: seconds - 5,
    exp: seconds + 300,
    repository: 'example-org/example-repo',
    repository_id: '1',
    event_name: 'push',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    sha: HMAC_JOB.GITHUB_SHA,
    run_id: '7001',
    run_attempt: '1',
  };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part(claims)}`;
  const token = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  return {
    files: { 'jwks.json': JSON.stringify({ keys: [jwk] }) },
    environment: {
      CAVRA_RUNNER_AUTH_OIDC_TOKEN: token,
      CAVRA_RUNNER_OIDC_ISSUER: claims.iss,
      CAVRA_RUNNER_OIDC_AUDIENCE: claims.aud,
      CAVRA_RUNNER_OIDC_JWKS: 'jwks.json',
    },
  };
}
