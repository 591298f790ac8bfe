import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { readKeyringFile, resolveHmacKeys, resolveSigningKey } from '../../../src/io/files/keyring-file.ts';
import { rejectionOf } from '../../support/refusal.ts';

const SECRET = 'an evidence key of more than 32 bytes';
const KEY = { purpose: 'evidence', algorithm: 'HMAC-SHA256' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function keyring(...keys: readonly object[]) {
  const path = join(folder, 'keyring.json');
  const members = keys.map((key) => ({ ...KEY, ...key }));
  await writeFile(path, JSON.stringify({ schema_version: 'cavra.release-governance.keyring.v1', keys: members }));
  return readKeyringFile(path);
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).not.toContain(SECRET);
  return error instanceof ConfigurationError ? error.code : undefined;
}

describe('resolveHmacKeys', () => {
  it('reads secrets from the environment given and from files beside the keyring', async () => {
    await writeFile(join(folder, 'old.key'), `${SECRET}\r\n`);
    await writeFile(join(folder, 'two.key'), 'two lines\n\n');
    const file = await keyring(
      { id: 'new', status: 'active', secret: { env: 'KEY' } },
      { id: 'old', status: 'retired', secret: { file: 'old.key' }, not_after: '2026-10-01T00:00:00Z' },
      { id: 'two', status: 'retired', secret: { file: 'two.key' } },
      { id: 'runner', purpose: 'runner', status: 'active', secret: { env: 'KEY' } },
    );
    expect(await resolveHmacKeys(file, 'evidence', { KEY: `${SECRET}\n` })).toEqual({
      keys: [
        { id: 'new', status: 'active', secret: Buffer.from(`${SECRET}\n`) },
        { id: 'old', status: 'retired', secret: Buffer.from(SECRET), notAfter: Date.parse('2026-10-01T00:00:00Z') },
        { id: 'two', status: 'retired', secret: Buffer.from('two lines\n') },
      ],
      unresolved: [],
    });
  });

  it('names the keys whose secret is not here', async () => {
    const file = await keyring(
      { id: 'a', status: 'retired', secret: { env: 'UNSET' } },
      { id: 'b', status: 'retired', secret: { env: 'EMPTY' } },
      { id: 'c', status: 'retired', secret: { file: 'nowhere/c.key' } },
      { id: 'd', status: 'retired', secret: { env: 'UNEXPANDED' } },
    );
    const environment = { EMPTY: '', UNEXPANDED: '$(CAVRA_EVIDENCE_KEY_OF_A_FORK)' };
    const unresolved = ['a', 'b', 'c', 'd'];
    expect(await resolveHmacKeys(file, 'evidence', environment)).toEqual({ keys: [], unresolved });
  });

  it('refuses a secret that is a link, a folder, too large or empty', async () => {
    await writeFile(join(folder, 'secret'), SECRET);
    await symlink(join(folder, 'secret'), join(folder, 'link'));
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'large'), Buffer.alloc(16 * 1024 + 1));
    await writeFile(join(folder, 'empty'), '\n');
    for (const name of ['link', 'folder', 'large', 'empty']) {
      const file = await keyring({ id: 'k', status: 'retired', secret: { file: name } });
      expect([name, await codeOf(resolveHmacKeys(file, 'evidence', {}))]).toEqual([name, 'CAVRA-E209']);
    }
  });
});

describe('resolveSigningKey', () => {
  const NOW = Date.parse('2026-11-01T00:00:00Z');

  it('gives the active key of the purpose and no other', async () => {
    const file = await keyring(
      { id: 'old', status: 'retiring', secret: { env: 'OLD' } },
      { id: 'new', status: 'active', secret: { env: 'KEY' } },
    );
    expect(await resolveSigningKey(file, 'evidence', { KEY: SECRET, OLD: SECRET }, NOW)).toEqual({
      id: 'new',
      secret: Buffer.from(SECRET),
    });
    expect(await resolveSigningKey(file, 'runner', { KEY: SECRET }, NOW)).toBeUndefined();
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['not here', {}, {}, 'CAVRA-E209'],
    ['too short', {}, { KEY: 'x'.repeat(31) }, 'CAVRA-E207'],
    ['past its period', { not_after: '2026-11-01T00:00:00Z' }, { KEY: SECRET }, 'CAVRA-E207'],
    ['before its period', { not_before: '2026-11-01T00:00:00.001Z' }, { KEY: SECRET }, 'CAVRA-E207'],
  ])('refuses an active key that is %s', async (_, members, env, code) => {
    const file = await keyring({ id: 'k', status: 'active', secret: { env: 'KEY' }, ...members });
    expect(await codeOf(resolveSigningKey(file, 'evidence', env, NOW))).toBe(code);
  });
});

describe('readKeyringFile', () => {
  it('refuses a link, a folder, a missing file and one that is no keyring', async () => {
    await writeFile(join(folder, 'text'), 'no keyring');
    await symlink(join(folder, 'text'), join(folder, 'link'));
    for (const name of ['link', '.', 'missing', 'text', 'a\0b']) {
      expect([name, await codeOf(readKeyringFile(join(folder, name)))]).toEqual([name, 'CAVRA-E209']);
    }
  });
});
