import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { LOCK_STALE_MS } from '../../../src/domain/limits.ts';
import { acquireWriterLock } from '../../../src/io/locks/writer-lock.ts';
import { currentPlace, currentStartTime, processState, UNKNOWN_START } from '../../../src/io/system/process-state.ts';
import { systemRandomBytes, systemSleep } from '../../../src/io/system/system.ts';
import { bundleProgram, start } from '../harness/bundle.ts';
import { expectFailure, temporaryFolder, tickingClock } from '../harness/evidence.ts';

const acquire = (folder: string, waitMs = 0, stream = 'stream') =>
  acquireWriterLock({ folder, stream, clock: tickingClock(), randomBytes: systemRandomBytes, waitMs });

const RANDOM = '0123456789abcdef'.repeat(2);
const HERE = currentPlace().digest;
const ELSEWHERE = HERE.replace(/./g, (digit) => (digit === '0' ? '1' : '0'));

/** Puts a lock's file of somebody else into a folder, last refreshed `ageMs` ago. */
function plant(folder: string, end: string, note = '', ageMs = 0): string {
  const path = join(folder, `stream.lock-${end}`);
  writeFileSync(path, note);
  const changed = new Date(Date.now() - ageMs);
  utimesSync(path, changed, changed);
  return path;
}

/** Number of a process that has ended and was waited for. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.on('close', resolve));
  return child.pid ?? 0;
}

describe('acquireWriterLock', () => {
  it('gives the lock to one at a time and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const lock = await acquire(folder);
    expect(lock.isHeld()).toBe(true);
    const [file = ''] = readdirSync(folder);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({
      pid: process.pid,
      created_at: '2026-01-01T00:00:01Z',
    });
    await expectFailure(acquire(folder), RuntimeFailure, 'CAVRA-E502');
    expect(readdirSync(folder)).toEqual([file]);
    await lock.release();
    await lock.release();
    expect(lock.isHeld()).toBe(false);
    await (await acquire(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps streams apart, even when one name begins like another', async () => {
    const folder = temporaryFolder();
    const locks = [await acquire(folder), await acquire(folder, 0, 'stream2'), await acquire(folder, 0, 'str')];
    for (const lock of locks) {
      await lock.release();
    }
  });

  it('waits for a holder that ends in time', async () => {
    const folder = temporaryFolder();
    const lock = await acquire(folder);
    const waiting = acquire(folder, 10_000);
    await systemSleep(50);
    await lock.release();
    await (await waiting).release();
  });

  it('knows when its file was removed', async () => {
    const folder = temporaryFolder();
    const lock = await acquire(folder);
    for (const name of readdirSync(folder)) {
      rmSync(join(folder, name));
    }
    expect(lock.isHeld()).toBe(false);
    await lock.release();
  });

  it.each([
    ['does not exist', (folder: string) => join(folder, 'missing'), ConfigurationError, 'CAVRA-E208'],
    ['is a file', (folder: string) => plant(folder, 'x'), ConfigurationError, 'CAVRA-E208'],
  ])('says that the folder %s', async (_what, target, errorClass, code) => {
    await expectFailure(acquire(target(temporaryFolder())), errorClass, code);
  });
});

describe('a lock that was left behind', () => {
  it('by a dead process is removed', async () => {
    const folder = temporaryFolder();
    plant(folder, `${await deadProcess()}-12345-${HERE}-${RANDOM}`);
    plant(folder, `${await deadProcess()}-${UNKNOWN_START}-${HERE}-${RANDOM}`);
    const lock = await acquire(folder);
    expect(readdirSync(folder)).toHaveLength(1);
    await lock.release();
  });

  it('by a process whose number another one has now is removed', async () => {
    const folder = temporaryFolder();
    plant(folder, `${process.pid}-${Number(currentStartTime()) - 1}-${HERE}-${RANDOM}`);
    await (await acquire(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('by a process that nobody has waited for yet is removed', async () => {
    const folder = temporaryFolder();
    const program = bundleProgram('contender', temporaryFolder());
    // The shell becomes `sleep`, which never asks how its child ended.
    const parent = start(program, [folder, '60000'], { shell: '"$@" & echo child $!; exec sleep 60' });
    await parent.printed('held');
    const pid = Number(/child (\d+)/.exec(parent.printedSoFar())?.[1]);
    await expectFailure(acquire(folder), RuntimeFailure, 'CAVRA-E502');
    process.kill(pid, 'SIGKILL');
    await (await acquire(folder, 5000)).release();
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.child.kill('SIGKILL');
  });

  it('counts as living while its process lives, however old it is', async () => {
    const folder = temporaryFolder();
    const note = '{"host":"build-7","created_at":"2026-01-02T03:04:05Z"}';
    plant(folder, `${process.pid}-${currentStartTime()}-${HERE}-${RANDOM}`, note, 100 * LOCK_STALE_MS);
    const error = await expectFailure(acquire(folder), RuntimeFailure, 'CAVRA-E502');
    expect(error.message).toBe(
      `stream is being written by process ${process.pid} on build-7 since 2026-01-02T03:04:05Z`,
    );
  });

  it.each([
    ['on another machine', `4711-99-${ELSEWHERE}-${RANDOM}`, 'process 4711'],
    ['by a process of unknown start', `${process.pid}-${UNKNOWN_START}-${HERE}-${RANDOM}`, `process ${process.pid}`],
    ['under a name of another version', 'v2-something-else', 'another process'],
    ['by a number that no process has', `9999999999-99-${HERE}-${RANDOM}`, 'another process'],
  ])('%s counts as living until it has been silent for long', async (_who, end, named) => {
    const folder = temporaryFolder();
    const path = plant(folder, end, '', LOCK_STALE_MS - 10_000);
    const error = await expectFailure(acquire(folder), RuntimeFailure, 'CAVRA-E502');
    expect(error.message).toBe(`stream is being written by ${named}`);
    expect(readdirSync(folder)).toEqual([path.slice(folder.length + 1)]);
    rmSync(path);
    plant(folder, end, '', LOCK_STALE_MS + 10_000);
    await (await acquire(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('as a link or folder is nobody’s', async () => {
    const folder = temporaryFolder();
    symlinkSync('/etc/hostname', join(folder, `stream.lock-1-1-${ELSEWHERE}-${RANDOM}`));
    mkdirSync(join(folder, `stream.lock-2-2-${ELSEWHERE}-${RANDOM}`));
    await (await acquire(folder)).release();
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('cannot put control characters into the message', async () => {
    const folder = temporaryFolder();
    const note = JSON.stringify({ host: 'x\u001b[2J\n::error::', created_at: 7 });
    plant(folder, `1-1-${ELSEWHERE}-${RANDOM}`, note);
    const error = await expectFailure(acquire(folder), RuntimeFailure, 'CAVRA-E502');
    expect(error.message).toBe('stream is being written by process 1 on x?[2J?::error::');
  });
});

describe('processState', () => {
  it('tells running, gone and uncertain', async () => {
    expect(processState(process.pid, currentStartTime())).toBe(
      currentStartTime() === UNKNOWN_START ? 'uncertain' : 'running',
    );
    expect(processState(process.pid, UNKNOWN_START)).toBe('uncertain');
    expect(processState(await deadProcess(), UNKNOWN_START)).toBe('gone');
    expect(processState(await deadProcess(), '1')).toBe('gone');
  });
});

describe('fifty processes at once', () => {
  it('hold the lock one after the other, never two of them', async () => {
    const folder = temporaryFolder();
    const program = bundleProgram('contender', temporaryFolder());
    const running = Array.from({ length: 50 }, () => start(program, [folder, '3', '50000']));
    const ended = await Promise.all(running.map((each) => each.ended));
    expect(ended.filter(({ stdout, status }) => stdout !== 'held\n' || status !== 0)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are not stopped by some of them being killed while they hold it', async () => {
    const folder = temporaryFolder();
    const program = bundleProgram('contender', temporaryFolder());
    for (let round = 0; round < 3; round += 1) {
      const holder = start(program, [folder, '60000', '10000']);
      await holder.printed('held');
      holder.child.kill('SIGKILL');
      await holder.ended;
      rmSync(join(folder, 'held'));
    }
    const next = await start(program, [folder, '0', '0']).ended;
    expect(next.stdout).toBe('held\n');
  });
});
