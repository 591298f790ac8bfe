import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CavraError, ConfigurationError, RuntimeFailure } from '../../src/domain/diagnosis.ts';
import { openEvidence } from '../../src/io/evidence/evidence-reader.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { rejectionOf } from '../support/refusal.ts';
import {
  APPROVED,
  askPlain,
  type DaemonFiles,
  daemonFiles,
  EVIDENCE_KEY,
  exchange,
  IDENTITY,
  linesOf,
  open,
  proven,
  provenByIdentity,
  type RunningDaemon,
  refusalsOf,
  startDaemon,
  streamsOf,
} from './harness.ts';

const running: RunningDaemon[] = [];
const created: DaemonFiles[] = [];

function newFiles(changes: Readonly<Record<string, unknown>> = {}): DaemonFiles {
  const files = daemonFiles(changes);
  created.push(files);
  return files;
}

async function start(files = newFiles()): Promise<RunningDaemon> {
  const daemon = await startDaemon(files);
  running.push(daemon);
  return daemon;
}

async function stop(daemon: RunningDaemon): Promise<number> {
  running.splice(running.indexOf(daemon), 1);
  return daemon.stop();
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((daemon) => daemon.stop()));
  for (const files of created.splice(0)) files.remove();
});

const [STREAM] = ['release-governance-evidence.jsonl'];

describe('a resident daemon', () => {
  it('decides for a runner that proves itself, and records that in the stream of its run', async () => {
    const daemon = await start();
    const body = await daemon.client.evaluate(proven(APPROVED));
    expect(body).toMatchObject({
      response: { decision: 'allow', rule_id: 'release_governance.approval.approved' },
      runner: { method: 'hmac', key_id: 'runner-1', unverified: [], notes: [] },
      trust_rule: 'the project',
      refusal: null,
      replayed: false,
      stream: { records: 1 },
    });
    const [name = ''] = streamsOf(daemon.files);
    expect(name).toBe(body.stream?.name);
    expect(name).toMatch(/^example-org-example-repo\.9000000001\.1\.[0-9a-f]{32}$/);
    const [line = ''] = linesOf(daemon.files, name);
    expect(JSON.parse(line)).toMatchObject({ sequence: 1, record_hash: body.stream?.head_hash });
    expect(refusalsOf(daemon.files)).toEqual([]);
  });

  it('keeps one stream for each run, each of which verifies by itself', async () => {
    const daemon = await start();
    const other = { ...IDENTITY, run_id: '9000000002' };
    await Promise.all([
      ...[1, 2, 3].map(() => daemon.client.evaluate(proven(APPROVED))),
      ...[1, 2].map(() => daemon.client.evaluate(proven(APPROVED, { identity: other }))),
    ]);
    await stop(daemon);
    const counts = streamsOf(daemon.files).map((name) => linesOf(daemon.files, name).length);
    expect(counts.sort()).toEqual([2, 3]);
    for (const name of streamsOf(daemon.files)) {
      const { report } = await verifyEvidence(
        {
          path: join(daemon.files.evidence, name),
          keys: [{ ...EVIDENCE_KEY, status: 'active' }],
          integrityOnly: false,
        },
        { now: Date.now, verifier: { name: 'test', version: '0' }, openEvidence },
      );
      expect(report).toMatchObject({ valid: true, signatures: 'checked' });
    }
  });

  it('records a runner that cannot prove itself apart from every run, and decides nothing for it', async () => {
    const daemon = await start();
    const forged = proven(APPROVED, { audience: 'another.example' });
    const body = await daemon.client.evaluate(forged);
    expect(body).toMatchObject({
      response: { decision: 'block', rule_id: 'runner_auth.invalid' },
      runner: null,
      stream: null,
      refusal: { code: 'CAVRA-E303' },
    });
    expect(streamsOf(daemon.files)).toEqual([]);
    expect(refusalsOf(daemon.files)).toHaveLength(1);
  });

  it('tells a runner that is not trusted so, in the stream of its run', async () => {
    const daemon = await start();
    const stranger = { ...IDENTITY, repository: 'example-org/other' };
    const body = await daemon.client.evaluate(proven(APPROVED, { identity: stranger }));
    expect(body).toMatchObject({
      response: { decision: 'block', rule_id: 'runner_trust.denied' },
      refusal: { code: 'CAVRA-E320' },
      stream: { records: 1 },
    });
  });

  it('leaves no record of readiness probes, greetings and looks', async () => {
    const daemon = await start();
    (await open(daemon.files.socket)).destroy();
    (await open(daemon.files.socket)).end();
    await daemon.client.hello();
    expect(await exchange(daemon.files.socket, 'not json\n')).toMatch(/^\["error",\{"code":"CAVRA-E204"/);
    expect(readdirSync(daemon.files.evidence).filter((name) => !name.startsWith('daemon.lock'))).toEqual([]);
  });

  it('keeps socket, folders and files to its own user', async () => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED));
    const modeOf = (path: string) => statSync(path).mode & 0o777;
    const { files } = daemon;
    const [name = ''] = streamsOf(files);
    expect([files.socket, files.state, files.evidence, join(files.evidence, name)].map(modeOf)).toEqual([
      0o600, 0o700, 0o700, 0o700,
    ]);
    const inside = [files.state, join(files.evidence, name)].flatMap((folder) =>
      readdirSync(folder).map((each) => modeOf(join(folder, each))),
    );
    expect(new Set(inside)).toEqual(new Set([0o600]));
  });

  it('answers a Go client that is allowed by name, and leaves nothing in the evidence that could be copied', async () => {
    const daemon = await start();
    const request = provenByIdentity(APPROVED);
    const response = await askPlain(daemon.files.socket, request);
    expect(response).toMatchObject({ decision: 'allow' });
    const [name = ''] = streamsOf(daemon.files);
    const [line = ''] = linesOf(daemon.files, name);
    expect(JSON.parse(line).request.runner_auth.signature).toBe('<redacted-hmac-sha256>');
    expect(line).not.toContain(request.runner_auth?.signature);
  });

  it('accepts identity-only proofs of no other key, and none where they are not named', async () => {
    const daemon = await start();
    const { signIdentity } = await import('../../src/domain/auth/hmac.ts');
    const { RUNNER_KEY } = await import('./harness.ts');
    const byRunnerKey = { ...APPROVED, runner_auth: signIdentity(RUNNER_KEY, IDENTITY) };
    expect(await askPlain(daemon.files.socket, byRunnerKey)).toMatchObject({ rule_id: 'runner_auth.invalid' });
    daemon.files.configure({ hmac: { request_bound: true } });
    daemon.signal('reload');
    await daemon.event('reloaded');
    expect(await askPlain(daemon.files.socket, provenByIdentity(APPROVED))).toMatchObject({
      rule_id: 'runner_auth.invalid',
    });
  });

  it('ends what it was asked before it stops, and leaves nothing behind but evidence and state', async () => {
    const daemon = await start();
    // Those that it has not read yet when it stops are turned away, and that may be before anybody waits for them below.
    const answers = Promise.allSettled(Array.from({ length: 20 }, () => daemon.client.evaluate(proven(APPROVED))));
    await daemon.event('decided');
    const began = Date.now();
    expect(await stop(daemon)).toBe(0);
    expect(Date.now() - began).toBeLessThan(5_000);
    const answered = (await answers).filter(({ status }) => status === 'fulfilled').length;
    expect(answered).toBeGreaterThan(0);
    const [name = ''] = streamsOf(daemon.files);
    expect(linesOf(daemon.files, name).length).toBeGreaterThanOrEqual(answered);
    expect(existsSync(daemon.files.socket)).toBe(false);
    expect(readdirSync(daemon.files.state).sort()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^replay-/), 'socket.json']),
    );
    expect(readdirSync(daemon.files.state).filter((each) => /lock|control/.test(each))).toEqual([]);
  });

  it('stops in time though clients hold on', async () => {
    const daemon = await start();
    const idle = await Promise.all(Array.from({ length: 10 }, () => open(daemon.files.socket)));
    const half = await open(daemon.files.socket);
    half.write('{"target":');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = Date.now();
    expect(await stop(daemon)).toBe(0);
    expect(Date.now() - began).toBeLessThan(5_000);
    for (const socket of [...idle, half]) socket.destroy();
  });
});

describe('reloading', () => {
  it('takes the new configuration for what comes, and drops nothing', async () => {
    const daemon = await start();
    const before = Array.from({ length: 20 }, () => daemon.client.evaluate(proven(APPROVED)));
    daemon.files.configure({ rules: 'compatible' });
    daemon.signal('reload');
    const tampered = {
      ...APPROVED,
      release_governance: { ...APPROVED.release_governance, integrity_status: 'tampered' },
    };
    await daemon.event('reloaded');
    const after = await daemon.client.evaluate(proven(tampered));
    expect(after.response.decision).toBe('allow');
    expect((await Promise.all(before)).map(({ response }) => response.decision)).toEqual(Array(20).fill('allow'));
    const [name = ''] = streamsOf(daemon.files);
    expect(linesOf(daemon.files, name)).toHaveLength(21);
  });

  it.each([
    ['is no JSON', (files: DaemonFiles) => writeFileSync(files.configuration, '{')],
    ['lacks a key', (files: DaemonFiles) => files.configure({ keyring: 'absent.json' })],
    ['moves the socket', (files: DaemonFiles) => files.configure({ socket: { path: 'run/e.sock' } })],
    ['may be written by others', (files: DaemonFiles) => chmodSync(files.configuration, 0o666)],
  ])('goes on with the old configuration when the new one %s', async (_, spoil) => {
    const daemon = await start();
    spoil(daemon.files);
    daemon.signal('reload');
    expect(await daemon.event('reload_refused')).toMatchObject({ level: 'error' });
    expect((await daemon.client.evaluate(proven(APPROVED))).response.decision).toBe('allow');
  });
});

describe('the place of the socket', () => {
  const startFailure = async (files: DaemonFiles) => {
    const error = await rejectionOf(startDaemon(files));
    expect(error).toBeInstanceOf(CavraError);
    return error as CavraError;
  };

  it('is not taken from somebody else’s file', async () => {
    const files = newFiles();
    writeFileSync(files.socket, 'precious');
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
    expect(readFileSync(files.socket, 'utf8')).toBe('precious');
  });

  it('is not taken from a link', async () => {
    const files = newFiles();
    symlinkSync('/nowhere', files.socket);
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
  });

  it('is not in a folder that is a link', async () => {
    const files = newFiles({ socket: { path: 'link/d.sock' } });
    symlinkSync(join(files.folder, 'run'), join(files.folder, 'link'));
    const failure = await startFailure(files);
    expect(failure).toMatchObject({ code: 'CAVRA-E231', message: expect.stringContaining('its folder is a link') });
    expect(readdirSync(join(files.folder, 'run'))).toEqual([]);
  });

  it('is not taken from a living server', async () => {
    const files = newFiles();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(files.socket, resolve));
    const failure = await startFailure(files);
    expect(failure).toBeInstanceOf(RuntimeFailure);
    expect(failure.code).toBe('CAVRA-E522');
    await new Promise((resolve) => server.close(resolve));
  });

  it('is not taken from a dead socket that another one made', async () => {
    const files = newFiles();
    await deadSocket(files.socket);
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
    expect(existsSync(files.socket)).toBe(true);
  });

  it('is taken over from its own dead socket', async () => {
    const files = newFiles();
    await deadSocket(files.socket);
    const { dev, ino } = statSync(files.socket, { bigint: true });
    mkdirSync(files.state, { mode: 0o700 });
    const mark = { path: files.socket, dev: String(dev), ino: String(ino) };
    writeFileSync(join(files.state, 'socket.json'), JSON.stringify(mark));
    const daemon = await start(files);
    expect((await daemon.client.evaluate(proven(APPROVED))).response.decision).toBe('allow');
  });

  it.each([
    ['others may look into', 0o755],
    ['the group may use', 0o770],
    ['others may write to', 0o777],
  ])('is no folder that %s', async (_, mode) => {
    const files = newFiles();
    chmodSync(join(files.folder, 'run'), mode);
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
  });

  it('is no folder below one that others may write to', async () => {
    const shared = newFiles().folder;
    chmodSync(shared, 0o777);
    const failure = await startFailure(newFiles({ socket: { path: join(shared, 'run', 'd.sock') } }));
    chmodSync(shared, 0o700);
    expect(failure).toMatchObject({ code: 'CAVRA-E231' });
  });

  it('has a path that systems can hold', async () => {
    const files = newFiles({ socket: { path: `run/${'x'.repeat(100)}.sock` } });
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
  });

  it('may be opened to one group', async () => {
    const group = process.getegid?.() ?? 0;
    const files = newFiles({ socket: { path: 'run/d.sock', group } });
    const daemon = await start(files);
    expect(statSync(files.socket).mode & 0o777).toBe(0o660);
    expect((await daemon.client.hello()).daemon.name).toBe('gate.example');
  });

  it('has no group that does not exist', async () => {
    const files = newFiles({ socket: { path: 'run/d.sock', group: 'no-such-group-here' } });
    expect(await startFailure(files)).toMatchObject({ code: 'CAVRA-E231' });
  });
});

describe('a second daemon', () => {
  it('is refused, and told who holds the folders', async () => {
    const daemon = await start();
    const error = await rejectionOf(startDaemon(daemon.files));
    expect(error).toBeInstanceOf(RuntimeFailure);
    expect(error).toMatchObject({
      code: 'CAVRA-E522',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect((await daemon.client.evaluate(proven(APPROVED))).response.decision).toBe('allow');
  });

  it('is refused on the same evidence, though it has another socket and state', async () => {
    const daemon = await start();
    const other = newFiles({ evidence_folder: daemon.files.evidence });
    expect(await rejectionOf(startDaemon(other))).toMatchObject({ code: 'CAVRA-E522' });
  });
});

describe('evidence that is changed underneath', () => {
  it.each([
    ['removed', (path: string) => rmSync(path)],
    ['rotated', (path: string) => renameSync(path, `${path}.1`)],
    [
      'replaced',
      (path: string) => {
        rmSync(path);
        writeFileSync(path, '');
      },
    ],
    ['written to', (path: string) => appendFileSync(path, '{}\n')],
  ])('is not continued once it was %s, and the daemon goes on for others', async (_, change) => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED));
    const [name = ''] = streamsOf(daemon.files);
    change(join(daemon.files.evidence, name, STREAM ?? ''));
    for (const _attempt of [1, 2]) {
      const error = await rejectionOf(daemon.client.evaluate(proven(APPROVED)));
      expect(error).toBeInstanceOf(RuntimeFailure);
      expect(error).toMatchObject({ code: 'CAVRA-E523', message: expect.stringContaining('CAVRA-E503') });
    }
    expect(daemon.log).toContainEqual(expect.objectContaining({ event: 'request_failed', code: 'CAVRA-E503' }));
    const other = proven(APPROVED, { identity: { ...IDENTITY, run_id: '2' } });
    expect((await daemon.client.evaluate(other)).response.decision).toBe('allow');
  });

  it('is noticed when the daemon had closed the stream meanwhile', async () => {
    const files = newFiles({ limits: { connections: 1 } });
    const daemon = await start(files);
    await daemon.client.evaluate(proven(APPROVED));
    const [name = ''] = streamsOf(files);
    // A reload closes the stream before its next record.
    daemon.signal('reload');
    await daemon.event('reloaded');
    rmSync(join(files.evidence, name, STREAM ?? ''));
    expect(await rejectionOf(daemon.client.evaluate(proven(APPROVED)))).toMatchObject({ code: 'CAVRA-E523' });
  });

  it('is not continued by the next daemon either, when it was tampered with', async () => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED));
    await stop(daemon);
    const [name = ''] = streamsOf(daemon.files);
    const path = join(daemon.files.evidence, name, STREAM ?? '');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"allow"', '"block"'));
    const next = await start(daemon.files);
    expect(await rejectionOf(next.client.evaluate(proven(APPROVED)))).toMatchObject({
      code: 'CAVRA-E523',
      message: expect.stringContaining('CAVRA-E404'),
    });
  });
});

describe('what only the daemon’s user may ask', () => {
  it('is refused without the secret of the instance', async () => {
    const daemon = await start();
    for (const work of [daemon.client.stop(Buffer.alloc(32)), daemon.client.status(Buffer.alloc(32))]) {
      expect(await rejectionOf(work)).toMatchObject({ code: 'CAVRA-E523', message: expect.stringContaining('E303') });
    }
    expect((await daemon.client.evaluate(proven(APPROVED))).response.decision).toBe('allow');
  });

  it('is answered with it, and counts what happened', async () => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED));
    await daemon.client.evaluate({ ...APPROVED, runner_auth: { identity: IDENTITY } });
    const control = JSON.parse(readFileSync(join(daemon.files.state, 'control.json'), 'utf8'));
    const status = await daemon.client.status(Buffer.from(control.secret, 'hex'));
    expect(status).toMatchObject({ requests: 2, refused: 1, open_streams: 2, remembered_proofs: 1, draining: false });
  });
});

describe('the configuration', () => {
  it('names everything that is wrong at once', async () => {
    const files = newFiles({
      keyring: 'absent.json',
      trust_policy: { file: 'none.json' },
      signing_key: { id: 'x', private_key: { env: 'NO_SUCH' } },
    });
    const error = await rejectionOf(startDaemon(files));
    expect(error).toBeInstanceOf(ConfigurationError);
    const { code, message } = error as CavraError;
    expect(code).toBe('CAVRA-E230');
    expect(message).toMatch(/keyring/);
    expect(message).toMatch(/trust policy/);
    expect(message).toMatch(/NO_SUCH/);
  });
});

function deadSocket(path: string): Promise<void> {
  // A socket whose process died: closed by renaming it away from what would unlink it.
  return new Promise((resolve) => {
    const server = createServer().listen(`${path}.x`, () => {
      renameSync(`${path}.x`, path);
      server.close(() => resolve());
    });
  });
}
