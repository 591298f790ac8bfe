import { appendFileSync, chmodSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RuntimeFailure } from '../../src/domain/diagnosis.ts';
import type { EvaluateRequest } from '../../src/domain/wire/messages.ts';
import { rejectionOf } from '../support/refusal.ts';
import { GITHUB_CLAIMS, ISSUED_AT, jwksBytes, rsaKey } from '../support/tokens.ts';
import {
  APPROVED,
  type DaemonFiles,
  daemonFiles,
  IDENTITY,
  linesOf,
  proof,
  proven,
  provenByIdentity,
  provenByToken,
  type RunningDaemon,
  refusalsOf,
  startDaemon,
  streamsOf,
} from './harness.ts';

const KEY = rsaKey('platform-1');
const NOW = ISSUED_AT * 1000 + 5_000;

const running: RunningDaemon[] = [];
const created: DaemonFiles[] = [];

function oidcFiles(changes: Readonly<Record<string, unknown>> = {}): DaemonFiles {
  const issuers = [
    {
      provider: 'github-actions',
      issuer: GITHUB_CLAIMS.iss,
      audience: GITHUB_CLAIMS.aud,
      jwks_file: 'jwks.json',
    },
  ];
  const files = daemonFiles({ issuers, ...changes });
  created.push(files);
  writeFileSync(join(files.folder, 'jwks.json'), jwksBytes(KEY.jwk));
  return files;
}

async function start(files = oidcFiles(), now: () => number = () => NOW): Promise<RunningDaemon> {
  const daemon = await startDaemon(files, { now });
  running.push(daemon);
  return daemon;
}

async function restart(daemon: RunningDaemon, now: () => number = () => NOW): Promise<RunningDaemon> {
  running.splice(running.indexOf(daemon), 1);
  await daemon.stop();
  return start(daemon.files, now);
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((daemon) => daemon.stop()));
  for (const files of created.splice(0)) files.remove();
});

const withToken = (request: EvaluateRequest = APPROVED, jti: string = GITHUB_CLAIMS.jti) =>
  provenByToken(request, KEY, { ...GITHUB_CLAIMS, jti });

describe('the same question with the same token', () => {
  it('gets the same recorded answer, and no second record', async () => {
    const daemon = await start();
    const request = withToken();
    const first = await daemon.client.evaluate(request);
    const again = await daemon.client.evaluate(request);
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ ...first, replayed: true });
    expect(linesOf(daemon.files, streamsOf(daemon.files)[0] ?? '')).toHaveLength(1);
  });

  it('gets the same answer when it is asked many times at once', async () => {
    const daemon = await start();
    const request = withToken();
    const answers = await Promise.all(Array.from({ length: 20 }, () => daemon.client.evaluate(request)));
    expect(new Set(answers.map(({ response }) => response.decision_id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(linesOf(daemon.files, streamsOf(daemon.files)[0] ?? '')).toHaveLength(1);
  });

  it('gets the same answer of the next daemon', async () => {
    const daemon = await start();
    const request = withToken();
    const first = await daemon.client.evaluate(request);
    const next = await restart(daemon);
    const again = await next.client.evaluate(request);
    expect(again).toEqual({ ...first, replayed: true });
  });

  it('gets the same refusal', async () => {
    const stranger = { ...IDENTITY, repository: 'example-org/other' };
    const claims = { ...GITHUB_CLAIMS, repository: 'example-org/other' };
    const daemon = await start();
    const request = provenByToken(APPROVED, KEY, claims, stranger);
    const first = await daemon.client.evaluate(request);
    const again = await daemon.client.evaluate(request);
    expect(first.refusal?.code).toBe('CAVRA-E320');
    expect(again).toMatchObject({ response: first.response, replayed: true, refusal: { code: 'CAVRA-E320' } });
  });

  it('is another question for another job of the same run', async () => {
    const daemon = await start();
    const request = withToken();
    await daemon.client.evaluate(request);
    const { runner_auth: auth } = request;
    if (auth === undefined) throw new Error('the request has a proof');
    const elsewhere = { ...request, runner_auth: { ...auth, identity: { ...IDENTITY, job: 'another' } } };
    expect(await daemon.client.evaluate(elsewhere)).toMatchObject({ refusal: { code: 'CAVRA-E305' }, runner: null });
  });
});

describe('another question with the same token', () => {
  it('is decided anew', async () => {
    const daemon = await start();
    await daemon.client.evaluate(withToken());
    const other = await daemon.client.evaluate(withToken({ ...APPROVED, target: 'staging' }));
    expect(other).toMatchObject({ replayed: false, stream: { records: 2 } });
  });
});

describe('a nonce', () => {
  it('is taken once', async () => {
    const daemon = await start();
    const request = proven(APPROVED, { now: NOW });
    expect((await daemon.client.evaluate(request)).refusal).toBeNull();
    expect(await daemon.client.evaluate(request)).toMatchObject({ refusal: { code: 'CAVRA-E305' }, runner: null });
    expect(linesOf(daemon.files, streamsOf(daemon.files)[0] ?? '')).toHaveLength(1);
    expect(refusalsOf(daemon.files)).toHaveLength(1);
  });

  it('is taken by one of many that come at once', async () => {
    const daemon = await start();
    const request = proven(APPROVED, { now: NOW });
    const answers = await Promise.all(Array.from({ length: 20 }, () => daemon.client.evaluate(request)));
    expect(answers.filter(({ refusal }) => refusal === null)).toHaveLength(1);
  });

  it('stays taken after a restart, and is forgotten when the proof is too old to count', async () => {
    const daemon = await start();
    const request = proven(APPROVED, { now: NOW });
    await daemon.client.evaluate(request);
    const next = await restart(daemon);
    expect(await next.client.evaluate(request)).toMatchObject({ refusal: { code: 'CAVRA-E305' } });
    const later = NOW + 3_600_000;
    const last = await restart(next, () => later);
    expect(await last.client.evaluate(request)).toMatchObject({ refusal: { code: 'CAVRA-E304' } });
    expect(readdirSync(last.files.state).filter((name) => name.startsWith('replay-'))).toEqual([]);
  });

  it('of a proof that was copied to another request proves nothing', async () => {
    const daemon = await start();
    const copied = { ...APPROVED, target: 'somewhere else', runner_auth: proof(APPROVED, { now: NOW }) };
    expect(await daemon.client.evaluate(copied)).toMatchObject({ refusal: { code: 'CAVRA-E303' } });
  });
});

describe('the memory', () => {
  it('refuses what it cannot remember, and forgets nothing for it', async () => {
    const daemon = await start(oidcFiles({ limits: { remembered_proofs: 1_000 } }));
    const first = proven(APPROVED, { now: NOW });
    await daemon.client.evaluate(first);
    const { ReplayMemory } = await import('../../src/domain/daemon/replay-memory.ts');
    const memory = new ReplayMemory(3);
    for (const key of ['a', 'b', 'c']) memory.add(key, NOW + 60_000, { answer: undefined, pending: undefined });
    expect(memory.hasRoom(NOW)).toBe(false);
    expect(memory.find('a')).toBeDefined();
    expect(memory.hasRoom(NOW + 3_600_000)).toBe(true);
    expect(memory.find('a')).toBeUndefined();
  });

  it('that is full lets nothing pass unseen', async () => {
    const files = oidcFiles({ limits: { remembered_proofs: 1_000 } });
    const daemon = await start(files);
    const entries = Array.from(
      { length: 1_000 },
      (_, index) => `["${index.toString(16).padStart(32, '0')}",${NOW + 60_000},"","",""]\n`,
    );
    running.splice(running.indexOf(daemon), 1);
    await daemon.stop();
    const bucket = Math.floor((NOW + 60_000) / 300_000);
    appendFileSync(join(files.state, `replay-${bucket}.jsonl`), entries.join(''));
    const full = await start(files);
    expect(await full.client.evaluate(proven(APPROVED, { now: NOW }))).toMatchObject({
      refusal: { code: 'CAVRA-E308' },
    });
  });

  it('goes on behind an entry that a crash cut short', async () => {
    const daemon = await start();
    const [first, second] = [proven(APPROVED, { now: NOW }), proven(APPROVED, { now: NOW })];
    await daemon.client.evaluate(first);
    await daemon.client.evaluate(second);
    running.splice(running.indexOf(daemon), 1);
    await daemon.stop();
    const [name = ''] = readdirSync(daemon.files.state).filter((each) => each.startsWith('replay-'));
    const path = join(daemon.files.state, name);
    truncateSync(path, readFileSync(path).length - 10);
    const next = await start(daemon.files);
    expect(await next.client.evaluate(first)).toMatchObject({ refusal: { code: 'CAVRA-E305' } });
    // Its answer could not have been given: the entry was not durable yet.
    expect(await next.client.evaluate(second)).toMatchObject({ refusal: null });
    expect(readFileSync(path, 'utf8')).toMatch(/^(?:\[[^\n]*\]\n)+$/);
  });

  it('that somebody changed keeps the daemon from starting', async () => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED, { now: NOW }));
    running.splice(running.indexOf(daemon), 1);
    await daemon.stop();
    const [name = ''] = readdirSync(daemon.files.state).filter((each) => each.startsWith('replay-'));
    appendFileSync(join(daemon.files.state, name), '{}\n');
    expect(await rejectionOf(start(daemon.files))).toMatchObject({ code: 'CAVRA-E230' });
  });

  it('that is removed while the daemon runs keeps it from answering', async () => {
    const daemon = await start();
    await daemon.client.evaluate(proven(APPROVED, { now: NOW }));
    const { rmSync } = await import('node:fs');
    for (const name of readdirSync(daemon.files.state)) {
      if (name.startsWith('replay-')) rmSync(join(daemon.files.state, name));
    }
    const error = await rejectionOf(daemon.client.evaluate(proven(APPROVED, { now: NOW })));
    expect(error).toBeInstanceOf(RuntimeFailure);
    expect(error).toMatchObject({ code: 'CAVRA-E523', message: expect.stringContaining('CAVRA-E503') });
  });
});

describe('tokens', () => {
  it.each([
    ['of another issuer', { iss: 'https://token.actions.githubusercontent.com.evil.example' }, 'CAVRA-E317'],
    ['for another audience', { aud: 'somebody-else' }, 'CAVRA-E317'],
    ['that are expired', { exp: ISSUED_AT - 10, iat: ISSUED_AT - 400, nbf: ISSUED_AT - 400 }, 'CAVRA-E318'],
    ['of another repository', { repository: 'example-org/other' }, 'CAVRA-E319'],
  ])('%s are refused', async (_, lie, code) => {
    const daemon = await start();
    const request = provenByToken(APPROVED, KEY, { ...GITHUB_CLAIMS, ...lie });
    expect(await daemon.client.evaluate(request)).toMatchObject({ refusal: { code }, stream: null });
  });

  it('are not believed by keys that others may write', async () => {
    const files = oidcFiles();
    chmodSync(join(files.folder, 'jwks.json'), 0o666);
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringContaining(`the key set of ${GITHUB_CLAIMS.iss} may be written by others`),
    });
  });

  it('are the only proof where the configuration names no other', async () => {
    const daemon = await start(oidcFiles({ hmac: undefined }));
    for (const request of [proven(APPROVED, { now: NOW }), provenByIdentity(APPROVED)]) {
      expect(await daemon.client.evaluate(request)).toMatchObject({ refusal: { code: 'CAVRA-E306' }, stream: null });
    }
    expect(await daemon.client.evaluate(withToken())).toMatchObject({ refusal: null });
  });

  it('are no proof where the configuration names no issuer', async () => {
    const daemon = await start(oidcFiles({ issuers: [] }));
    expect(await daemon.client.evaluate(withToken())).toMatchObject({ refusal: { code: 'CAVRA-E306' }, stream: null });
    expect(await daemon.client.evaluate(proven(APPROVED, { now: NOW }))).toMatchObject({ refusal: null });
  });

  it('are taken to the issuer that they name among those that are pinned', async () => {
    const other = rsaKey('platform-2');
    const files = oidcFiles();
    const issuer = 'https://ghes.example/_services/token';
    writeFileSync(join(files.folder, 'other.json'), jwksBytes(other.jwk));
    files.configure({
      issuers: [
        { provider: 'github-actions', issuer: GITHUB_CLAIMS.iss, audience: GITHUB_CLAIMS.aud, jwks_file: 'jwks.json' },
        { provider: 'github-actions', issuer, audience: GITHUB_CLAIMS.aud, jwks_file: 'other.json' },
      ],
    });
    const daemon = await start(files);
    const ask = (key: typeof KEY, iss: string) =>
      daemon.client.evaluate(provenByToken(APPROVED, key, { ...GITHUB_CLAIMS, iss }));
    expect(await ask(KEY, GITHUB_CLAIMS.iss)).toMatchObject({ refusal: null });
    expect(await ask(other, issuer)).toMatchObject({ refusal: null });
    expect(await ask(other, GITHUB_CLAIMS.iss)).toMatchObject({ refusal: { code: 'CAVRA-E316' } });
    expect(await ask(KEY, 'https://evil.example')).toMatchObject({ refusal: { code: 'CAVRA-E317' } });
    // Two issuers, two runs that cannot be taken for one another.
    expect(streamsOf(files)).toHaveLength(2);
  });

  it('never stand in evidence, state or log', async () => {
    const daemon = await start();
    const request = withToken();
    await daemon.client.evaluate(request);
    await daemon.client.evaluate({ ...request, target: request.runner_auth?.signature ?? '' });
    const { files } = daemon;
    const written = [
      ...streamsOf(files).flatMap((name) => linesOf(files, name)),
      ...refusalsOf(files),
      ...readdirSync(files.state).map((name) => readFileSync(join(files.state, name), 'utf8')),
      JSON.stringify(daemon.log),
    ].join('\n');
    const [, payload = ''] = (request.runner_auth?.signature ?? '').split('.');
    expect(payload.length).toBeGreaterThan(100);
    expect(written).not.toContain(payload);
    expect(written).toContain('\\u003credacted-oidc-jwt\\u003e');
  });
});
