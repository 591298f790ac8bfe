import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliRun, runCli } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { root } from '../../support/repository.ts';
import { sshSigner } from '../../support/ssh-signer.ts';

let folder: string;
let home: string;
let repository: string;
let commit: string;

const REQUEST = {
  target: 'production',
  release_governance: { metadata_kind: 'rollout-promotion-execution', release_version: 'v2.4.0' },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-approve-'));
  home = join(folder, 'home');
  repository = join(folder, 'repository');
  for (const path of [home, repository, join(repository, 'release')]) mkdirSync(path);
  git('init', '-q', '.');
  git('remote', 'add', 'origin', 'git@github.com:octo-org/octo-repo.git');
  writeFileSync(join(repository, 'release', 'request.json'), JSON.stringify(REQUEST));
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'request');
  commit = git('rev-parse', 'HEAD').trim();
  keygen('-q', '-t', 'ed25519', '-N', '', '-C', 'ann@laptop', '-f', join(folder, 'key'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home },
  });
const keygen = (...args: string[]) => execFileSync('ssh-keygen', args);
const approveWith = (environment: Readonly<Record<string, string>>, ...args: string[]) =>
  runCli(['approve', ...args], { workingDirectory: repository, environment: { HOME: home, ...environment } });
const approve = (...args: string[]) => approveWith({}, 'release/request.json', ...args);
const key = () => ['--key', join(folder, 'key')];

/** The one approval in the folder. */
function approval() {
  const name = readdirSync(repository).find((each) => each.endsWith('.approval.json')) ?? '';
  return {
    name,
    text: readFileSync(join(repository, name), 'utf8'),
    document: JSON.parse(readFileSync(join(repository, name), 'utf8')),
  };
}

/** What ssh-keygen itself says of an approval and its signature. */
function verify(name: string, publicKey: string): number | null {
  writeFileSync(join(folder, 'allowed'), `ann namespaces="release-approval@cavra" ${publicKey}\n`);
  const args = [
    '-Y',
    'verify',
    '-f',
    join(folder, 'allowed'),
    '-I',
    'ann',
    '-n',
    'release-approval@cavra',
    '-s',
    join(repository, `${name}.sig`),
  ];
  return spawnSync('ssh-keygen', args, { input: readFileSync(join(repository, name)) }).status;
}

function expectFailure(run: CliRun, code: string, ...words: readonly string[]): void {
  expect([run.status, run.stderr]).toEqual([2, expect.stringContaining(code)]);
  for (const word of words) expect(run.stderr).toContain(word);
  expect(readdirSync(repository).filter((name) => name.includes('approval'))).toEqual([]);
}

describe('an approval', () => {
  test('is shown, written, signed and accepted by ssh-keygen', async () => {
    const run = await approve(...key());
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const sha256 = execFileSync('sha256sum', [join(repository, 'release/request.json')], { encoding: 'utf8' }).slice(
      0,
      64,
    );
    for (const shown of [
      'You approve this release',
      'github-actions octo-org/octo-repo',
      sha256,
      'production',
      'v2.4.0',
      'rollout-promotion-execution',
      commit,
    ]) {
      expect(run.stdout).toContain(shown);
    }
    const { name, text, document } = approval();
    expect(name).toMatch(/^request\.[0-9a-f]{8}\.approval\.json$/);
    expect(text).toMatch(/^\{.*\}\n$/);
    expect(document.subject).toEqual([
      { name: 'request.json', digest: { sha256 } },
      { name: `git:${commit}`, digest: { gitCommit: commit } },
    ]);
    expect(document.predicate).toMatchObject({
      decision: 'approve',
      provider: 'github-actions',
      repository: 'octo-org/octo-repo',
      run_id: null,
      reason: '',
    });
    expect(Date.parse(document.predicate.not_after) - Date.parse(document.predicate.not_before)).toBe(72 * 3_600_000);
    expect(verify(name, readFileSync(join(folder, 'key.pub'), 'utf8'))).toBe(0);
  });

  test('says in JSON what was signed, by which key', async () => {
    const run = await approve(...key(), '--format', 'json', '--output', 'lead.approval.json');
    expect(run.status).toBe(0);
    expect(run.stderr).toContain('You approve this release');
    expect(JSON.parse(run.stdout)).toMatchObject({
      document: 'lead.approval.json',
      signature: 'lead.approval.json.sig',
      statement: { commit, predicate: { decision: 'approve' } },
      signed_by: { type: 'ssh-ed25519', touched: null, pin: null },
    });
  });

  test('names artifacts, run, period, repository and commit as told', async () => {
    writeFileSync(join(repository, 'app.tgz'), 'app');
    const other = 'a'.repeat(40);
    const run = await approve(
      ...[...key(), '--subject', '*.tgz', '--run-id', '30433642', '--expires', '90m', '--reason', 'reviewed in CHG-7'],
      ...['--repository', 'gitlab:my-group/my-project', '--commit', other],
    );
    expect(run).toMatchObject({ status: 0 });
    const { subject, predicate } = approval().document;
    expect(subject.slice(1)).toEqual([
      { name: `git:${other}`, digest: { gitCommit: other } },
      { name: 'app.tgz', digest: { sha256: createHash('sha256').update('app').digest('hex') } },
    ]);
    expect(predicate).toMatchObject({
      provider: 'gitlab-ci',
      repository: 'my-group/my-project',
      run_id: '30433642',
      reason: 'reviewed in CHG-7',
    });
    expect(Date.parse(predicate.not_after) - Date.parse(predicate.not_before)).toBe(5_400_000);
  });

  test('may be a rejection, or an emergency with a reason for one run', async () => {
    expect((await approve(...key(), '--reject', '--reason', 'freeze')).stdout).toContain('You reject this release');
    expect(approval().document.predicate).toMatchObject({ decision: 'reject', reason: 'freeze' });
    const emergency = await approve(...key(), '--emergency', '--run-id', '7', '--reason', 'database is down');
    expect(emergency.stdout).toContain('in an emergency');
    const { predicate } = approval().document;
    expect(predicate).toMatchObject({ decision: 'emergency', run_id: '7' });
    expect(Date.parse(predicate.not_after) - Date.parse(predicate.not_before)).toBe(4 * 3_600_000);
  });

  test('takes the place of an earlier one, signature and all', async () => {
    await approve(...key());
    const before = approval();
    writeFileSync(join(repository, `${before.name}.sig`), 'an old signature');
    expect(await approve(...key(), '--reason', 'again')).toMatchObject({ status: 0 });
    const after = approval();
    expect(after.name).toBe(before.name);
    expect(after.document.predicate.nonce).not.toBe(before.document.predicate.nonce);
    expect(verify(after.name, readFileSync(join(folder, 'key.pub'), 'utf8'))).toBe(0);
  });

  test('of a second person stands beside the first', async () => {
    keygen('-q', '-t', 'ecdsa', '-N', '', '-f', join(folder, 'other'));
    await approve(...key());
    await approve('--key', join(folder, 'other'));
    expect(readdirSync(repository).filter((name) => name.endsWith('.approval.json'))).toHaveLength(2);
  });
});

describe('the key', () => {
  test('is the one that Git signs with, as a file or as it is', async () => {
    git('config', 'gpg.format', 'ssh');
    git('config', 'user.signingkey', join(folder, 'key'));
    expect(await approve()).toMatchObject({ status: 0 });
    git('config', 'user.signingkey', '~/missing');
    const missing = await approve('--output', 'x.approval.json');
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('CAVRA-E257')]);
    git('config', 'gpg.format', 'openpgp');
    const other = await approve('--output', 'x.approval.json');
    expect(other.stderr).toContain('Git has none to sign with');
  });

  test('may be in an agent', async () => {
    const agent = spawnSync('ssh-agent', ['-s', '-a', join(folder, 'agent')], { encoding: 'utf8' });
    const [, pid = ''] = /SSH_AGENT_PID=(\d+)/.exec(agent.stdout) ?? [];
    const environment = { SSH_AUTH_SOCK: join(folder, 'agent'), TMPDIR: join(folder, 'tmp') };
    mkdirSync(join(folder, 'tmp'));
    try {
      execFileSync('ssh-add', ['-q', join(folder, 'key')], { env: { PATH: process.env['PATH'], ...environment } });
      rmSync(join(folder, 'key'));
      const publicKey = readFileSync(join(folder, 'key.pub'), 'utf8').trim();
      const named = await approveWith(environment, 'release/request.json', '--key', join(folder, 'key.pub'));
      expect(named).toMatchObject({ status: 0 });
      expect(verify(approval().name, publicKey)).toBe(0);
      git('config', 'gpg.format', 'ssh');
      git('config', 'user.signingkey', `key::${publicKey}`);
      expect(await approveWith(environment, 'release/request.json')).toMatchObject({ status: 0 });
      // The key that Git has as it is was in a file of its own for a moment.
      expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    } finally {
      process.kill(Number(pid));
    }
  });

  test.each<[string, number, string]>([
    ['touched', 1, 'touch it when it blinks'],
    ['not touched', 0, 'The key was not touched'],
  ])('may be on an authenticator: %s', async (_, flags, words) => {
    const path = fakeAuthenticator(flags);
    const run = await approveWith({ PATH: path }, 'release/request.json', '--key', join(folder, 'sk.pub'));
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).toContain(words);
    expect(verify(approval().name, readFileSync(join(folder, 'sk.pub'), 'utf8'))).toBe(0);
  });

  test('must be one that the gate takes', async () => {
    keygen('-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(folder, 'rsa'));
    expectFailure(
      await approve('--key', join(folder, 'rsa')),
      'CAVRA-E257',
      'the gate would not accept the signature',
      '3072',
    );
    keygen('-q', '-t', 'ecdsa', '-b', '521', '-N', '', '-f', join(folder, 'p521'));
    expectFailure(await approve('--key', join(folder, 'p521')), 'CAVRA-E257', 'ecdsa-sha2-nistp521 is not accepted');
  });

  test('is one, and there', async () => {
    expectFailure(await approve('--key', join(folder, 'missing')), 'CAVRA-E257', 'ssh-keygen finds no key');
    writeFileSync(join(folder, 'text'), 'no key');
    expectFailure(await approve('--key', join(folder, 'text')), 'CAVRA-E257');
    expectFailure(await approve(), 'CAVRA-E257', '--key');
    rmSync(join(folder, 'key'));
    // The private half is nowhere.
    expectFailure(await approve('--key', join(folder, 'key.pub')), 'CAVRA-E257', 'ssh-keygen did not sign');
  });

  test('is used by ssh-keygen, and without it nothing is signed', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    symlinkSync(execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), join(bin, 'git'));
    expectFailure(await approveWith({ PATH: bin }, 'release/request.json', ...key()), 'CAVRA-E256', 'install OpenSSH');
  });
});

describe('what is approved is known', () => {
  test('the commit is the one that stands in the folder', async () => {
    writeFileSync(join(repository, 'release', 'request.json'), JSON.stringify({ ...REQUEST, actor: 'x' }));
    expectFailure(await approve(...key()), 'CAVRA-E258', 'files were changed since', '--commit');
    git('checkout', '-q', '.');
    writeFileSync(join(repository, 'untracked'), 'x');
    expect(await approve(...key())).toMatchObject({ status: 0 });
  });

  test('the repository is that of a platform', async () => {
    git('remote', 'set-url', 'origin', 'https://git.example.com/octo-org/octo-repo.git');
    expectFailure(await approve(...key()), 'CAVRA-E258', 'git.example.com', '--repository');
    git('remote', 'remove', 'origin');
    expectFailure(await approve(...key()), 'CAVRA-E258', 'no Git remote');
    for (const name of ['octo-org/octo-repo', 'bitbucket:x', 'github:', ':x']) {
      expectFailure(await approve(...key(), '--repository', name), 'CAVRA-E217', 'PROVIDER:NAME');
    }
  });

  test('outside of a repository no commit is named', async () => {
    rmSync(join(repository, '.git'), { recursive: true });
    const run = await approve(...key(), '--repository', 'local:octo-repo');
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).toContain('(none: this is no Git repository');
    expect(approval().document.subject).toHaveLength(1);
  });

  test.each<[string, readonly string[], string, string]>([
    ['a short commit', ['--commit', 'abc1234'], 'CAVRA-E217', 'expected a full hash'],
    ['a period without unit', ['--expires', '72'], 'CAVRA-E217', 'like 90m, 72h or 3d'],
    ['a year', ['--expires', '365d'], 'CAVRA-E217', 'up to 90d'],
    [
      'an emergency for a day',
      ['--emergency', '--run-id', '7', '--reason', 'x', '--expires', '24h'],
      'CAVRA-E217',
      'up to 4h',
    ],
    ['an emergency of every run', ['--emergency', '--reason', 'x'], 'CAVRA-E217', '--run-id'],
    ['an emergency without reason', ['--emergency', '--run-id', '7'], 'CAVRA-E217', '--reason'],
    ['a rejection and an emergency', ['--emergency', '--reject'], 'CAVRA-E217', 'excludes'],
    ['an e-mail address in a reason', ['--reason', 'ask ann@example.com'], 'CAVRA-E217', 'e-mail address'],
    ['an artifact that is not there', ['--subject', 'missing.tgz'], 'CAVRA-E216', 'missing.tgz'],
    ['an artifact of the request’s name', ['--subject', 'request.json'], 'CAVRA-E217', 'different names'],
    ['another ending', ['--output', 'approved.json'], 'CAVRA-E217', '.approval.json'],
    ['a folder that is not there', ['--output', 'missing/x.approval.json'], 'CAVRA-E219', 'cannot be written'],
    ['an empty option', ['--reason', ''], 'CAVRA-E217', '--reason is empty'],
  ])('%s', async (_, args, code, word) => {
    writeFileSync(join(repository, 'request.json'), 'an artifact');
    expectFailure(await approve(...key(), ...args), code, word);
  });

  test('the request is one', async () => {
    expectFailure(await approveWith({}, 'missing.json', ...key()), 'CAVRA-E203');
    writeFileSync(join(repository, 'no.json'), '{"unknown":1}');
    expectFailure(await approveWith({}, 'no.json', ...key()), 'CAVRA-E204');
  });

  test('a signature’s name that is a folder is refused', async () => {
    mkdirSync(join(repository, 'x.approval.json.sig', 'full'), { recursive: true });
    const run = await approve(...key(), '--output', 'x.approval.json');
    expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('CAVRA-E219')]);
  });
});

describe('docs/approvals.md', () => {
  test('its commands work', () => {
    mkdirSync(join(home, '.ssh'));
    for (const half of ['', '.pub'])
      writeFileSync(join(home, '.ssh', `id_ed25519${half}`), readFileSync(join(folder, `key${half}`)), { mode: 0o600 });
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const program = join(root, 'packages/cli/dist/cavra-release-governance.mjs');
    writeFileSync(join(bin, 'cavra-release-governance'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(join(bin, 'cavra-release-governance'), 0o755);
    const script = blocksFor('test/e2e/cli/approve.test.ts', 'sh')
      .map(({ text }) => text)
      .join('');
    const environment = { PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: home };
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', script], {
      cwd: repository,
      env: environment,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Good "release-approval@cavra" signature for release-lead');
    expect(stdout).toContain(approval().document.subject[0].digest.sha256);
  });
});

/** An `ssh-keygen` whose key is on an authenticator: no machine of a test has one. Verifying is left to the real one. */
function fakeAuthenticator(flags: number): string {
  const signer = sshSigner('sk-ssh-ed25519@openssh.com');
  writeFileSync(join(folder, 'sk.pub'), `${signer.publicKey}\n`);
  writeFileSync(join(folder, 'sk.pem'), signer.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const script = `#!${process.execPath}
const { createHash, createPrivateKey, sign } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
const file = args.at(-1);
if (args[0] === '-l') process.stdout.write(execFileSync(${JSON.stringify(realSshKeygen())}, args));
else {
  const sha = (name, bytes) => createHash(name).update(bytes).digest();
  const number = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(value); return bytes; };
  const text = (value) => Buffer.concat([number(Buffer.from(value).length), Buffer.from(value)]);
  const signed = Buffer.concat([Buffer.from('SSHSIG'), ...['release-approval@cavra', '', 'sha512', sha('sha512', readFileSync(file))].map(text)]);
  const device = Buffer.concat([Buffer.from([${flags}]), number(9)]);
  const message = Buffer.concat([sha('sha256', 'ssh:'), device, sha('sha256', signed)]);
  const value = sign(null, message, createPrivateKey(readFileSync(${JSON.stringify(join(folder, 'sk.pem'))})));
  const inner = Buffer.concat([text('sk-ssh-ed25519@openssh.com'), text(value), device]);
  const blob = Buffer.concat([Buffer.from('SSHSIG'), number(1), text(Buffer.from(${JSON.stringify(signer.blob.toString('base64'))}, 'base64')), ...['release-approval@cavra', '', 'sha512', inner].map(text)]);
  const lines = blob.toString('base64').match(/.{1,70}/g).map((line) => line + '\\n').join('');
  writeFileSync(file + '.sig', '-----BEGIN SSH SIGNATURE-----\\n' + lines + '-----END SSH SIGNATURE-----\\n');
}
`;
  const bin = join(folder, 'fido');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh-keygen'), script, { mode: 0o755 });
  return `${bin}${delimiter}${process.env['PATH']}`;
}

function realSshKeygen(): string {
  return execFileSync('which', ['ssh-keygen'], { encoding: 'utf8' }).trim();
}
