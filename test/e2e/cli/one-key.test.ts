import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';

/** A job that keeps one secret: the evidence key is derived from the attestation key. */

const EVIDENCE = '.cavra/go-daemon';
const REQUEST = 'examples/approved-promotion.json';
const ID = 'ci-attestation-2099-q4';
const DERIVED_ID = `${ID}.hmac`;
/** Seed of 32 bytes of one value; nobody's. */
const SEED = '07'.repeat(32);
const DER = Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex');

const { CAVRA_RUNNER_AUTH_HMAC_KEY, CAVRA_RUNNER_AUTH_KEY_ID } = HMAC_ENVIRONMENT;
const PLATFORM = {
  CAVRA_RUNNER_AUTH_HMAC_KEY,
  CAVRA_RUNNER_AUTH_KEY_ID,
  GITLAB_CI: 'true',
  CI_PROJECT_PATH: 'example-org/shop',
  CI_PIPELINE_ID: '42',
  CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
};
const ONE_KEY = { ...PLATFORM, CAVRA_ATTESTATION_KEY: DER.toString('base64'), CAVRA_ATTESTATION_KEY_ID: ID };

/** The derived key, by openssl: an implementation that is not ours. */
const SECRET = execFileSync(
  'openssl',
  ['kdf', '-keylen', '32', '-kdfopt', 'digest:SHA256', '-kdfopt', `hexkey:${SEED}`].concat([
    '-kdfopt',
    'info:cavra.release-governance.evidence-hmac.v1',
    'HKDF',
  ]),
  { encoding: 'utf8' },
)
  .trim()
  .replaceAll(':', '')
  .toLowerCase();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-one-key-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  await writeFile(join(folder, 'attestation.pem'), pem());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function pem(): string {
  return `-----BEGIN PRIVATE KEY-----\n${DER.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runCli(args, { workingDirectory: folder, environment });

async function json(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = await run([...args, '--format', 'json'], environment);
  return { status, stderr, result: stdout === '' ? undefined : JSON.parse(stdout) };
}

const gate = (environment: Readonly<Record<string, string>>, ...args: string[]) =>
  json(['gate', REQUEST, ...args], environment);

const publicKey = () =>
  execFileSync('openssl', ['pkey', '-in', 'attestation.pem', '-pubout', '-out', 'attestation.pub'], { cwd: folder });

describe('a gate with an attestation key alone', () => {
  it('passes on a CI platform, signs records and checkpoint, and says that the evidence key is derived', async () => {
    const { status, result } = await gate(ONE_KEY);
    expect(status).toBe(0);
    expect(result).toMatchObject({ verdict: 'pass', checkpoint: { key_id: ID }, evidence: { tail: 'sealed' } });
    expect(result.notes).toContainEqual(expect.stringContaining(`the evidence key ${DERIVED_ID} is derived from`));
    const [record] = (await readFile(join(folder, EVIDENCE, 'release-governance-evidence.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(record ?? '').signature).toMatchObject({ key_id: DERIVED_ID });
    const published = await readFile(join(folder, EVIDENCE, 'release-governance-report.html'), 'utf8');
    expect(published).toContain('is derived from the attestation key');
    expect(published).not.toContain(SECRET);
  });

  it('is verified by whoever has the derived key in the environment, and by the public key', async () => {
    await gate(ONE_KEY);
    publicKey();
    const vault = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRET, CAVRA_DAEMON_EVIDENCE_KEY_ID: DERIVED_ID };
    expect(await json(['verify', EVIDENCE], vault)).toMatchObject({ status: 0, result: { signatures: 'checked' } });
    const { status, result } = await json(['verify', EVIDENCE, '--public-key', 'attestation.pub']);
    expect({ status, checkpoint: result.checkpoint }).toEqual({ status: 0, checkpoint: 'valid' });
    expect(result.notes).toContainEqual(expect.stringContaining('is derived from the attestation key'));
    const wrong = { ...vault, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRET.replace(/^../, '00') };
    expect(await json(['verify', EVIDENCE], wrong)).toMatchObject({ status: 4 });
  });

  it('takes another evidence key where one is given, and refuses one that only has the name of the derived one', async () => {
    const two = { ...ONE_KEY, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY };
    expect(await gate({ ...two, CAVRA_DAEMON_EVIDENCE_KEY_ID: 'own' })).toMatchObject({ status: 0 });
    await rm(join(folder, '.cavra'), { recursive: true });
    const { status, result } = await gate({ ...two, CAVRA_DAEMON_EVIDENCE_KEY_ID: DERIVED_ID });
    expect({ status, code: result.diagnosis.code }).toEqual({ status: 2, code: 'CAVRA-E207' });
    const same = { ...ONE_KEY, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRET, CAVRA_DAEMON_EVIDENCE_KEY_ID: DERIVED_ID };
    expect(await gate(same)).toMatchObject({ status: 0 });
  });

  it('is refused without any key, and told that one is enough', async () => {
    const { status, result } = await gate(PLATFORM);
    expect({ status, code: result.diagnosis.code }).toEqual({ status: 2, code: 'CAVRA-E206' });
    expect(result.diagnosis.action).toContain('CAVRA_ATTESTATION_KEY');
  });

  it('is refused for the quarter of its attestation key, and only warned of that of a derived key by itself', async () => {
    const past = { ...ONE_KEY, CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2020-q1' };
    const enforced = await gate(past, '--key-rotation', 'enforce');
    expect({ status: enforced.status, code: enforced.result.diagnosis.code }).toEqual({
      status: 2,
      code: 'CAVRA-E220',
    });
    const warned = await gate(past);
    expect(warned.status).toBe(0);
    expect(warned.result.notes.filter((note: string) => note.includes('past its quarter'))).toHaveLength(1);
    await rm(join(folder, '.cavra'), { recursive: true });
    const derivedId = 'ci-attestation-2020-q1.hmac';
    const alone = { ...PLATFORM, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRET, CAVRA_DAEMON_EVIDENCE_KEY_ID: derivedId };
    const { status, result } = await gate(alone, '--key-rotation', 'enforce');
    expect(status).toBe(0);
    expect(result.notes).toContainEqual(expect.stringMatching(/past its quarter.*rotate the attestation key/));
  });
});

describe('a keyring', () => {
  const RING = ['--keyring', 'ring.json'];

  async function generate(id: string, ...args: string[]): Promise<void> {
    const files = ['--secret-file', `${id}.pem`, '--public-key-file', `${id}.pub`];
    const { status } = await run([
      'keys',
      'generate',
      '--purpose',
      'attestation',
      '--id',
      id,
      ...RING,
      ...files,
      ...args,
    ]);
    expect(status).toBe(0);
  }

  const job = async (id: string) => ({
    ...PLATFORM,
    CAVRA_ATTESTATION_KEY: await readFile(join(folder, `${id}.pem`), 'utf8'),
    CAVRA_KEYRING: 'ring.json',
  });

  /** The runner key must be in the keyring as well. */
  async function addRunnerKey(): Promise<void> {
    const ring = JSON.parse(await readFile(join(folder, 'ring.json'), 'utf8'));
    ring.keys.push({
      id: CAVRA_RUNNER_AUTH_KEY_ID,
      purpose: 'runner',
      algorithm: 'HMAC-SHA256',
      status: 'active',
      secret: { env: 'CAVRA_RUNNER_AUTH_HMAC_KEY' },
    });
    await writeFile(join(folder, 'ring.json'), JSON.stringify(ring));
  }

  it('has the derived key beside its attestation key, through a rotation and a revocation', async () => {
    await generate('first', '--with-evidence');
    await addRunnerKey();
    expect(await gate(await job('first'))).toMatchObject({ status: 0 });
    expect(await json(['verify', EVIDENCE, ...RING])).toMatchObject({ status: 0, result: { signatures: 'unchecked' } });
    const vault = { CAVRA_ATTESTATION_KEY: await readFile(join(folder, 'first.pem'), 'utf8') };
    const checked = await json(['verify', EVIDENCE, ...RING], vault);
    expect(checked).toMatchObject({ status: 0, result: { signatures: 'checked', keys: [{ key_id: 'first.hmac' }] } });
    expect(checked.result.notes).toContainEqual(expect.stringContaining('is derived from the attestation key first'));

    await generate('second');
    const { result: status } = await json(['keys', 'status', ...RING]);
    const standing = status.keys.map(({ id, status: its }: { id: string; status: string }) => [id, its]);
    expect(standing).toEqual(
      expect.arrayContaining([
        ['first.hmac', 'retiring'],
        ['second.hmac', 'active'],
      ]),
    );
    expect(await json(['verify', EVIDENCE, ...RING], vault)).toMatchObject({ status: 0 });
    const { status: exit, result } = await gate(await job('first'), '--evidence-dir', 'late');
    expect({ exit, code: result.diagnosis.code }).toEqual({ exit: 2, code: 'CAVRA-E207' });

    expect(await run(['keys', 'revoke', 'first.hmac', ...RING])).toMatchObject({ status: 2 });
    expect(await run(['keys', 'revoke', 'first', ...RING])).toMatchObject({ status: 0 });
    const revoked = await json(['verify', EVIDENCE, ...RING], vault);
    expect(revoked.status).toBe(4);
    const codes = revoked.result.findings.map(({ code }: { code: string }) => code);
    expect(codes).toEqual(expect.arrayContaining(['key_revoked', 'checkpoint_key_revoked']));
  });

  it('that names no evidence key leaves the derived one to the attestation key', async () => {
    await generate('first');
    await addRunnerKey();
    expect(await gate(await job('first'))).toMatchObject({ status: 0 });
    expect(await json(['verify', EVIDENCE, ...RING])).toMatchObject({ status: 0, result: { checkpoint: 'valid' } });
  });

  it('is understood by audit', async () => {
    await generate('first', '--with-evidence');
    await addRunnerKey();
    await gate(await job('first'));
    const { status, stdout } = await run(['audit', EVIDENCE, ...RING, '--format', 'jsonl'], {
      CAVRA_ATTESTATION_KEY: await readFile(join(folder, 'first.pem'), 'utf8'),
    });
    expect(status).toBe(0);
    expect(stdout).toContain('"first.hmac"');
  });
});

describe('keys evidence-of', () => {
  it('writes the derived key to a file of its owner', async () => {
    const { status, result } = await json(['keys', 'evidence-of', 'attestation.pem', '--id', ID, '--secret-file', 'k']);
    expect(status).toBe(0);
    expect(result).toEqual({
      id: DERIVED_ID,
      derived_from: ID,
      secret_file: 'k',
      entry: { id: DERIVED_ID, purpose: 'evidence', algorithm: 'HMAC-SHA256', derived_from: ID },
    });
    expect(await readFile(join(folder, 'k'), 'utf8')).toBe(`${SECRET}\n`);
    expect((await stat(join(folder, 'k'))).mode & 0o777).toBe(0o600);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['a pipe', {}],
    ['a CI job', { CI: 'true' }],
    ['a GitHub job', { GITHUB_ACTIONS: 'true' }],
  ])('never prints it to %s', async (_, environment) => {
    const { status, stdout, stderr } = await run(['keys', 'evidence-of', 'attestation.pem'], environment);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('CAVRA-E224');
    expect(stderr).not.toContain(SECRET);
  });

  it.each<[string, string[], string]>([
    ['a public key', ['attestation.pub'], 'CAVRA-E222'],
    ['a file that is not there', ['nothing.pem'], 'CAVRA-E216'],
    ['a folder', ['examples'], 'CAVRA-E216'],
    ['a file that exists already', ['attestation.pem', '--secret-file', 'attestation.pub'], 'CAVRA-E219'],
  ])('refuses %s', async (_, args, code) => {
    publicKey();
    const secretFile = args.includes('--secret-file') ? [] : ['--secret-file', 'k'];
    const { status, stderr } = await run(['keys', 'evidence-of', ...args, ...secretFile]);
    expect(status).toBe(2);
    expect(stderr).toContain(code);
  });
});
