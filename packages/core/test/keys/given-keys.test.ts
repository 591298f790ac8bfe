import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { keyFingerprint } from '../../src/domain/keys/fingerprint.ts';
import { readKeyringFile, resolveHmacKeys, resolveSigningKey } from '../../src/io/trust/keyring-file.ts';
import { loadAttestationKeys } from '../../src/keys/attestation-keys.ts';
import { readEvidenceVerificationKey, readSigningKeys } from '../../src/keys/given-keys.ts';
import { rejectionOf } from '../support/refusal.ts';

const KEY = 'evidence-key-of-the-tests-0123456789abcdef01234567';
const REFERENCE = '$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)';

let folder: string;
let workspace: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'given-keys-'));
  workspace = join(folder, 'project');
  await mkdir(workspace);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(ConfigurationError);
  return error instanceof ConfigurationError ? error.code : undefined;
}

async function evidenceKey(text: string) {
  const environment = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: text, CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci' };
  return (await readSigningKeys(environment, workspace)).evidence;
}

/** A file as GitLab writes one for a variable of type file: beside the project. */
async function outside(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('a signing key', () => {
  it('is the bytes of its variable', async () => {
    expect(await evidenceKey(KEY)).toEqual({ key: { id: 'ci', secret: Buffer.from(KEY) }, notes: [] });
    expect((await readSigningKeys({}, workspace)).runner).toBeUndefined();
  });

  it('has at least 32 bytes', async () => {
    const environment = { CAVRA_RUNNER_AUTH_HMAC_KEY: KEY.slice(0, 31) };
    expect(await codeOf(readSigningKeys(environment, workspace))).toBe('CAVRA-E207');
    expect(await codeOf(evidenceKey(`${KEY.slice(0, 31)}\n`))).toBe('CAVRA-E207');
  });

  it('is no text that everybody knows, and says which', async () => {
    for (const text of [REFERENCE, '/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY', ' '.repeat(40), 'ab'.repeat(20)]) {
      expect([text, await codeOf(readSigningKeys({ CAVRA_RUNNER_AUTH_HMAC_KEY: text }, workspace))]).toEqual([
        text,
        'CAVRA-E207',
      ]);
    }
    const error = await rejectionOf(evidenceKey('/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY'));
    expect(String(error)).toContain('CAVRA_DAEMON_EVIDENCE_HMAC_KEY holds a path that does not exist, and no key');
  });

  it('may have other characters that look odd', async () => {
    for (const key of [`$(${KEY}`, `$${KEY}$`, `{${KEY}}`]) {
      expect((await evidenceKey(key))?.key.secret).toEqual(Buffer.from(key));
    }
  });

  it('loses one line end, and the reader is told', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const given = await evidenceKey(`${KEY}${end}`);
      expect(given?.key.secret).toEqual(Buffer.from(KEY));
      expect(given?.notes).toEqual([expect.stringContaining('ends with a line end')]);
    }
    expect((await evidenceKey(`${KEY}\n\n`))?.key.secret).toEqual(Buffer.from(`${KEY}\n`));
  });

  it('keeps quotes, and the reader is told', async () => {
    const given = await evidenceKey(`"${KEY}"`);
    expect(given?.key.secret).toEqual(Buffer.from(`"${KEY}"`));
    expect(given?.notes).toEqual([expect.stringContaining('stands in quotes')]);
  });

  it('gets an id of its fingerprint where none is given, and the reader is told', async () => {
    const { evidence } = await readSigningKeys({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: `${KEY}\n` }, workspace);
    expect(evidence?.key.id).toBe(`k-${keyFingerprint(Buffer.from(KEY)).slice(0, 16)}`);
    expect(evidence?.notes).toContainEqual(expect.stringContaining('CAVRA_DAEMON_EVIDENCE_KEY_ID is not set'));
  });
});

describe('a variable that names a file', () => {
  it('gives the key in it', async () => {
    const path = await outside('CAVRA_DAEMON_EVIDENCE_HMAC_KEY', `${KEY}\n`);
    expect((await evidenceKey(path))?.key.secret).toEqual(Buffer.from(KEY));
    expect(await readEvidenceVerificationKey({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: path }, workspace)).toMatchObject({
      secret: Buffer.from(`${KEY}\n`),
      alternative: Buffer.from(KEY),
    });
  });

  it.each([
    ['a path', '/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY'],
    ['a reference', REFERENCE],
    ['blanks', ' '.repeat(40)],
    ['one character', 'a'.repeat(40)],
    ['too little', 'short'],
    ['nothing', ''],
    ['too much', KEY.repeat(400)],
  ])('is refused for %s in it', async (_, content) => {
    expect(await codeOf(evidenceKey(await outside('file', content)))).toBe('CAVRA-E207');
  });

  it('is refused for a file of the workspace, a link, a folder and nothing', async () => {
    await outside('key', KEY);
    await writeFile(join(workspace, 'committed'), KEY);
    await symlink(workspace, join(folder, 'way-in'));
    await symlink(join(folder, 'key'), join(folder, 'link'));
    const names = ['project/committed', 'way-in/committed', 'project/../project/committed', 'link', 'project', 'none'];
    for (const name of names) {
      expect([name, await codeOf(evidenceKey(`${folder}/${name}`))]).toEqual([name, 'CAVRA-E207']);
    }
  });

  it('may be one of a keyring', async () => {
    const path = await outside('keyring.json', '');
    const keys = ['evidence', 'runner'].map((purpose) => ({
      id: 'k',
      purpose,
      algorithm: 'HMAC-SHA256',
      status: 'active',
      secret: { env: 'KEY' },
    }));
    await writeFile(path, JSON.stringify({ schema_version: 'cavra.release-governance.keyring.v1', keys }));
    const ring = await readKeyringFile(path);
    const source = (KEY: string) => ({ environment: { KEY }, workspace });
    const good = source(await outside('key', `${KEY}\n`));
    expect((await resolveSigningKey(ring, 'evidence', good, 0))?.key.secret).toEqual(Buffer.from(KEY));
    for (const text of ['/nowhere/that/anybody/knows/key-2026', REFERENCE, 'ab'.repeat(20)]) {
      expect(await codeOf(resolveSigningKey(ring, 'evidence', source(text), 0))).toBe('CAVRA-E207');
    }
    expect((await resolveHmacKeys(ring, 'evidence', source('/nowhere/that/anybody/knows'))).unresolved).toEqual(['k']);
    expect((await resolveHmacKeys(ring, 'evidence', source('ab'.repeat(20)))).unresolved).toEqual([]);
    expect(await codeOf(resolveHmacKeys(ring, 'runner', source('ab'.repeat(20))))).toBe('CAVRA-E207');
  });
});

describe('the evidence key for verification', () => {
  const read = (text: string) => readEvidenceVerificationKey({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: text }, workspace);

  it('may be short or weak: what it signed long ago is still checked', async () => {
    expect((await read('short'))?.secret).toEqual(Buffer.from('short'));
    expect((await read('a'.repeat(40)))?.secret).toEqual(Buffer.from('a'.repeat(40)));
  });

  it('is no text that everybody knows', async () => {
    for (const text of [REFERENCE, '/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY']) {
      expect(await codeOf(read(text))).toBe('CAVRA-E207');
    }
  });
});

describe('the attestation key', () => {
  const pem = String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const load = (text: string) =>
    loadAttestationKeys({ environment: { CAVRA_ATTESTATION_KEY: text }, workspace }, undefined, 0);

  it('may stand in a file, or in quotes', async () => {
    const { signing } = await load(pem);
    expect(signing).toBeDefined();
    expect((await load(await outside('attestation.pem', pem))).signing?.id).toBe(signing?.id);
    const quoted = await load(`"${pem.replaceAll('\n', '\\n')}"`);
    expect(quoted.signing?.id).toBe(signing?.id);
    expect(quoted.notes).toEqual([expect.stringContaining('quotes')]);
  });

  it.each([
    ['a path', '/builds/g/p.tmp/CAVRA_ATTESTATION_KEY', 'a path that does not exist'],
    ['a reference', '$(CAVRA_ATTESTATION_KEY)', 'a reference'],
    ['blanks', '   ', 'nothing but blanks'],
  ])('is not %s', async (_, text, told) => {
    const error = await rejectionOf(load(text));
    expect(error).toMatchObject({ code: 'CAVRA-E222' });
    expect(String(error)).toContain(told);
  });
});
