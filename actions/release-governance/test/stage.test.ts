import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  linkSync,
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
import { type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { stageFiles } from '../src/stage.ts';

let root: string;
let evidence: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cavra-stage-'));
  evidence = join(root, 'evidence');
  mkdirSync(evidence);
  mkdirSync(join(root, 'temp'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A file as the guard found it. */
function guarded(name: string, content: string): PublishableFile {
  const path = join(evidence, name);
  writeFileSync(path, content);
  const bytes = Buffer.from(content);
  return { name, path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

it('copies exactly what was searched, for its owner only', async () => {
  const files = [guarded('a.jsonl', 'x'.repeat(200_000)), guarded('b.json', ''), guarded('c.json', '{}\n')];
  const staged = await stageFiles(files, join(root, 'temp'));
  expect(staged.paths).toEqual(files.map(({ name }) => join(staged.folder, name)));
  for (const { name, path } of files) expect(readFileSync(join(staged.folder, name))).toEqual(readFileSync(path));
  expect(statSync(staged.folder).mode & 0o777).toBe(0o700);
  await staged.remove();
  expect(readdirSync(join(root, 'temp'))).toEqual([]);
});

it.each<[string, (path: string) => void]>([
  ['other bytes of the same length', (path) => writeFileSync(path, 'THE BYTES')],
  ['more bytes', (path) => writeFileSync(path, 'the bytes and more')],
  ['fewer bytes', (path) => writeFileSync(path, 'the')],
  [
    'a link to the same bytes',
    (path) => {
      writeFileSync(join(root, 'elsewhere'), 'the bytes');
      rmSync(path);
      symlinkSync(join(root, 'elsewhere'), path);
    },
  ],
  ['nothing', (path) => rmSync(path)],
  [
    'a folder',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
  [
    'a pipe that nobody writes to',
    (path) => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
  ],
  [
    'a hard link to another file',
    (path) => {
      writeFileSync(join(root, 'elsewhere'), 'a secret!');
      rmSync(path);
      linkSync(join(root, 'elsewhere'), path);
    },
  ],
])('refuses a file that has become %s, and leaves nothing behind', async (_, change) => {
  const files = [guarded('first.json', '{}'), guarded('second.json', 'the bytes')];
  change(files[1]?.path ?? '');
  const failure = await stageFiles(files, join(root, 'temp')).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RuntimeFailure);
  expect(failure).toMatchObject({ code: 'CAVRA-E506' });
  expect(readdirSync(join(root, 'temp'))).toEqual([]);
});
