import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { STREAM_FILE, TORN_FILE } from '../../../src/domain/evidence/files.ts';
import { bundleProgram, type Ended, type StartOptions, start } from '../harness/bundle.ts';
import { KEY, readStream, seededBytes, temporaryFolder, verifyStream } from '../harness/evidence.ts';

/** Recorders in processes of their own: killed, out of disk space, without permissions, two at once. */

let program = '';
beforeAll(() => {
  program = bundleProgram('writer', temporaryFolder());
});

interface WriterSettings {
  readonly width?: number;
  readonly rounds?: number;
  readonly padding?: number;
  readonly 'lock-wait'?: number;
  readonly workspace?: string;
}

function startWriter(folder: string, settings: WriterSettings, options?: StartOptions) {
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return start(program, [`--folder=${folder}`, `--key=${Buffer.from(KEY.secret)}`, ...args], options);
}

interface Acknowledged {
  readonly sequence: number;
  readonly hash: string;
}

function acknowledged({ stdout }: Pick<Ended, 'stdout'>): Acknowledged[] {
  // A kill may cut the last line that was printed.
  return [...stdout.matchAll(/^ack (\d+) ([0-9a-f]{64})$/gm)].map(([, sequence, hash]) => ({
    sequence: Number(sequence),
    hash: hash ?? '',
  }));
}

/** `record_hash` of each record, by its number. */
function hashes(stream: Buffer): Map<number, string> {
  const records = stream
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
  const member = /"sequence":(\d+),(?:"previous_hash":"[0-9a-f]{64}",)?"record_hash":"([0-9a-f]{64})"/;
  return new Map(records.map((line) => [Number(member.exec(line)?.[1]), member.exec(line)?.[2] ?? '']));
}

function expectAllThere(folder: string, acks: readonly Acknowledged[]): void {
  const stream = readStream(folder);
  expect(verifyStream(stream).findings).toEqual([]);
  const written = hashes(stream);
  const lost = acks.filter(({ sequence, hash }) => written.get(sequence) !== hash);
  expect(lost).toEqual([]);
}

describe('a recorder that is killed', () => {
  it('loses no acknowledged record in 200 runs, and the next run goes on', async () => {
    const folder = temporaryFolder();
    const random = seededBytes('kill');
    const acks: Acknowledged[] = [];
    let killedWhileWriting = 0;
    for (let run = 0; run < 200; run += 1) {
      const [wait = 0, size = 0] = random(2);
      const width = 1 + (size % 8);
      const padding = size % 5 === 0 ? 200_000 : size * 10;
      const writer = startWriter(folder, { width, padding });
      await writer.printed(wait % 2 === 0 ? 'ack' : 'open');
      await new Promise((resolve) => setTimeout(resolve, wait / 16));
      writer.child.kill('SIGKILL');
      const ended = await writer.ended;
      expect([ended.signal, ended.stderr, ended.stdout.match(/^(error|crash).*$/m)]).toEqual(['SIGKILL', '', null]);
      killedWhileWriting += acknowledged(ended).length > 0 ? 1 : 0;
      acks.push(...acknowledged(ended));
    }
    const last = await startWriter(folder, { rounds: 1 }).ended;
    expect([last.status, last.stderr]).toEqual([0, '']);
    expectAllThere(folder, [...acks, ...acknowledged(last)]);
    expect(killedWhileWriting).toBeGreaterThanOrEqual(80);
    expect(readdirSync(folder).filter((name) => ![STREAM_FILE, TORN_FILE].includes(name))).toEqual([]);
  }, 120_000);
});

describe('two recorders', () => {
  it('do not write the same stream: the second one names the first', async () => {
    const folder = temporaryFolder();
    const first = startWriter(folder, {});
    await first.printed('ack 3 ');
    const second = await startWriter(folder, { rounds: 1, 'lock-wait': 100 }).ended;
    first.child.kill('SIGKILL');
    const acks = acknowledged(await first.ended);
    expect(second.status).toBe(5);
    expect(second.stdout).toMatch(new RegExp(`^error CAVRA-E502 .*process ${first.child.pid} on \\S+ since 2`));
    const third = await startWriter(folder, { rounds: 2 }).ended;
    expectAllThere(folder, [...acks, ...acknowledged(third)]);
    expect(acknowledged(third)).toHaveLength(2);
  });

  it('take turns when the first one ends in time', async () => {
    const folder = temporaryFolder();
    const writers = [1, 2, 3, 4].map(() => startWriter(folder, { rounds: 3, width: 2, 'lock-wait': 20_000 }).ended);
    const acks = (await Promise.all(writers)).flatMap(acknowledged);
    expect(acks).toHaveLength(24);
    expectAllThere(folder, acks);
  });
});

interface SmallDisk {
  readonly folder: string;
  readonly options: StartOptions;
  /** Makes room again for the process `pid`. */
  grow(pid: number): void;
  release(): void;
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  }
}

/** A real file system of 512 KiB, of which 256 KiB are taken. Only root can mount one. */
function smallTmpfs(): SmallDisk {
  const folder = temporaryFolder();
  run('mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder);
  writeFileSync(join(folder, 'filler'), Buffer.alloc(256 * 1024));
  return {
    folder,
    options: {},
    grow: () => rmSync(join(folder, 'filler')),
    release: () => run('umount', folder),
  };
}

/** A process that may not make files larger than 200 KiB or 400 KiB, depending on the shell's unit. */
function fileSizeLimit(): SmallDisk {
  return {
    folder: temporaryFolder(),
    options: { shell: 'ulimit -S -f 400 && exec "$@"' },
    grow: (pid) => run('prlimit', `--pid=${pid}`, '--fsize=unlimited:'),
    release: () => undefined,
  };
}

const SMALL_DISKS: readonly (readonly [string, () => SmallDisk])[] =
  process.getuid?.() === 0
    ? [
        ['a full file system', smallTmpfs],
        ['a limit on the size of files', fileSizeLimit],
      ]
    : [['a limit on the size of files', fileSizeLimit]];

describe.each(SMALL_DISKS)('%s', (_title, makeDisk) => {
  it('fails each append that does not fit, leaves a valid stream, and goes on when there is room again', async () => {
    const disk = makeDisk();
    try {
      const writer = startWriter(disk.folder, { padding: 20_000, width: 3 }, disk.options);
      await writer.printed('error CAVRA-E501 ');
      disk.grow(writer.child.pid ?? 0);
      const sinceThen = writer.printedSoFar().length;
      await writer.printed('ack ', sinceThen);
      writer.child.kill('SIGKILL');
      const ended = await writer.ended;
      expect(ended.stdout).toMatch(/error CAVRA-E501 cannot write release-governance-evidence.jsonl: .*(ENOSPC|EFBIG)/);
      expect(ended.stdout).not.toMatch(/crash|E50[^1]/);
      const next = await startWriter(disk.folder, { rounds: 1 }).ended;
      expect(acknowledged(next)).toHaveLength(1);
      expectAllThere(disk.folder, [...acknowledged(ended), ...acknowledged(next)]);
    } finally {
      disk.release();
    }
  });

  it('leaves a stream that verifies and continues when the process gives up', async () => {
    const disk = makeDisk();
    try {
      const writer = startWriter(disk.folder, { padding: 20_000, width: 2, rounds: 40 }, disk.options);
      const ended = await writer.ended;
      expect(ended.stdout).toMatch(/error CAVRA-E501 [\s\S]*closed/);
      expectAllThere(disk.folder, acknowledged(ended));
      expect(verifyStream(readStream(disk.folder)).records).toBe(acknowledged(ended).length);
    } finally {
      disk.release();
    }
  });
});

describe('a folder that this user may not write to', () => {
  it.each([
    ['empty', false],
    ['with a stream in it', true],
  ])('is refused with a clear error: %s', async (_title, withStream) => {
    const parent = temporaryFolder();
    const folder = join(parent, 'evidence');
    mkdirSync(folder);
    if (withStream) {
      await startWriter(folder, { rounds: 1 }).ended;
    }
    // Folder and bundle must be readable for the other user as well.
    chmodSync(parent, 0o755);
    chmodSync(join(program, '..'), 0o755);
    chmodSync(folder, 0o555);
    const options = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const opening = await startWriter(folder, { rounds: 1, workspace: parent }, options).ended;
    const locking = await startWriter(folder, { rounds: 1 }, options).ended;
    chmodSync(folder, 0o755);
    const reason = 'permission denied (EACCES)';
    expect(opening.stdout).toBe(`error CAVRA-E208 cannot use ${folder} as evidence folder: ${reason}\n`);
    expect(locking.stdout).toBe(`error CAVRA-E208 cannot lock ${STREAM_FILE}: ${reason}\n`);
    expect(readdirSync(folder)).toEqual(withStream ? [STREAM_FILE] : []);
  });
});
