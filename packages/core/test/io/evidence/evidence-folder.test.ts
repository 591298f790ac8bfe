import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { openEvidenceFolder } from '../../../src/io/evidence/evidence-folder.ts';
import { expectFailure, temporaryFolder } from '../harness/evidence.ts';

const DEFAULT = '.cavra/go-daemon';
const isRoot = process.getuid?.() === 0;

let workspace = '';
beforeEach(() => {
  workspace = realpathSync(temporaryFolder());
});

const open = (path = DEFAULT) => openEvidenceFolder(path, { workspace });
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function refusal(path = DEFAULT): Promise<string> {
  const error = await expectFailure(open(path), ConfigurationError, 'CAVRA-E208');
  return error.message;
}

describe('openEvidenceFolder', () => {
  it('creates the folder and those above it for this user alone', async () => {
    const folder = await open();
    expect(folder.path).toBe(join(workspace, '.cavra', 'go-daemon'));
    expect(modeOf(folder.path)).toBe(0o700);
    expect(modeOf(join(workspace, '.cavra'))).toBe(0o700);
  });

  it('shuts others out of a folder that is there, and leaves its content', async () => {
    mkdirSync(join(workspace, DEFAULT), { recursive: true });
    writeFileSync(join(workspace, DEFAULT, 'file'), 'content');
    chmodSync(join(workspace, DEFAULT), 0o777);
    const folder = await open();
    expect(modeOf(folder.path)).toBe(0o700);
    expect(readdirSync(folder.path)).toEqual(['file']);
  });

  it.each(['evidence', './a/../evidence', 'a/b/c/d', '.cavra/..evidence'])('opens %s', async (path) => {
    expect((await open(path)).path).toBe(join(workspace, path));
  });

  it('opens absolute paths in the workspace and elsewhere', async () => {
    expect((await open(join(workspace, 'evidence'))).path).toBe(join(workspace, 'evidence'));
    const elsewhere = realpathSync(temporaryFolder());
    expect((await open(join(elsewhere, 'a', 'b'))).path).toBe(join(elsewhere, 'a', 'b'));
    expect((await open(elsewhere)).path).toBe(elsewhere);
    expect((await open(relative(workspace, join(elsewhere, 'c')))).path).toBe(join(elsewhere, 'c'));
  });

  it('opens a folder of a workspace that is named by way of a link', async () => {
    const link = join(temporaryFolder(), 'workspace');
    symlinkSync(workspace, link);
    const expected = { path: join(workspace, DEFAULT) };
    expect(await openEvidenceFolder(DEFAULT, { workspace: link })).toEqual(expected);
    expect(await openEvidenceFolder(join(link, DEFAULT), { workspace })).toEqual(expected);
    expect(await openEvidenceFolder(join(workspace, DEFAULT), { workspace: link })).toEqual(expected);
  });

  it('opens a folder below a link outside of the workspace', async () => {
    const elsewhere = realpathSync(temporaryFolder());
    const link = join(temporaryFolder(), 'var');
    symlinkSync(elsewhere, link);
    expect((await open(join(link, 'evidence'))).path).toBe(join(elsewhere, 'evidence'));
  });

  it('may be opened by several processes at once', async () => {
    const paths = await Promise.all([...Array(20)].map(() => open('a/b/c')));
    expect(new Set(paths.map(({ path }) => path)).size).toBe(1);
  });
});

describe('links that a repository may hold', () => {
  it.each([
    ['.cavra', '.cavra'],
    [DEFAULT, 'go-daemon'],
  ])('are refused: %s', async (name, shown) => {
    const victim = temporaryFolder();
    chmodSync(victim, 0o755);
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    symlinkSync(victim, join(workspace, name));
    expect(await refusal()).toBe(`cannot use ${DEFAULT} as evidence folder: ${shown} is a link`);
    expect(readdirSync(victim)).toEqual([]);
    expect(modeOf(victim)).toBe(0o755);
  });

  it('are refused when they lead nowhere, or back into the workspace', async () => {
    symlinkSync('/nowhere/at/all', join(workspace, '.cavra'));
    expect(await refusal()).toMatch(/\.cavra is a link$/);
    mkdirSync(join(workspace, 'real'));
    symlinkSync('real', join(workspace, 'alias'));
    expect(await refusal('alias/evidence')).toMatch(/alias is a link$/);
    expect(readdirSync(join(workspace, 'real'))).toEqual([]);
  });

  it('are refused as the last part of a path elsewhere', async () => {
    const elsewhere = temporaryFolder();
    symlinkSync(temporaryFolder(), join(elsewhere, 'evidence'));
    expect(await refusal(join(elsewhere, 'evidence'))).toMatch(/evidence is a link$/);
  });
});

describe('what cannot be an evidence folder', () => {
  it.each([
    ['a file', (path: string) => writeFileSync(path, '')],
    ['a pipe', (path: string) => spawnSync('mkfifo', [path])],
  ])('%s in its place or above it', async (_what, put) => {
    put(join(workspace, 'here'));
    expect(await refusal('here')).toMatch(/here is not a folder$/);
    expect(await refusal('here/below')).toMatch(/here is not a folder$|not a folder \(ENOTDIR\)$/);
  });

  it.each(['.', '..', '/', ''])('the workspace or what is above it: %j', async (path) => {
    const mode = modeOf(workspace);
    expect(await refusal(path)).toMatch(/holds the whole workspace/);
    expect(modeOf(workspace)).toBe(mode);
  });

  it('anything in a workspace that is not there', async () => {
    const missing = join(workspace, 'missing');
    const error = await expectFailure(
      openEvidenceFolder(DEFAULT, { workspace: missing }),
      ConfigurationError,
      'CAVRA-E208',
    );
    expect(error.message).toMatch(/it does not exist \(ENOENT\)$/);
    expect(existsSync(missing)).toBe(false);
  });
});

/** These need to be two users, or to be one who is not root. */
describe.each([['another user', isRoot]])('permissions, with %s', (_title, hasAnotherUser) => {
  it('refuses a folder of somebody else that others may write to', async () => {
    const path = join(workspace, 'evidence');
    mkdirSync(path);
    if (!hasAnotherUser) {
      // It belongs to root, and everybody may write to it.
      expect(await refusal('/var/tmp')).toMatch(/others than its owner may write/);
      return;
    }
    chownSync(path, 65_534, 65_534);
    for (const mode of [0o777, 0o770, 0o702]) {
      chmodSync(path, mode);
      expect(await refusal('evidence')).toMatch(/others than its owner may write to it/);
      expect(modeOf(path)).toBe(mode);
    }
  });

  it('refuses a folder that this user may not create', async () => {
    chmodSync(workspace, 0o555);
    if (!hasAnotherUser) {
      expect(await refusal('other')).toMatch(/permission denied \(EACCES\)$/);
      chmodSync(workspace, 0o755);
      return;
    }
    process.seteuid?.(65_534);
    try {
      expect(await refusal('other')).toMatch(/permission denied \(EACCES\)$/);
    } finally {
      process.seteuid?.(0);
    }
  });
});
