import { createHash, createPublicKey } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../support/cli.ts';
import { HMAC_JOB, makeSite, makeWorkspace, SECRETS, type Site, type Workspace } from './harness.ts';

let site: Site;
let job: Workspace;
beforeEach(() => {
  job = makeWorkspace();
  site = makeSite();
});
afterEach(async () => {
  job.remove();
  await site.remove();
});

interface Check {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly action?: string;
}

async function doctor(
  environment: Readonly<Record<string, string>> = HMAC_JOB,
  publicKey: string | undefined = site.publicKey,
) {
  const pin = publicKey === '' ? [] : ['--daemon-public-key', publicKey];
  const args = ['doctor', '--format', 'json', '--socket', site.socket, ...pin];
  const { status, stdout } = await runCli(args, { workingDirectory: job.folder, environment });
  const report = JSON.parse(stdout) as { readonly ready: boolean; readonly method: string; readonly checks: Check[] };
  const checks = (name: string) => report.checks.filter((check) => check.name === name);
  return { status, stdout, ...report, check: (name: string) => checks(name)[0], checks };
}

const fingerprint = (path: string) =>
  createHash('sha256')
    .update(createPublicKey(readFileSync(path)).export({ type: 'spki', format: 'der' }))
    .digest('hex');

describe('doctor --socket', () => {
  it('tells of a daemon that answers: its socket, its key, and what it must know of this job', async () => {
    await site.daemon('start');
    const { status, ready, method, check, stdout } = await doctor();
    expect([status, ready, method]).toEqual([0, true, 'hmac']);
    expect(check('socket')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/owner \d+, group \d+, mode 0600/),
    });
    expect(check('daemon key')?.detail).toContain(`sha256 ${fingerprint(site.publicKey)}`);
    expect(check('daemon')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(
        `^gate\\.example, version .* is signed by the pinned key sha256 ${fingerprint(site.publicKey)}$`,
      ),
    });
    expect(check('authentication')?.detail).toMatch(/key runner-2099-q4; the daemon must allow hmac\.request_bound/);
    // Job and daemon are one user here, which is told; and the daemon's keyring has no key for checkpoints.
    expect(check('daemon user')).toMatchObject({ state: 'warning', action: 'give the daemon a user of its own' });
    expect(check('checkpoint')).toMatchObject({ state: 'warning', detail: expect.stringContaining('signs none') });
    // Neither evidence key nor trust policy is this job's affair.
    expect(check('evidence key')).toBeUndefined();
    expect(check('trust policy')).toBeUndefined();
    expect(stdout).not.toContain(SECRETS.RUNNER_KEY);
  });

  it('leaves no record', async () => {
    await site.daemon('start');
    await doctor();
    const status = JSON.parse((await site.daemon('status', '--format', 'json')).stdout);
    expect(status).toMatchObject({ requests: 0, refused: 0, open_streams: 0 });
  });

  it('tells which issuer and audience the daemon must have for the platform’s token', async () => {
    await site.daemon('start');
    const { CAVRA_RUNNER_AUTH_HMAC_KEY: _key, CAVRA_RUNNER_AUTH: _auth, ...plain } = HMAC_JOB;
    const { status, method, check } = await doctor({
      ...plain,
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example/?a=b',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
    });
    expect([status, method]).toEqual([0, 'oidc']);
    expect(check('authentication')?.detail).toContain(
      'the daemon must have an issuer for github-actions with the audience cavra-release-governance',
    );
  });

  it('tells when a daemon signs checkpoints', async () => {
    await site.remove();
    site = makeSite({ attests: true });
    await site.daemon('start');
    expect((await doctor()).check('checkpoint')).toEqual({
      name: 'checkpoint',
      state: 'ok',
      detail: 'the daemon signs it',
    });
  });

  it('tells of an evidence key that this job does not need', async () => {
    await site.daemon('start');
    const { status, check } = await doctor({ ...HMAC_JOB, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRETS.EVIDENCE_KEY });
    expect(status).toBe(0);
    expect(check('evidence key')).toMatchObject({ state: 'warning', action: 'remove the variable from this job' });
  });
});

describe('doctor --socket is not content', () => {
  it('when there is no socket', async () => {
    const { status, ready, check } = await doctor();
    expect([status, ready]).toEqual([5, false]);
    expect(check('socket')).toMatchObject({
      state: 'missing',
      detail: expect.stringMatching(/does not exist \(CAVRA-E520\)/),
    });
    expect(check('daemon')).toBeUndefined();
  });

  it('when there is something else', async () => {
    writeFileSync(site.socket, '');
    expect((await doctor()).check('socket')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('is no socket'),
    });
    rmSync(site.socket);
  });

  it('when nobody listens', async () => {
    const killed = await site.spawn();
    killed.process.kill('SIGKILL');
    await killed.ended;
    const { status, check } = await doctor();
    expect(status).toBe(5);
    expect(check('daemon')).toMatchObject({
      state: 'missing',
      detail: expect.stringMatching(/nobody listens \(CAVRA-E520\)/),
    });
  });

  it('when another key than the pinned one signs', async () => {
    await site.daemon('start');
    const { status, check } = await doctor(HMAC_JOB, site.attestationPublicKey);
    expect(status).toBe(5);
    expect(check('daemon')).toMatchObject({ state: 'missing', detail: expect.stringContaining('CAVRA-E521') });
    expect(check('daemon')?.action).toContain('somebody else listens');
  });

  it('when an impostor listens', async () => {
    const impostor = createServer((socket) => socket.resume().end('{"decision":"allow"}\n'));
    await new Promise<void>((resolve) => impostor.listen(site.socket, resolve));
    expect((await doctor()).check('daemon')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('CAVRA-E521'),
    });
    await new Promise((resolve) => impostor.close(resolve));
  });

  it('when no key is pinned, and nothing else says whom to believe', async () => {
    await site.daemon('start');
    const { status, check } = await doctor(HMAC_JOB, '');
    expect(status).toBe(2);
    expect(check('daemon')).toMatchObject({ state: 'missing', detail: expect.stringContaining('CAVRA-E234') });
  });

  it('when the job has nothing to prove with', async () => {
    await site.daemon('start');
    const { CAVRA_RUNNER_AUTH_HMAC_KEY: _key, ...nothing } = HMAC_JOB;
    const { status, method, check } = await doctor(nothing);
    expect([status, method]).toEqual([3, 'none']);
    expect(check('authentication')).toMatchObject({ state: 'missing', detail: expect.stringContaining('CAVRA-E301') });
  });

  it('with a socket to which everybody may connect', async () => {
    await site.daemon('start');
    chmodSync(site.socket, 0o666);
    expect((await doctor()).checks('socket')).toContainEqual(
      expect.objectContaining({ state: 'warning', detail: 'everybody may connect' }),
    );
  });

  it('with the daemon of others, whose answers are not signed, but says what it is believed by', async () => {
    await site.daemon('start');
    const { check, checks } = await doctor(
      {
        ...HMAC_JOB,
        CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRETS.EVIDENCE_KEY,
        CAVRA_RUNTIME_EVIDENCE_LOG: join(site.folder, 'log.jsonl'),
      },
      '',
    );
    expect(check('daemon key')).toMatchObject({ state: 'warning', detail: expect.stringContaining('none is pinned') });
    expect(checks('socket')[0]).toMatchObject({ state: 'ok' });
  });
});
