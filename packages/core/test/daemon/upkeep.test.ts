import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DaemonLogWriter } from '../../src/daemon/log.ts';
import { Retention } from '../../src/daemon/retention.ts';
import { Streams } from '../../src/daemon/streams.ts';
import { createSecretSearcher } from '../../src/domain/secrets/searcher.ts';
import { openRotatingLog } from '../../src/io/files/rotating-log.ts';
import { Turns } from '../../src/io/socket/turns.ts';
import { systemClock, systemRandomBytes } from '../../src/io/system/system.ts';
import { rejectionOf } from '../support/refusal.ts';
import {
  APPROVED,
  type DaemonFiles,
  daemonFiles,
  EVIDENCE_KEY,
  IDENTITY,
  linesOf,
  proven,
  startDaemon,
  streamsOf,
} from './harness.ts';

const created: DaemonFiles[] = [];
function newFiles(changes: Readonly<Record<string, unknown>> = {}): DaemonFiles {
  const files = daemonFiles(changes);
  created.push(files);
  return files;
}
afterEach(() => {
  for (const files of created.splice(0)) files.remove();
});

const STREAM = 'release-governance-evidence.jsonl';
const DAY_MS = 24 * 60 * 60 * 1000;

describe('evidence that is kept for some days', () => {
  /** Evidence of three runs and a day's refusals, and the streams of a daemon that has none of them open. */
  async function evidence() {
    const files = newFiles();
    const daemon = await startDaemon(files);
    for (const run of ['1', '2', '3']) {
      await daemon.client.evaluate(proven(APPROVED, { identity: { ...IDENTITY, run_id: run } }));
    }
    await daemon.client.evaluate({ ...APPROVED, runner_auth: { identity: IDENTITY } });
    await daemon.stop();
    const names = readdirSync(files.evidence).sort();
    expect(names).toHaveLength(4);
    const log: string[] = [];
    const streams = new Streams({
      root: files.evidence,
      maxOpen: 4,
      clock: systemClock,
      randomBytes: systemRandomBytes,
    });
    const retention = new Retention({
      root: files.evidence,
      streams,
      now: systemClock,
      log: (_, event, fields) => log.push(`${event} ${String(fields?.['stream'] ?? '')}`),
    });
    const age = (name: string, days: number) => {
      const seconds = (Date.now() - days * DAY_MS) / 1000;
      utimesSync(join(files.evidence, name, STREAM), seconds, seconds);
    };
    return { files, names, streams, retention, log, age };
  }

  it('is removed when the last record of its run is older than that, and never before', async () => {
    const { files, names, retention, log, age } = await evidence();
    const [one = '', two = '', three = '', refused = ''] = names;
    age(one, 31);
    age(two, 29);
    age(refused, 31);
    await retention.run(30);
    expect(readdirSync(files.evidence).sort()).toEqual([two, three]);
    expect(log.sort()).toEqual([`expired ${one}`, `expired ${refused}`]);
  });

  it('is kept for ever unless a number of days is configured', async () => {
    const { files, names, retention, age } = await evidence();
    for (const name of names) age(name, 10_000);
    await retention.run(undefined);
    expect(readdirSync(files.evidence).sort()).toEqual(names);
  });

  it('is not removed while it is open', async () => {
    const { files, names, streams, retention, age } = await evidence();
    const [one = ''] = names;
    age(one, 31);
    const key = { ...EVIDENCE_KEY, status: 'active' } as const;
    const keys = { evidenceKey: EVIDENCE_KEY, evidenceVerification: [key], searcher: createSecretSearcher([]) };
    await streams.use({ name: one }, keys, async () => retention.run(30));
    expect(existsSync(join(files.evidence, one))).toBe(true);
    await streams.close();
  });

  it('is nothing but streams: what was set aside stays, and so does what somebody else put there', async () => {
    const { files, names, retention, age } = await evidence();
    const others = [`${names[0]}.previous-0123456789ab`, 'notes', 'refused-later'];
    for (const name of others) {
      mkdirSync(join(files.evidence, name));
      writeFileSync(join(files.evidence, name, STREAM), 'x');
      age(name, 1_000);
    }
    await retention.run(30);
    expect(readdirSync(files.evidence).sort()).toEqual([...names, ...others].sort());
  });

  it('is gone for good when a crash came between', async () => {
    const { files, names, retention } = await evidence();
    const [one = '', ...rest] = names;
    renameSync(join(files.evidence, one), join(files.evidence, `.expired-${one}`));
    await retention.run(undefined);
    expect(readdirSync(files.evidence).sort()).toEqual(rest);
  });

  it('may be begun anew by the same run', async () => {
    const { files, names, retention, age } = await evidence();
    const name = names.find((each) => each.includes('.1.1.')) ?? '';
    age(name, 31);
    await retention.run(30);
    const daemon = await startDaemon(files);
    const request = proven(APPROVED, { identity: { ...IDENTITY, run_id: '1' } });
    expect((await daemon.client.evaluate(request)).stream).toMatchObject({ name, records: 1 });
    await daemon.stop();
  });
});

const onPosix = process.platform === 'win32' ? describe.skip : describe;
onPosix('a daemon does not start', () => {
  it.each([
    ['its configuration', 'daemon.json', 0o666],
    ['its configuration by a group', 'daemon.json', 0o660],
    ['its trust policy', 'policy.json', 0o662],
    ['its keyring', 'keyring.json', 0o620],
  ])('when others may write %s', async (_, file, mode) => {
    const files = newFiles();
    chmodSync(join(files.folder, file), mode);
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringContaining('may be written by others'),
    });
  });

  it('when others may put another configuration in the place of its own', async () => {
    const files = newFiles();
    chmodSync(files.folder, 0o777);
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringContaining(`they may write to ${files.folder}`),
    });
  });

  it.each([
    ['read', 0o644],
    ['write', 0o622],
  ])('when others may %s its signing key', async (_, mode) => {
    const files = newFiles();
    chmodSync(join(files.folder, 'daemon.pem'), mode);
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringMatching(/file of the signing key has mode 06[24]+: others/),
    });
  });

  it('when others may read a key of its keyring, each of which is named', async () => {
    const files = newFiles();
    const keys = ['evidence-1', 'evidence-2'].map((id, index) => {
      const file = join(files.folder, `${id}.key`);
      writeFileSync(file, EVIDENCE_KEY.secret);
      chmodSync(file, 0o604);
      const status = index === 0 ? 'active' : 'retiring';
      return { id, purpose: 'evidence', algorithm: 'HMAC-SHA256', status, secret: { file } };
    });
    const runner = {
      id: 'runner-1',
      purpose: 'runner',
      algorithm: 'HMAC-SHA256',
      status: 'active',
      secret: { env: 'RUNNER_KEY' },
    };
    const document = { schema_version: 'cavra.release-governance.keyring.v1', keys: [...keys, runner] };
    writeFileSync(join(files.folder, 'keyring.json'), JSON.stringify(document), { mode: 0o600 });
    files.configure({ hmac: { request_bound: true } });
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringMatching(/key evidence-1 has mode 0604.*key evidence-2 has mode 0604/),
    });
  });

  it('when the group of the jobs may read a key; the daemon’s own group may', async () => {
    const group = process.getegid?.() ?? 0;
    const files = newFiles({ socket: { path: 'run/d.sock', group } });
    chmodSync(join(files.folder, 'daemon.pem'), 0o640);
    expect(await rejectionOf(startDaemon(files))).toMatchObject({
      code: 'CAVRA-E230',
      message: expect.stringContaining('the group of the jobs may read it'),
    });
    files.configure({ socket: { path: 'run/d.sock' } });
    const daemon = await startDaemon(files);
    await daemon.stop();
  });
});

describe('a log file', () => {
  const path = () => join(newFiles().folder, 'daemon.log');

  it('is begun anew when it was moved away or removed', () => {
    const log = path();
    const write = openRotatingLog(log);
    write('one\n');
    renameSync(log, `${log}.moved`);
    write('two\n');
    rmSync(log);
    write('three\n');
    expect(readFileSync(`${log}.moved`, 'utf8')).toBe('one\n');
    expect(readFileSync(log, 'utf8')).toBe('three\n');
    expect(statSync(log).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
  });

  it('keeps no more than two of its greatest size', () => {
    const log = path();
    const write = openRotatingLog(log, 100);
    for (let number = 0; number < 50; number += 1) write(`${number}`.padStart(9, '.').concat('\n'));
    expect(statSync(log).size).toBeLessThanOrEqual(100);
    expect(statSync(`${log}.1`).size).toBeLessThanOrEqual(100);
    expect(readFileSync(log, 'utf8')).toMatch(/49\n$/);
  });

  it('that somebody else writes to counts what they wrote', () => {
    const log = path();
    const write = openRotatingLog(log, 100);
    write('ours\n');
    appendFileSync(log, 'x'.repeat(200));
    write('ours\n');
    expect(statSync(log).size).toBe(5);
  });

  it('that cannot be written stops nobody', () => {
    const log = path();
    const write = openRotatingLog(log);
    rmSync(log);
    mkdirSync(log);
    expect(() => write('lost\n')).not.toThrow();
  });
});

describe('what is logged', () => {
  const SECRET = 'a-secret-that-must-not-be-logged';

  it('is written together, and no line that holds a secret is', async () => {
    const writes: string[] = [];
    const lines = new DaemonLogWriter({
      write: (text) => writes.push(text),
      now: () => 0,
      searcher: () => createSecretSearcher([{ name: 'the secret', value: SECRET }]),
    });
    lines.log('info', 'one', { text: 'harmless' });
    lines.log('error', 'two', { text: `with ${SECRET} in it` });
    lines.log('info', 'three', { text: 'a line\nend, and \u001b[31mcolour' });
    expect(writes).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes).toHaveLength(1);
    const entries = (writes[0] ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries).toEqual([
      expect.objectContaining({ event: 'one', text: 'harmless' }),
      { time: '1970-01-01T00:00:00Z', level: 'error', event: 'two', withheld: 'the secret' },
      expect.objectContaining({ event: 'three' }),
    ]);
    expect(writes.join()).not.toContain('\u001b');
  });

  it('is written at the end, whatever waits', () => {
    const writes: string[] = [];
    const searcher = createSecretSearcher([]);
    const lines = new DaemonLogWriter({ write: (text) => writes.push(text), now: () => 0, searcher: () => searcher });
    lines.log('info', 'stopped');
    lines.flush();
    lines.flush();
    expect(writes).toEqual(['{"time":"1970-01-01T00:00:00Z","level":"info","event":"stopped"}\n']);
  });
});

describe('streams of many runs', () => {
  it('are not all kept open, and go on where they were', async () => {
    const files = newFiles();
    mkdirSync(files.evidence, { mode: 0o700 });
    const streams = new Streams({
      root: realpathSync(files.evidence),
      maxOpen: 3,
      clock: systemClock,
      randomBytes: systemRandomBytes,
    });
    const key = { ...EVIDENCE_KEY, status: 'active' } as const;
    const keys = { evidenceKey: EVIDENCE_KEY, evidenceVerification: [key], searcher: createSecretSearcher([]) };
    const record = (run: number) =>
      streams.use({ name: `run-${run}` }, keys, async (recorder) => {
        await recorder.append(APPROVED, { decision: 'allow' });
        expect(streams.size).toBeLessThanOrEqual(3);
      });
    const runs = Array.from({ length: 20 }, (_, run) => run);
    for (const _round of [1, 2, 3]) await Promise.all(runs.map(record));
    await streams.close();
    expect(streams.size).toBe(0);
    expect(runs.map((run) => linesOf(files, `run-${run}`).length)).toEqual(runs.map(() => 3));
    // Nor are their locks.
    const left = runs.flatMap((run) => readdirSync(join(files.evidence, `run-${run}`)));
    expect(left.filter((name) => name.includes('.lock-'))).toEqual([]);
  });
});

describe('turns', () => {
  it('are given in the order in which they are asked for, so many at a time', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map(async (number) => {
      const end = await turns.take();
      begun.push(number);
      ends[number] = end;
    });
    await Promise.all(all.slice(0, 2));
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    // Ending twice gives no second turn away.
    ends[1]?.();
    await all[2];
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.();
    await all[3];
    expect(begun).toEqual([0, 1, 2, 3]);
  });
});

describe('names of runs', () => {
  it.each([
    ['a path', '../../../etc/passwd'],
    ['dots', '..'],
    ['a slash', '/'],
    ['a zero byte', 'a\0b'],
    ['what a lock is called', 'daemon.lock-1'],
    ['great length', 'x'.repeat(5_000)],
  ])('that are %s stay in the evidence folder', async (_, text) => {
    const files = newFiles();
    const daemon = await startDaemon(files);
    const identity = { ...IDENTITY, run_id: text, run_attempt: text };
    const outcome = await daemon.client.evaluate(proven(APPROVED, { identity }));
    const [name = '', ...others] = streamsOf(files);
    expect(others).toEqual([]);
    expect(name).toBe(outcome.stream?.name);
    expect(name).toMatch(/^[A-Za-z0-9.-]{1,160}$/);
    expect(linesOf(files, name)).toHaveLength(1);
    await daemon.stop();
  });
});
