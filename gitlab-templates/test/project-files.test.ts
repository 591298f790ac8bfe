import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeFailure } from '@cavra/release-governance-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keepOnly, writeReport } from '../src/publication/project-files.ts';

let workspace: string;
let outside: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'cavra-project-'));
  outside = mkdtempSync(join(tmpdir(), 'cavra-outside-'));
});
afterEach(() => {
  rmSync(workspace, { recursive: true, force: true });
  rmSync(outside, { recursive: true, force: true });
});

const at = (...parts: string[]) => join(workspace, ...parts);
const refused = expect.objectContaining({ code: 'CAVRA-E506' });

describe('a report', () => {
  it('is written, with the folders above it', async () => {
    await writeReport(workspace, '.cavra/deep/go-daemon.env', 'A=1\n');
    expect(readFileSync(at('.cavra/deep/go-daemon.env'), 'utf8')).toBe('A=1\n');
    expect(statSync(at('.cavra/deep/go-daemon.env')).mode & 0o777).toBe(0o644);
    await writeReport(workspace, 'top.env', 'B=2\n');
    await writeReport(workspace, 'top.env', 'C=3\n');
    expect(readFileSync(at('top.env'), 'utf8')).toBe('C=3\n');
  });

  it('takes the place of whatever a repository put there', async () => {
    writeFileSync(join(outside, 'target'), 'kept');
    symlinkSync(join(outside, 'target'), at('link.env'));
    mkdirSync(at('folder.env/full'), { recursive: true });
    await writeReport(workspace, 'link.env', 'A=1\n');
    await writeReport(workspace, 'folder.env', 'A=1\n');
    expect(readFileSync(join(outside, 'target'), 'utf8')).toBe('kept');
    expect(readFileSync(at('link.env'), 'utf8')).toBe('A=1\n');
    expect(readFileSync(at('folder.env'), 'utf8')).toBe('A=1\n');
  });

  it('never leads out of the project', async () => {
    symlinkSync(outside, at('.cavra'));
    writeFileSync(at('file'), '');
    for (const path of ['.cavra/go-daemon.env', 'file/go-daemon.env']) {
      const written = writeReport(workspace, path, 'A=1\n');
      await expect(written).rejects.toThrow(RuntimeFailure);
      await expect(written).rejects.toEqual(refused);
    }
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe('what is kept in a folder', () => {
  it('is what was named; the rest is beside it', async () => {
    mkdirSync(at('.cavra/go-daemon/folder'), { recursive: true });
    symlinkSync(outside, at('.cavra/go-daemon/link'));
    for (const name of ['keep.json', 'other.json', '.hidden']) writeFileSync(at('.cavra/go-daemon', name), name);
    const aside = await keepOnly(workspace, '.cavra/go-daemon', ['keep.json', 'absent.json']);
    expect(readdirSync(at('.cavra/go-daemon'))).toEqual(['keep.json']);
    expect(aside?.names).toEqual(['.hidden', 'folder', 'link', 'other.json']);
    expect(readdirSync(at('.cavra', aside?.folder ?? '')).sort()).toEqual(['.hidden', 'folder', 'link', 'other.json']);
    expect(aside?.folder).toMatch(/^go-daemon\.not-published-/);
    expect(existsSync(outside)).toBe(true);
  });

  it('is nothing to do where there is no folder, or nothing else in it', async () => {
    expect(await keepOnly(workspace, '.cavra/go-daemon', [])).toBeUndefined();
    mkdirSync(at('.cavra/go-daemon'), { recursive: true });
    expect(await keepOnly(workspace, '.cavra/go-daemon', [])).toBeUndefined();
    expect(readdirSync(at('.cavra'))).toEqual(['go-daemon']);
  });

  it('is refused where the folder is a link, or below one', async () => {
    mkdirSync(join(outside, 'go-daemon'));
    writeFileSync(join(outside, 'go-daemon/file'), '');
    symlinkSync(outside, at('.cavra'));
    symlinkSync(join(outside, 'go-daemon'), at('evidence'));
    writeFileSync(at('file'), '');
    for (const path of ['.cavra/go-daemon', 'evidence', 'file']) {
      await expect(keepOnly(workspace, path, [])).rejects.toEqual(refused);
    }
    expect(readdirSync(join(outside, 'go-daemon'))).toEqual(['file']);
  });
});
