import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makePrivateCopy } from '../../../src/io/runtime/private-copy.ts';
import { verifyPackage } from '../../../src/io/runtime/verify-package.ts';
import { rejectionOf } from '../../support/refusal.ts';
import { makePackage, sha256, type TestPackage } from '../../support/runtime-package.ts';

let made: TestPackage;
let folder: string;
const before = process.env['TMPDIR'];
beforeEach(() => {
  made = makePackage();
  folder = mkdtempSync(join(tmpdir(), 'cavra-copies-'));
  process.env['TMPDIR'] = folder;
});
afterEach(() => {
  made.remove();
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
});

const privateFolders = () => readdirSync(folder);

describe('a program that is run', () => {
  it('is the one that was verified, though another one took its place since', async () => {
    const original = made.read(made.program);
    const { bytes, program } = await verifyPackage(
      made.folder,
      { keys: [made.publicKey] },
      { os: 'linux', arch: 'amd64' },
    );
    made.write(made.program, 'evil');
    const copy = await makePrivateCopy(bytes, program.sha256);
    expect(readFileSync(copy.program)).toEqual(original);
    await copy.remove();
    expect(privateFolders()).toEqual([]);
  });

  it('is out of reach of everybody else', async () => {
    const copy = await makePrivateCopy(Buffer.from('program'), sha256('program'));
    if (process.platform !== 'win32') {
      expect(statSync(copy.folder).mode & 0o777).toBe(0o700);
      expect(statSync(copy.program).mode & 0o777).toBe(0o500);
    }
    await copy.remove();
  });

  it('is not run when its copy is another than what was verified, and leaves nothing', async () => {
    const failure = await rejectionOf(makePrivateCopy(Buffer.from('program'), sha256('another')));
    expect(failure).toMatchObject({ code: 'CAVRA-E218' });
    expect(privateFolders()).toEqual([]);
  });
});
