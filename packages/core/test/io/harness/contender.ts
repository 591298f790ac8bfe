import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { acquireWriterLock } from '../../../src/io/locks/writer-lock.ts';
import { systemClock, systemRandomBytes, systemSleep } from '../../../src/io/system/system.ts';

/**
 * Takes the lock of `stream` in a folder, prints `held`, holds it, and gives it back. A file that only one process can create at a
 * time shows whether another one holds the lock too.
 */
const [folder = '', holdMs = '0', waitMs = '0'] = process.argv.slice(2);

try {
  const lock = await acquireWriterLock({
    folder,
    stream: 'stream',
    clock: systemClock,
    randomBytes: systemRandomBytes,
    waitMs: Number(waitMs),
  });
  const witness = join(folder, 'held');
  closeSync(openSync(witness, 'wx'));
  writeSync(1, 'held\n');
  await systemSleep(Number(holdMs));
  rmSync(witness);
  await lock.release();
} catch (error) {
  writeSync(1, `${error instanceof Error && 'code' in error ? error.code : ''} ${String(error)}\n`);
  process.exitCode = 1;
}
