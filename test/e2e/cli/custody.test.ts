import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';

const EVIDENCE = '.cavra/go-daemon';
const STREAM = `${EVIDENCE}/release-governance-evidence.jsonl`;
const CHECKPOINT = `${EVIDENCE}/release-governance-checkpoint.sigstore.json`;
const APPROVED = 'examples/approved-promotion.json';
const BLOCKED = 'examples/blocked-tampered-artifact.json';
const KEY_ID = 'ci-attest-2099-q4';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PRIVATE_PEM = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
const PUBLIC_PEM = String(publicKey.export({ format: 'pem', type: 'spki' }));
const SEED = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');

const RUN = {
  ...HMAC_ENVIRONMENT,
  CAVRA_ATTESTATION_KEY: PRIVATE_PEM,
  CAVRA_ATTESTATION_KEY_ID: KEY_ID,
  GITLAB_CI: 'true',
  CI_PROJECT_PATH: 'example-org/shop',
  CI_PIPELINE_ID: '42',
  CI_JOB_ID: '4711',
  CI_COMMIT_REF_NAME: 'main',
  CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
};
/** Every form in which a secret of these tests could come out. */
const SECRETS = [
  HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY,
  HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
  (PRIVATE_PEM.split('\n')[1] ?? '').slice(-40),
  SEED.toString('hex'),
  SEED.toString('base64').slice(0, 40),
];

let folder: string;
/** All that any command of a test printed. */
let printed: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-custody-'));
  printed = '';
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  await writeFile(join(folder, 'attest.pub'), PUBLIC_PEM);
});
afterEach(async () => {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const written = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  await rm(folder, { recursive: true, force: true });
  for (const secret of SECRETS) {
    expect(printed).not.toContain(secret);
    for (const text of written) expect(text).not.toContain(secret);
  }
});

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const result = await runCli(args, { workingDirectory: folder, environment });
  printed += result.stdout + result.stderr;
  return result;
}

async function gate(args: readonly string[] = [APPROVED], environment: Readonly<Record<string, string>> = RUN) {
  const { status, stdout, stderr } = await run(['gate', ...args, '--format', 'json'], environment);
  return { status, stderr, result: stdout === '' ? undefined : JSON.parse(stdout) };
}

/** `verify` as an auditor runs it: nothing in the environment. */
async function verify(args: readonly string[], path = EVIDENCE) {
  const { status, stdout, stderr } = await run(['verify', path, '--format', 'json', ...args]);
  return { status, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) };
}

const byPublicKey = (...args: string[]) => verify(['--public-key', 'attest.pub', ...args]);
const read = (path: string) => readFile(join(folder, path), 'utf8');

async function statement() {
  const bundle = JSON.parse(await read(CHECKPOINT));
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
}

describe('a gate with an attestation key', () => {
  it('leaves a checkpoint that names the run, the program and the commit, and passes', async () => {
    const { status, result } = await gate();
    expect(status).toBe(0);
    expect(result).toMatchObject({
      verdict: 'pass',
      checkpoint: { file: 'release-governance-checkpoint.sigstore.json', key_id: KEY_ID, result: 'PASSED' },
      evidence: { tail: 'sealed' },
    });
    const { subject, predicate } = await statement();
    expect(subject).toContainEqual({ name: 'git:example-org/shop', digest: { gitCommit: RUN.CI_COMMIT_SHA } });
    const sha256 = async (path: string) =>
      createHash('sha256')
        .update(await readFile(join(folder, path)))
        .digest('hex');
    expect(subject).toContainEqual({
      name: 'release-governance-evidence.jsonl',
      digest: { sha256: await sha256(STREAM) },
    });
    const claims = predicate['urn:cavra:release-governance:checkpoint:v1'];
    expect(claims).toMatchObject({
      record_count: 1,
      head_hash: result.evidence.head_hash,
      evidence_key_ids: [HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_KEY_ID],
      decision: 'allow',
      identity: { provider: 'gitlab-ci', repository: 'example-org/shop', run_id: '42' },
      previous_checkpoint: null,
    });
    const bundle = await readFile(join(root, 'packages/cli/dist/cavra-release-governance.mjs'));
    expect(claims.verifier.sha256).toBe(createHash('sha256').update(bundle).digest('hex'));
    const report = JSON.parse(await read(`${EVIDENCE}/release-governance-evidence-verification.json`));
    expect(report).toMatchObject({
      valid: true,
      checkpoint: 'valid',
      tail: 'sealed',
      verifier: { sha256: claims.verifier.sha256 },
    });
  });

  it('says FAILED for everything that is not an allow that passes', async () => {
    expect((await gate([BLOCKED])).result.checkpoint.result).toBe('FAILED');
    await rm(join(folder, EVIDENCE), { recursive: true });
    const expected = await gate([BLOCKED, '--expected-decision', 'block', '--allow-blocking-decision']);
    expect(expected).toMatchObject({ status: 0, result: { verdict: 'pass', checkpoint: { result: 'FAILED' } } });
    await rm(join(folder, EVIDENCE), { recursive: true });
    const { CAVRA_RUNNER_AUTH_HMAC_KEY: _, ...unproven } = RUN;
    expect(await gate([APPROVED], unproven)).toMatchObject({ status: 3, result: { checkpoint: { result: 'FAILED' } } });
    const { predicate } = await statement();
    expect(predicate['urn:cavra:release-governance:checkpoint:v1'].authentication).toBeNull();
    expect((await byPublicKey()).report).toMatchObject({ valid: true, checkpoint_details: { result: 'FAILED' } });
  });

  it('does not forget an earlier block of the same run', async () => {
    await gate([BLOCKED]);
    expect((await gate()).result).toMatchObject({ verdict: 'pass', checkpoint: { result: 'FAILED' } });
  });

  it('grows from the checkpoint of an earlier step, and notices that something was cut in between', async () => {
    await gate();
    const first = await read(CHECKPOINT);
    await gate();
    const claims = (await statement()).predicate['urn:cavra:release-governance:checkpoint:v1'];
    expect(claims.previous_checkpoint).toMatchObject({ record_count: 1, consistency: [expect.any(String)] });
    await writeFile(join(folder, 'first.json'), first);
    expect((await byPublicKey('--against', 'first.json')).report.tail).toBe('anchored');
    const lines = (await read(STREAM)).split('\n');
    await truncate(join(folder, STREAM), Buffer.byteLength(`${lines[0]}\n`));
    const cut = await gate();
    expect(cut.status).toBe(4);
    expect(cut.result.diagnosis.code).toBe('CAVRA-E404');
  });

  it('sets a checkpoint aside when a later step cannot renew it', async () => {
    await gate();
    const { CAVRA_ATTESTATION_KEY: _, ...keyless } = RUN;
    const { result } = await gate([APPROVED], keyless);
    expect(result).toMatchObject({ verdict: 'pass', checkpoint: null, evidence: { tail: 'unanchored' } });
    expect(result.notes.join('\n')).toMatch(/previous-checkpoint-1/);
    expect(result.notes.join('\n')).toMatch(/no attestation key is set/);
    expect((await byPublicKey()).report.findings[0].code).toBe('checkpoint_missing');
  });

  it('refuses keys that cannot sign it, and to name subjects without one', async () => {
    const rsa = String(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    );
    for (const key of [rsa, PUBLIC_PEM, 'nonsense']) {
      const { status, stderr } = await gate([APPROVED], { ...RUN, CAVRA_ATTESTATION_KEY: key });
      expect(status).toBe(2);
      expect(stderr).toContain('CAVRA-E222');
    }
    const { CAVRA_ATTESTATION_KEY: _, ...keyless } = RUN;
    const { status, stderr } = await gate([APPROVED, '--subject', APPROVED], keyless);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CAVRA_ATTESTATION_KEY.*CAVRA-E201/);
  });

  it('takes the key in one line', async () => {
    const oneLine = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    expect((await gate([APPROVED], { ...RUN, CAVRA_ATTESTATION_KEY: oneLine })).result.checkpoint.result).toBe(
      'PASSED',
    );
    expect((await byPublicKey()).status).toBe(0);
  });

  it('lets the attestation key into no evidence', async () => {
    const request = JSON.parse(await read(APPROVED));
    for (const leak of [SEED.toString('hex'), PRIVATE_PEM.split('\n')[1] ?? '']) {
      await writeFile(join(folder, 'leak.json'), JSON.stringify({ ...request, target: leak }));
      expect((await gate(['leak.json'])).status).toBe(6);
      await rm(join(folder, 'leak.json'));
    }
  });
});

describe('an auditor without a secret', () => {
  beforeEach(async () => {
    await gate([APPROVED, 'examples/approved-with-drift.json']);
  });

  it('sees that nothing was changed, and why no signature need be checked', async () => {
    const { status, report } = await byPublicKey(
      '--expect-repository',
      'example-org/shop',
      '--expect-decision',
      'allow',
    );
    expect(status).toBe(0);
    expect(report).toMatchObject({ valid: true, signatures: 'unchecked', checkpoint: 'valid', tail: 'sealed' });
    const { stdout } = await run(['verify', EVIDENCE, '--public-key', 'attest.pub']);
    expect(stdout).toMatch(/PASSED at .*, key ci-attest-2099-q4/);
    expect(stdout).toMatch(/sealed by the checkpoint of this run/);
    expect(stdout).toMatch(/covers every byte of the stream/);
  });

  it('uses openssl and the Sigstore library as well', async () => {
    const bundle = JSON.parse(await read(CHECKPOINT));
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
    const type = bundle.dsseEnvelope.payloadType;
    await writeFile(
      join(folder, 'pae'),
      Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]),
    );
    await writeFile(join(folder, 'sig'), Buffer.from(bundle.dsseEnvelope.signatures[0].sig, 'base64'));
    const args = 'pkeyutl -verify -pubin -inkey attest.pub -rawin -in pae -sigfile sig'.split(' ');
    expect(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })).toMatch(/Verified Successfully/);
    const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
    const publicKeyOf = () => ({ publicKey, validFor: () => true });
    const sigstore = new Verifier(
      { ...trust, publicKey: publicKeyOf },
      { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
    );
    expect(() => sigstore.verify(toSignedEntity(bundleFromJSON(bundle)))).not.toThrow();
  });

  const cutStream = async () => {
    const text = await read(STREAM);
    await truncate(join(folder, STREAM), text.indexOf('\n') + 1);
  };
  const edit = (path: string, change: (text: string) => string) => async () =>
    writeFile(join(folder, path), change(await read(path)));
  const payload = (change: (text: string) => string) => (text: string) => {
    const bundle = JSON.parse(text);
    const changed = change(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
    return JSON.stringify({
      ...bundle,
      dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(changed).toString('base64') },
    });
  };
  const RESPONSE = `${EVIDENCE}/release-governance-response.json`;
  const CLAIMS = `${EVIDENCE}/runner-auth-claims.json`;
  it.each<[string, () => Promise<unknown>]>([
    ['a record', edit(STREAM, (text) => text.replace('"decision":"allow"', '"decision":"block"'))],
    ['a signature', edit(STREAM, (text) => text.replace(/"value":"../, '"value":"00'))],
    ['the end of the stream', cutStream],
    [
      'the order of the stream',
      edit(STREAM, (text) => text.split('\n').slice(0, 2).toReversed().join('\n').concat('\n')),
    ],
    ['the line end of the stream', edit(STREAM, (text) => text.trimEnd())],
    ['the response', edit(RESPONSE, (text) => text.replace('"low"', '"LOW"'))],
    ['white space in the response', edit(RESPONSE, (text) => text.replaceAll('\n', ''))],
    ['the claims', edit(CLAIMS, (text) => text.replace('42', '43'))],
    ['the claims, taken away', () => rm(join(folder, CLAIMS))],
    [
      'the statement',
      edit(
        CHECKPOINT,
        payload((text) => text.replace('"record_count":2', '"record_count":1')),
      ),
    ],
    [
      'the subjects',
      edit(
        CHECKPOINT,
        payload((text) => text.replace('git:example-org/shop', 'git:example-org/shoq')),
      ),
    ],
    ['the end of the checkpoint', edit(CHECKPOINT, (text) => text.slice(0, -40))],
    ['the signature of the checkpoint', edit(CHECKPOINT, (text) => text.replace(/"sig":"..../, '"sig":"AAAA'))],
    ['the key id of the checkpoint', edit(CHECKPOINT, (text) => text.replaceAll(KEY_ID, 'ci-attest-2099-q3'))],
    ['the checkpoint, taken away', () => rm(join(folder, CHECKPOINT))],
  ])('notices a change of %s', async (_, tamper) => {
    await tamper();
    const { status, stderr, report } = await byPublicKey();
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E401');
    expect(report.valid).toBe(false);
    expect(report.tail).toBe('unanchored');
  });

  it('notices swapped runs, and swapped keys', async () => {
    await cp(join(folder, EVIDENCE), join(folder, 'run-42'), { recursive: true });
    await rm(join(folder, EVIDENCE), { recursive: true });
    await gate([APPROVED], { ...RUN, CI_PIPELINE_ID: '43' });
    await cp(join(folder, 'run-42/release-governance-checkpoint.sigstore.json'), join(folder, CHECKPOINT));
    expect((await byPublicKey()).report.findings[0].code).toBe('checkpoint_mismatch');
    await writeFile(
      join(folder, 'other.pub'),
      String(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })),
    );
    const other = await verify(['--public-key', 'other.pub'], 'run-42');
    expect(other.report.findings[0].code).toBe('checkpoint_signature_mismatch');
    expect((await verify(['--public-key', 'other.pub', '--public-key', 'attest.pub'], 'run-42')).status).toBe(0);
  });

  it('proves one record to somebody who may not see the others', async () => {
    const made = await run([
      'verify',
      EVIDENCE,
      '--public-key',
      'attest.pub',
      '--record',
      '2',
      '--proof',
      '--output',
      'proof.json',
    ]);
    expect(made).toMatchObject({ status: 0, stdout: '', stderr: '' });
    await rm(join(folder, EVIDENCE), { recursive: true });
    const { status, report } = await verify(['--proof', '--public-key', 'attest.pub'], 'proof.json');
    expect(status).toBe(0);
    expect(report).toMatchObject({ valid: true, record: 2, record_count: 2, decision: 'allow' });
    const text = await run(['verify', 'proof.json', '--proof', '--public-key', 'attest.pub']);
    expect(text.stdout).toMatch(/2 of 2, proven to be in the stream without the others/);
    const unmet = await verify(['--proof', '--public-key', 'attest.pub', '--expect-run-id', '43'], 'proof.json');
    expect(unmet.status).toBe(4);
    await writeFile(join(folder, 'proof.json'), (await read('proof.json')).replace('"record": 2', '"record": 1'));
    const changed = await verify(['--proof', '--public-key', 'attest.pub'], 'proof.json');
    expect(changed).toMatchObject({ status: 4, stderr: expect.stringContaining('CAVRA-E405') });
  });

  it.each([
    [['--public-key', 'nowhere.pub'], 'CAVRA-E223'],
    [['--public-key', 'examples/trust-policy.json'], 'CAVRA-E223'],
    [['--public-key', ''], 'CAVRA-E217'],
    [['--integrity-only', '--subject', APPROVED], 'CAVRA-E215'],
    [['--integrity-only', '--against', CHECKPOINT], 'CAVRA-E215'],
    [['--public-key', 'attest.pub', '--against', 'nowhere.json'], 'CAVRA-E216'],
    [['--public-key', 'attest.pub', '--subject', 'nowhere.tgz'], 'CAVRA-E216'],
    [['--public-key', 'attest.pub', '--record', '0', '--proof'], 'CAVRA-E217'],
    [['--public-key', 'attest.pub', '--record', '1'], 'CAVRA-E217'],
    [['--public-key', 'attest.pub', '--record', '9', '--proof'], 'CAVRA-E217'],
    [[], 'CAVRA-E215'],
  ])('is told what is wrong with %j', async (args, code) => {
    const { status, stderr } = await verify(args);
    expect(status).toBe(2);
    expect(stderr).toContain(code);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('the release’s own artifacts', () => {
  beforeEach(async () => {
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'dist/app.tgz'), 'the bytes of the release');
    await writeFile(join(folder, 'dist/app.sbom'), 'and what is in them');
  });

  it('pass where exactly these bytes passed the gate', async () => {
    expect((await gate([APPROVED, '--subject', 'dist/*'])).status).toBe(0);
    expect((await byPublicKey('--subject', 'dist/app.tgz', '--subject', 'dist/app.sbom')).status).toBe(0);
    await writeFile(join(folder, 'dist/app.tgz'), 'other bytes');
    const { status, stderr, report } = await byPublicKey('--subject', 'dist/app.tgz');
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E402');
    expect(report.findings[0]).toMatchObject({ code: 'expectation_subject' });
  });

  it('do not pass where the gate said no', async () => {
    await gate([BLOCKED, '--subject', 'dist/app.tgz']);
    const { status, report } = await byPublicKey('--subject', 'dist/app.tgz');
    expect(status).toBe(4);
    expect(report.findings[0]).toMatchObject({ code: 'expectation_passed' });
  });

  it.each([['dist/nowhere.tgz'], ['dist/*.zip'], ['dist']])('must be files that are there: %s', async (subject) => {
    const { status, stderr } = await gate([APPROVED, '--subject', subject]);
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E216');
  });
});

describe('a chain of runs', () => {
  const inRun = (id: string) => ({ ...RUN, CI_PIPELINE_ID: id });
  const keep = async (name: string) => {
    await cp(join(folder, EVIDENCE), join(folder, name), { recursive: true });
    await rm(join(folder, EVIDENCE), { recursive: true });
    return `${name}/release-governance-checkpoint.sigstore.json`;
  };

  it('refers each run to the one before, and finds one that is not in line', async () => {
    await gate([APPROVED], inRun('1'));
    const first = await keep('run-1');
    await gate([APPROVED, '--previous-checkpoint', first], inRun('2'));
    const second = await keep('run-2');
    await gate([APPROVED, '--previous-checkpoint', first], inRun('3'));
    await keep('run-3');
    const key = ['--public-key', 'attest.pub'];
    expect((await verify([...key, '--against', first], 'run-2')).report.tail).toBe('anchored');
    expect((await verify([...key, '--against', second], 'run-1')).report.tail).toBe('anchored');
    const forked = await verify([...key, '--against', second], 'run-3');
    expect(forked.status).toBe(4);
    expect(forked.report.findings[0].code).toBe('stream_forked');
  });

  it('does not refer to what it cannot verify', async () => {
    await gate([APPROVED], inRun('1'));
    const first = await keep('run-1');
    await writeFile(join(folder, first), (await read(first)).replace(/"sig":"..../, '"sig":"AAAA'));
    const { status, stderr } = await gate([APPROVED, '--previous-checkpoint', first], inRun('2'));
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E405');
    expect((await gate([APPROVED, '--previous-checkpoint', 'nowhere'], inRun('2'))).stderr).toContain('CAVRA-E216');
  });
});

describe('keys', () => {
  it('go into a file of their owner and a keyring, and sign', async () => {
    for (const purpose of ['runner', 'evidence', 'attestation']) {
      const made = await run([
        'keys',
        'generate',
        '--purpose',
        purpose,
        '--keyring',
        'ring.json',
        '--secret-file',
        `${purpose}.key`,
      ]);
      expect(made).toMatchObject({ status: 0, stderr: '' });
      expect((await stat(join(folder, `${purpose}.key`))).mode & 0o777).toBe(0o600);
      const secret = (await read(`${purpose}.key`)).trim();
      for (const line of secret.split('\n').filter((each) => !each.startsWith('-----'))) {
        expect(made.stdout + (await read('ring.json'))).not.toContain(line);
      }
    }
    const ids = JSON.parse(await read('ring.json')).keys.map(({ id }: { id: string }) => id);
    const environment = {
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'example-org/shop',
      CAVRA_KEYRING: 'ring.json',
      CAVRA_ATTESTATION_KEY: await read('attestation.key'),
    };
    const { status, result } = await gate([APPROVED], environment);
    expect(status).toBe(0);
    expect(result.checkpoint.key_id).toBe(ids[2]);
    expect(result.authentication.key_id).toBe(ids[0]);
    const checked = await verify(['--keyring', 'ring.json']);
    expect(checked.report).toMatchObject({ signatures: 'checked', checkpoint: 'valid', tail: 'sealed' });
    await rm(join(folder, 'evidence.key'));
    const alone = await verify(['--keyring', 'ring.json']);
    expect(alone.report).toMatchObject({ signatures: 'unchecked', checkpoint: 'valid', keys: [{ secret: 'absent' }] });
  });

  it('are not printed into a pipe, nor on a CI platform, nor over a file', async () => {
    for (const environment of [{}, { CI: 'true' }, { GITHUB_ACTIONS: 'true' }]) {
      const { status, stdout, stderr } = await run(['keys', 'generate', '--purpose', 'evidence'], environment);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain('CAVRA-E224');
    }
    await writeFile(join(folder, 'taken'), 'mine');
    const taken = await run([
      'keys',
      'generate',
      '--purpose',
      'evidence',
      '--keyring',
      'r.json',
      '--secret-file',
      'taken',
    ]);
    expect(taken.stderr).toContain('CAVRA-E219');
    expect(await read('taken')).toBe('mine');
    expect(await readdir(folder)).not.toContain('r.json');
  });

  it('leave nothing behind when the keyring does not take them', async () => {
    await writeFile(join(folder, 'ring.json'), '{}');
    const args = ['--keyring', 'ring.json', '--secret-file', 'a.key', '--public-key-file', 'a.pub'];
    const { status, stderr } = await run(['keys', 'generate', '--purpose', 'attestation', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E209');
    expect(await readdir(folder)).toEqual(expect.not.arrayContaining(['a.key', 'a.pub']));
    expect(await read('ring.json')).toBe('{}');
  });

  it('tell what to do next', async () => {
    const generate = ['keys', 'generate', '--purpose', 'evidence', '--keyring', 'ring.json'];
    await run([...generate, '--id', 'ci-evidence-2020-q1', '--secret-file', 'a.key']);
    const before = await run(['keys', 'status', '--keyring', 'ring.json']);
    expect(before.stdout).toMatch(/ended at 2020-04-01T00:00:00Z: rotate it now/);
    await run([...generate, '--id', 'ci-evidence-2099-q1', '--secret-file', 'b.key']);
    const { stdout } = await run(['keys', 'status', '--keyring', 'ring.json', '--format', 'json']);
    expect(JSON.parse(stdout).keys.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
      ['ci-evidence-2020-q1', 'retiring'],
      ['ci-evidence-2099-q1', 'active'],
    ]);
    expect((await run(['keys', 'retire', 'ci-evidence-2020-q1', '--keyring', 'ring.json'])).status).toBe(0);
    const revoked = await run([
      'keys',
      'revoke',
      'ci-evidence-2099-q1',
      '--keyring',
      'ring.json',
      '--since',
      '2026-01-01T00:00:00Z',
    ]);
    expect(revoked.stdout).toMatch(/no evidence key signs now/);
    const missing = await run(['keys', 'status', '--keyring', 'ring.json', '--format', 'json']);
    expect(JSON.parse(missing.stdout).without_active).toEqual(['evidence']);
  });

  it('are rotated where that is enforced', async () => {
    const old = { ...RUN, CAVRA_ATTESTATION_KEY_ID: 'ci-attest-2020-q1' };
    const warned = await gate([APPROVED], old);
    expect(warned.result.notes.join('\n')).toMatch(/ci-attest-2020-q1 is past its quarter, which ended at 2020-04-01/);
    const { status, stderr } = await gate([APPROVED, '--key-rotation', 'enforce'], old);
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E220');
  });
});
