import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { readKeyringFile, resolveHmacKeys, resolveSigningKey } from '../../../src/io/trust/keyring-file.ts';
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

const fingerprintOf = (text: string) => createHash('sha256').update(`cavra.key-fingerprint.v1\n${text}`).digest('hex');

describe('secret_sha256', () => {
  it('fixes the secret: the pinned one verifies and signs, and is known to be pinned', async () => {
    const file = await keyring({
      id: 'a',
      status: 'active',
      secret: { env: 'A' },
      secret_sha256: fingerprintOf(SECRET),
    });
    expect((await resolveHmacKeys(file, 'evidence', { environment: { A: SECRET } })).keys).toMatchObject([
      { id: 'a', pinned: true },
    ]);
    expect(await resolveSigningKey(file, 'evidence', { environment: { A: SECRET } }, 0)).toMatchObject({
      key: { id: 'a' },
    });
  });

  it('refuses every other secret, in a variable and in a file, with both fingerprints', async () => {
    const pin = { secret_sha256: fingerprintOf(SECRET) };
    const other = 'a key that an earlier step has put in its place';
    await writeFile(join(folder, 'a.key'), other);
    for (const secret of [{ env: 'A' }, { file: 'a.key' }]) {
      const file = await keyring({ id: 'a', status: 'active', secret, ...pin });
      const error = await rejectionOf(resolveHmacKeys(file, 'evidence', { environment: { A: other } }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ code: 'CAVRA-E240' });
      expect(String(error)).toContain(fingerprintOf(other));
      expect(String(error)).toContain(fingerprintOf(SECRET));
      expect(String(error)).not.toContain(other);
      expect(await codeOf(resolveSigningKey(file, 'evidence', { environment: { A: other } }, 0))).toBe('CAVRA-E240');
    }
  });

  it.each(['', 'x', fingerprintOf('x').toUpperCase(), 7, null])('must be a fingerprint: %j', async (secret_sha256) => {
    const key = { id: 'a', status: 'active', secret: { env: 'A' }, secret_sha256 };
    expect(await codeOf(keyring(key))).toBe('CAVRA-E209');
  });
});

describe('FILE@sha256:HEX', () => {
  const text = JSON.stringify({ schema_version: 'cavra.release-governance.keyring.v1', keys: [] });
  const digest = createHash('sha256').update(text).digest('hex');
  const at = (pin: string) => readKeyringFile(`${join(folder, 'keyring.json')}@sha256:${pin}`);

  it('pins the very bytes of the file, in either case of its digits', async () => {
    await writeFile(join(folder, 'keyring.json'), text);
    expect(await at(digest)).toEqual({ keyring: { keys: [] }, path: join(folder, 'keyring.json') });
    expect((await at(digest.toUpperCase())).keyring).toEqual({ keys: [] });
  });

  it('refuses another file, with both digests', async () => {
    await writeFile(join(folder, 'keyring.json'), `${text} `);
    const error = await rejectionOf(at(digest));
    expect(error).toMatchObject({ code: 'CAVRA-E218' });
    expect(String(error)).toContain(`expected ${digest}`);
  });

  it.each(['', 'x', digest.slice(1), `${digest}0`])('takes no broken pin for a part of the name: %j', async (pin) => {
    await writeFile(join(folder, `keyring.json@sha256:${pin}`), text);
    expect(await codeOf(at(pin))).toBe('CAVRA-E201');
  });
});

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
    expect(await resolveHmacKeys(file, 'evidence', { environment: { KEY: `${SECRET}\n` } })).toEqual({
      keys: [
        { id: 'new', status: 'active', secret: Buffer.from(`${SECRET}\n`), alternative: Buffer.from(SECRET) },
        {
          id: 'old',
          status: 'retired',
          secret: Buffer.from(`${SECRET}\r\n`),
          alternative: Buffer.from(SECRET),
          notAfter: Date.parse('2026-10-01T00:00:00Z'),
        },
        { id: 'two', status: 'retired', secret: Buffer.from('two lines\n\n'), alternative: Buffer.from('two lines\n') },
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
    expect(await resolveHmacKeys(file, 'evidence', { environment })).toEqual({ keys: [], unresolved });
  });

  it('refuses a secret that is a link, a folder, too large or empty', async () => {
    await writeFile(join(folder, 'secret'), SECRET);
    await symlink(join(folder, 'secret'), join(folder, 'link'));
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'large'), Buffer.alloc(16 * 1024 + 1));
    await writeFile(join(folder, 'empty'), '\n');
    for (const name of ['link', 'folder', 'large', 'empty']) {
      const file = await keyring({ id: 'k', status: 'retired', secret: { file: name } });
      expect([name, await codeOf(resolveHmacKeys(file, 'evidence', { environment: {} }))]).toEqual([
        name,
        'CAVRA-E209',
      ]);
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
    expect(await resolveSigningKey(file, 'evidence', { environment: { KEY: SECRET, OLD: SECRET } }, NOW)).toEqual({
      key: { id: 'new', secret: Buffer.from(SECRET) },
      notes: [],
    });
    expect(await resolveSigningKey(file, 'runner', { environment: { KEY: SECRET } }, NOW)).toBeUndefined();
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['not here', {}, {}, 'CAVRA-E209'],
    ['too short', {}, { KEY: 'x'.repeat(31) }, 'CAVRA-E207'],
    ['past its period', { not_after: '2026-11-01T00:00:00Z' }, { KEY: SECRET }, 'CAVRA-E207'],
    ['before its period', { not_before: '2026-11-01T00:00:00.001Z' }, { KEY: SECRET }, 'CAVRA-E207'],
  ])('refuses an active key that is %s', async (_, members, env, code) => {
    const file = await keyring({ id: 'k', status: 'active', secret: { env: 'KEY' }, ...members });
    expect(await codeOf(resolveSigningKey(file, 'evidence', { environment: env }, NOW))).toBe(code);
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
