import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { CLAIMS_FILE, KNOWN_EVIDENCE_FILES, RESPONSE_FILE, STREAM_FILE } from '../../../src/domain/evidence/files.ts';
import { createSecretSearcher, JWT_NAME } from '../../../src/domain/secrets/searcher.ts';
import { guardEvidence } from '../../../src/gate/run/guard.ts';
import { guardedFolder } from '../../../src/io/evidence/guarded-folder.ts';
import { expectFailure, temporaryFolder } from '../../io/harness/evidence.ts';

const SECRET = 'correct horse battery staple';
const searcher = createSecretSearcher([{ name: 'CAVRA_RUNNER_AUTH_HMAC_KEY', value: SECRET }]);

function evidenceFolder(content: Record<string, string>): string {
  const folder = join(temporaryFolder(), 'go-daemon');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(content)) {
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const guard = (folder: string) => guardEvidence(guardedFolder(folder), searcher);
const siblings = (folder: string) => readdirSync(join(folder, '..')).filter((name) => name !== basename(folder));

describe('guardEvidence', () => {
  it('lets the known files through, with the digest of what was searched', async () => {
    const content = Object.fromEntries(KNOWN_EVIDENCE_FILES.map((name) => [name, `content of ${name}`]));
    const folder = evidenceFolder(content);
    const result = await guard(folder);
    expect(result).toEqual({
      files: [...KNOWN_EVIDENCE_FILES].sort().map((name) => ({
        name,
        path: join(folder, name),
        size: `content of ${name}`.length,
        sha256: createHash('sha256').update(`content of ${name}`).digest('hex'),
      })),
      withheld: [],
      ignored: [],
    });
    expect(siblings(folder)).toEqual([]);
  });

  it('has nothing to say of an empty folder', async () => {
    expect(await guard(evidenceFolder({}))).toEqual({ files: [], withheld: [], ignored: [] });
  });

  it.each([
    ['raw', SECRET, 'CAVRA_RUNNER_AUTH_HMAC_KEY'],
    ['base64', Buffer.from(`user:${SECRET}`).toString('base64'), 'CAVRA_RUNNER_AUTH_HMAC_KEY'],
    ['hex', Buffer.from(SECRET).toString('hex').toUpperCase(), 'CAVRA_RUNNER_AUTH_HMAC_KEY'],
    ['URL', encodeURIComponent(SECRET), 'CAVRA_RUNNER_AUTH_HMAC_KEY'],
    ['a token', `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30.c2ln`, JWT_NAME],
  ])('moves a file that holds a secret out of the folder: %s', async (_form, text, name) => {
    const folder = evidenceFolder({ [CLAIMS_FILE]: '{}', [RESPONSE_FILE]: `{"reason":"${text}"}`, [STREAM_FILE]: '' });
    const result = await guard(folder);
    expect(result.files.map((file) => file.name)).toEqual([STREAM_FILE, CLAIMS_FILE]);
    expect(result.withheld).toEqual([
      {
        name: RESPONSE_FILE,
        hits: [expect.objectContaining({ name })],
        movedTo: join(folder, '..', 'go-daemon.withheld-1', RESPONSE_FILE),
      },
    ]);
    expect(JSON.stringify(result)).not.toContain(text);
    expect(readdirSync(folder).sort()).toEqual([STREAM_FILE, CLAIMS_FILE].sort());
    const withheld = join(folder, '..', 'go-daemon.withheld-1');
    expect(statSync(withheld).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(withheld, RESPONSE_FILE), 'utf8')).toContain(text);
  });

  it('keeps what was withheld before', async () => {
    const folder = evidenceFolder({});
    for (const number of [1, 2]) {
      writeFileSync(join(folder, CLAIMS_FILE), SECRET);
      writeFileSync(join(folder, RESPONSE_FILE), SECRET);
      expect((await guard(folder)).withheld).toHaveLength(2);
      expect(readdirSync(join(folder, '..', `go-daemon.withheld-${number}`))).toHaveLength(2);
    }
  });

  it('finds a secret anywhere in a file that is larger than a window', async () => {
    const folder = evidenceFolder({});
    const large = Buffer.alloc(3_000_000, 'evidence, ');
    large.write(SECRET, 1_048_570);
    writeFileSync(join(folder, STREAM_FILE), large);
    expect((await guard(folder)).withheld.map(({ hits }) => hits)).toEqual([
      [{ name: 'CAVRA_RUNNER_AUTH_HMAC_KEY', form: 'raw', offset: 1_048_570 }],
    ]);
  });

  it('never publishes unknown files, and leaves them where they are', async () => {
    const folder = evidenceFolder({ 'notes.txt': SECRET, '.env': SECRET });
    mkdirSync(join(folder, 'sub'));
    expect(await guard(folder)).toEqual({
      files: [],
      withheld: [],
      ignored: ['.env', 'notes.txt', 'sub'].map((name) => ({ name, reason: 'is not a file of the gate' })),
    });
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it.each([
    ['a link', (path: string, victim: string) => symlinkSync(victim, path), 'is a link'],
    [
      'a second name',
      (path: string, victim: string) => linkSync(victim, path),
      'has a second name elsewhere (hard link)',
    ],
    ['a pipe', (path: string) => spawnSync('mkfifo', [path]), 'is not a regular file'],
    ['a folder', (path: string) => mkdirSync(path), 'is not a regular file'],
  ])('does not publish %s at any known name', async (_what, put, reason) => {
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'content of another file');
    const folder = evidenceFolder({});
    for (const name of KNOWN_EVIDENCE_FILES) {
      put(join(folder, name), victim);
    }
    expect(await guard(folder)).toEqual({
      files: [],
      withheld: [],
      ignored: [...KNOWN_EVIDENCE_FILES].sort().map((name) => ({ name, reason })),
    });
  });

  it('fails when a file with a secret cannot be moved out, or the folder not be listed', async () => {
    const folder = evidenceFolder({ [CLAIMS_FILE]: SECRET });
    // Nobody, root included, can create a folder below a file.
    const beside = guardedFolder(folder);
    const blocked = { ...beside, withhold: guardedFolder(join(folder, CLAIMS_FILE, 'x')).withhold };
    const error = await expectFailure(guardEvidence(blocked, searcher), RuntimeFailure, 'CAVRA-E501');
    expect(error.message).toMatch(new RegExp(`^${CLAIMS_FILE} holds a secret and cannot be moved`));
    rmSync(folder, { recursive: true });
    await expectFailure(guard(folder), RuntimeFailure, 'CAVRA-E501');
  });

  it('does not publish a file that cannot be read', async () => {
    const folder = evidenceFolder({ [CLAIMS_FILE]: '{}' });
    chmodSync(join(folder, CLAIMS_FILE), 0o000);
    const isRoot = process.getuid?.() === 0;
    const parent = join(folder, '..');
    if (isRoot) {
      chmodSync(parent, 0o755);
      process.seteuid?.(65_534);
    }
    try {
      const { files, ignored } = await guard(folder);
      expect(files).toEqual([]);
      expect(ignored).toEqual([{ name: CLAIMS_FILE, reason: 'cannot be read: permission denied (EACCES)' }]);
    } finally {
      if (isRoot) {
        process.seteuid?.(0);
      }
    }
  });
});
