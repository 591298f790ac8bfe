import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { FolderWriter } from '../../../src/io/evidence/folder-writer.ts';
import { writeFileDurably } from '../../../src/io/files/durable-file.ts';
import { expectFailure, temporaryFolder } from '../harness/evidence.ts';

async function writeAndSettle(folder: string, name: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const writer = new FolderWriter(folder);
  await writer.write(name, bytes, mode);
  await writer.settle();
}

describe.each([
  ['writeFileDurably', writeFileDurably],
  ['a FolderWriter', writeAndSettle],
])('%s', (_writer, write) => {
  it('writes a file that only its owner can read, and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    await write(folder, 'file.json', Buffer.from('{}\n'));
    expect(readFileSync(join(folder, 'file.json'), 'utf8')).toBe('{}\n');
    expect(statSync(join(folder, 'file.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['file.json']);
  });

  it('replaces a file and writes an empty one', async () => {
    const folder = temporaryFolder();
    await write(folder, 'file', Buffer.from('first, and longer'));
    await write(folder, 'file', Buffer.from('second'));
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('second');
    await write(folder, 'file', new Uint8Array(), 0o640);
    expect(readFileSync(join(folder, 'file'))).toHaveLength(0);
    expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o640);
  });

  it('replaces a link and a second name instead of writing through them', async () => {
    const folder = temporaryFolder();
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(folder, 'link'));
    linkSync(victim, join(folder, 'hard'));
    await write(folder, 'link', Buffer.from('new'));
    await write(folder, 'hard', Buffer.from('new'));
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(lstatSync(join(folder, 'link')).isFile()).toBe(true);
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'hard')).nlink).toBe(1);
  });

  it('does not use a temporary file that somebody else put there', async () => {
    const folder = temporaryFolder();
    const victim = join(temporaryFolder(), 'victim');
    const planted = join(folder, `.file.${process.pid}-1.tmp`);
    symlinkSync(victim, planted);
    await write(folder, 'file', Buffer.from('new'));
    expect(existsSync(victim)).toBe(false);
    expect(lstatSync(planted).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
  });

  it.each([
    ['a folder has the name', (folder: string) => mkdirSync(join(folder, 'file')), 'it is a folder (EISDIR)'],
    ['the folder is missing', (folder: string) => chmodSync(folder, 0o700), 'it does not exist (ENOENT)'],
  ])('leaves nothing behind when it fails: %s', async (_title, prepare, reason) => {
    const folder = temporaryFolder();
    prepare(folder);
    const target = reason.includes('ENOENT') ? join(folder, 'missing') : folder;
    const error = await expectFailure(write(target, 'file', Buffer.from('x')), RuntimeFailure, 'CAVRA-E501');
    expect(error.message).toBe(`cannot write file: ${reason}`);
    expect(readdirSync(folder).filter((name) => name !== 'file')).toEqual([]);
  });

  it('takes a name only, not a path', async () => {
    const folder = temporaryFolder();
    await expectFailure(write(folder, '../file', new Uint8Array()), RuntimeFailure, 'CAVRA-E599');
  });
});

describe('a FolderWriter', () => {
  it('has each file whole as soon as it is written, and closes them all', async () => {
    const folder = temporaryFolder();
    const writer = new FolderWriter(folder);
    const openBefore = readdirSync('/proc/self/fd').length;
    for (const text of ['first', 'second', 'third']) {
      await writer.write('file', Buffer.from(text));
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe(text);
      expect(readdirSync(folder)).toEqual(['file']);
    }
    await writer.settle();
    expect(readdirSync('/proc/self/fd').length).toBe(openBefore);
  });

  it('says that nothing is durable in a folder that was taken away', async () => {
    const folder = temporaryFolder();
    const writer = new FolderWriter(folder);
    await writer.write('file', Buffer.from('x'));
    rmSync(folder, { recursive: true });
    const error = await expectFailure(writer.settle(), RuntimeFailure, 'CAVRA-E501');
    expect(error.message).toBe('cannot write the evidence folder: it does not exist (ENOENT)');
  });
});
