import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { readApprovalFiles } from '../../../src/io/files/approval-files.ts';
import { rejectionOf } from '../../support/refusal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-approval-files-'));
  mkdirSync(join(folder, 'approvals'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text = '{}\n') => writeFileSync(join(folder, 'approvals', name), text);
const read = (...names: readonly string[]) => readApprovalFiles(names, folder);
async function codeOf(...names: readonly string[]): Promise<string> {
  const error = await rejectionOf(read(...names));
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).code;
}

describe('approvals', () => {
  it('are read with the signatures beside them, by name and by glob, each once', async () => {
    write('a.approval.json');
    write('a.approval.json.sig', 'signature');
    write('b.approval.json');
    write('README.md');
    const found = await read('approvals/b.approval.json', 'approvals/*');
    expect(found.map(({ name, signature }) => [name, signature?.toString()])).toEqual([
      ['approvals/b.approval.json', undefined],
      ['approvals/a.approval.json', 'signature'],
    ]);
  });

  it('may be none yet', async () => {
    expect(await read('approvals/*.approval.json', 'missing/**/*.approval.json')).toEqual([]);
  });

  it('are files of their name, no links, of a limited size', async () => {
    write('a.json');
    write('large.approval.json', 'x'.repeat(65_537));
    write('signed.approval.json');
    write('signed.approval.json.sig', 'x'.repeat(16_385));
    symlinkSync(join(folder, 'approvals', 'a.json'), join(folder, 'approvals', 'link.approval.json'));
    mkdirSync(join(folder, 'approvals', 'folder.approval.json'));
    for (const name of [
      'missing.approval.json',
      'a.json',
      'large.approval.json',
      'signed.approval.json',
      'link.approval.json',
      'folder.approval.json',
    ]) {
      expect([name, await codeOf(`approvals/${name}`)]).toEqual([name, 'CAVRA-E253']);
    }
  });

  it('are at most 64', async () => {
    for (let index = 0; index < 64; index += 1) write(`${index}.approval.json`);
    expect(await read('approvals/*')).toHaveLength(64);
    write('one-more.approval.json');
    expect(await codeOf('approvals/*')).toBe('CAVRA-E252');
  });
});
