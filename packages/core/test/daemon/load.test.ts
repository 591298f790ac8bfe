import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import { DaemonClient } from '../../src/io/socket/daemon-client.ts';
import { systemClock, systemRandomBytes } from '../../src/io/system/system.ts';
import { rejectionOf } from '../support/refusal.ts';
import {
  APPROVED,
  type DaemonFiles,
  daemonFiles,
  EVIDENCE_KEY,
  exchange,
  IDENTITY,
  linesOf,
  open,
  proven,
  streamsOf,
} from './harness.ts';
import { type DaemonChild, load, spawnDaemon } from './load.ts';

let files: DaemonFiles;
const children: DaemonChild[] = [];
beforeEach(() => {
  files = daemonFiles();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.ended;
  }
  files.remove();
});

async function start(shell?: string): Promise<DaemonChild> {
  const child = await spawnDaemon(files, shell);
  children.push(child);
  return child;
}

/** Verifies every stream with its key; returns the ids of all records. */
function recordIds(allowTornTail = false): Set<string> {
  const ids = new Set<string>();
  for (const name of streamsOf(files)) {
    const bytes = readFileSync(join(files.evidence, name, 'release-governance-evidence.jsonl'));
    const run = new StreamVerificationRun({
      signatures: { mode: 'required', keys: [{ ...EVIDENCE_KEY, status: 'active' }] },
    });
    run.write(bytes);
    const errors = run.finish().findings.kept.filter(({ severity }) => severity === 'error');
    expect(errors.filter(({ code }) => !(allowTornTail && (code === 'torn_line' || code === 'empty_stream')))).toEqual(
      [],
    );
    for (const [, id = ''] of bytes.toString('latin1').matchAll(/"record_id":"([0-9a-f]{24})","sequence"/g))
      ids.add(id);
  }
  return ids;
}

const rss = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
const onLinux = process.platform === 'linux' ? describe : describe.skip;

describe('5,000 requests of 64 clients', () => {
  it('lose none, leave valid chains, and are made durable together', async () => {
    const child = await start();
    await load(files.socket, { clients: 64, requests: 500 });
    const before = process.platform === 'linux' ? rss(child.pid) : 0;
    const { acknowledged, failed } = await load(files.socket, { clients: 64, requests: 4_500 });
    const grown = process.platform === 'linux' ? rss(child.pid) - before : 0;
    expect(failed).toBe(0);
    expect(acknowledged).toHaveLength(4_500);
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    const ids = recordIds();
    expect(ids.size).toBe(5_000);
    expect(acknowledged.filter(({ recordId }) => !ids.has(recordId))).toEqual([]);
    expect(grown).toBeLessThan(80 * 1024 * 1024);
  }, 120_000);

  it('of one run are one chain', async () => {
    const child = await start();
    const { acknowledged, failed } = await load(files.socket, { clients: 32, requests: 1_000, runs: 1 });
    expect([acknowledged.length, failed]).toEqual([1_000, 0]);
    child.kill('SIGTERM');
    await child.ended;
    expect(streamsOf(files)).toHaveLength(1);
    expect(recordIds().size).toBe(1_000);
  }, 60_000);
});

describe('a daemon that reads its configuration again under load', () => {
  it('drops no request, and leaves valid chains', async () => {
    const child = await start();
    let reloads = 0;
    const goOn = (count: number) => {
      if (count > (reloads + 1) * 150) {
        reloads += 1;
        files.configure({ rules: reloads % 2 === 0 ? 'strict' : 'compatible' });
        child.kill('SIGHUP');
      }
      return true;
    };
    const { acknowledged, failed } = await load(files.socket, { clients: 64, requests: 1_500, runs: 8, goOn });
    expect([acknowledged.length, failed]).toEqual([1_500, 0]);
    expect(reloads).toBeGreaterThanOrEqual(9);
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(recordIds().size).toBe(1_500);
  }, 60_000);
});

onLinux('requests that are much larger in memory than as a line', () => {
  it('are worked on one at a time, and keep nobody else waiting for all of them', async () => {
    const child = await start();
    const refs = Array.from({ length: 250_000 }, () => 'a');
    const line = `${JSON.stringify({ release_governance: { evidence_refs: refs } })}\n`;
    const large = Array.from({ length: 40 }, () => exchange(files.socket, line));
    let answered = 0;
    for (const each of large) void each.then(() => (answered += 1));
    const small = await load(files.socket, { clients: 1, requests: 3 });
    expect([small.acknowledged.length, small.failed]).toEqual([3, 0]);
    expect(answered).toBeLessThan(40);
    // One that goes away while it waits for its turn is no trouble.
    (await open(files.socket)).end(line).destroy();
    const answers = await Promise.all(large);
    expect(answers.filter((answer) => answer.includes('"rule_id":"runner_auth.invalid"'))).toHaveLength(40);
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0);
    expect(peak).toBeLessThan(500 * 1024);
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
  }, 120_000);
});

onLinux('a daemon that is killed under load', () => {
  it('keeps every record that it acknowledged, every time, and the next one goes on', async () => {
    const acknowledged: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      const child = await start();
      const enough = round * 37;
      let killed = false;
      const goOn = (count: number) => {
        if (count >= enough && !killed) {
          killed = true;
          child.kill('SIGKILL');
        }
        return !killed;
      };
      const result = await load(files.socket, { clients: 32, requests: 5_000, runs: 4, goOn });
      await child.ended;
      expect(result.acknowledged.length).toBeGreaterThanOrEqual(enough);
      acknowledged.push(...result.acknowledged.map(({ recordId }) => recordId));
      const ids = recordIds(true);
      expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    }
    const last = await start();
    const result = await load(files.socket, { clients: 8, requests: 100, runs: 4 });
    expect(result.failed).toBe(0);
    last.kill('SIGTERM');
    expect(await last.ended).toBe(0);
    const ids = recordIds();
    const all = [...acknowledged, ...result.acknowledged.map(({ recordId }) => recordId)];
    expect(all.filter((id) => !ids.has(id))).toEqual([]);
  }, 120_000);

  it('takes no proof a second time that it had acknowledged', async () => {
    const child = await start();
    const requests = Array.from({ length: 20 }, () => proven(APPROVED));
    const ports = { now: systemClock, randomBytes: systemRandomBytes };
    const client = new DaemonClient({ path: files.socket, publicKeys: [files.publicKey], ...ports });
    await Promise.all(requests.map((request) => client.evaluate(request)));
    child.kill('SIGKILL');
    await child.ended;
    await start();
    const again = await Promise.all(requests.map((request) => client.evaluate(request)));
    expect(new Set(again.map(({ refusal }) => refusal?.code))).toEqual(new Set(['CAVRA-E305']));
  }, 60_000);
});

onLinux('a disk that takes no more', () => {
  it('is told as one clear error; what was acknowledged stays, and the stream is valid', async () => {
    // A limit on the size of files stands in for a full disk: writes fail, some of them in the middle.
    const child = await start('ulimit -S -f 100;');
    const big = { ...APPROVED, requested_operation: 'x'.repeat(5_000) };
    const { acknowledged, failed } = await load(files.socket, { clients: 4, requests: 60, runs: 1, request: big });
    expect(failed).toBeGreaterThan(0);
    expect(acknowledged.length).toBeGreaterThan(0);
    const ports = { now: systemClock, randomBytes: systemRandomBytes };
    const client = new DaemonClient({ path: files.socket, publicKeys: [files.publicKey], ...ports });
    const error = await rejectionOf(client.evaluate(proven(big, { identity: { ...IDENTITY, run_id: 'run-0' } })));
    expect(error).toMatchObject({ code: 'CAVRA-E523', message: expect.stringContaining('CAVRA-E501') });
    // Another run has room of its own.
    expect((await client.evaluate(proven(APPROVED))).response.decision).toBe('allow');
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    const ids = recordIds();
    expect(acknowledged.filter(({ recordId }) => !ids.has(recordId))).toEqual([]);

    await start();
    const after = await load(files.socket, { clients: 4, requests: 20, runs: 1, request: big });
    expect(after.failed).toBe(0);
    const stream = streamsOf(files).find((name) => name.includes('run-0')) ?? '';
    expect(linesOf(files, stream).length).toBeGreaterThanOrEqual(acknowledged.length + 20);
  }, 60_000);
});
