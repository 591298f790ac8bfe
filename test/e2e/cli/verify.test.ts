import { createHmac } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';

const RUN = {
  ...HMAC_ENVIRONMENT,
  GITLAB_CI: 'true',
  CI_PROJECT_PATH: 'example-org/shop',
  CI_PIPELINE_ID: '42',
  CI_JOB_ID: '4711',
  CI_COMMIT_REF_NAME: 'main',
  CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
};
const EVIDENCE = '.cavra/go-daemon';
const STREAM = `${EVIDENCE}/release-governance-evidence.jsonl`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-verify-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  const gate = await run(['gate', 'examples/approved-promotion.json', 'examples/approved-with-drift.json'], RUN);
  expect(gate).toMatchObject({ status: 0, stderr: '' });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], environment: Readonly<Record<string, string>> = HMAC_ENVIRONMENT) {
  return runCli(args, { workingDirectory: folder, environment });
}

async function report(args: readonly string[], environment?: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = await run(['verify', EVIDENCE, '--format', 'json', ...args], environment);
  return { status, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) };
}

describe('verify', () => {
  it('finds the gate’s evidence valid, and prints the report of the Go implementation and more', async () => {
    const { status, report: found } = await report([]);
    expect(status).toBe(0);
    expect(Object.keys(found).slice(0, 5)).toEqual(['path', 'valid', 'records', 'signed_records', 'errors']);
    expect(found).toMatchObject({
      valid: true,
      records: 2,
      signed_records: 2,
      errors: [],
      schema_version: 'cavra.release-governance.verification.v1',
      signatures: 'checked',
      checkpoint: 'absent',
      tail: 'unanchored',
      keys: [{ key_id: 'ci-evidence-2099-q4', records: 2 }],
      verifier: { name: 'cavra-release-governance' },
    });
  });

  it.each([
    ['--expect-repository', 'example-org/shop', 'example-org/shop-evil'],
    ['--expect-ref', 'main', 'refs/heads/main'],
    ['--expect-sha', '0123456789abcdef0123456789abcdef01234567', '0123456789abcdef'],
    ['--expect-run-id', '42', '43'],
    ['--expect-provider', 'gitlab-ci', 'github-actions'],
    ['--expect-decision', 'allow', 'block'],
    ['--max-age', '3600', '0'],
  ])('holds %s', async (option, right, wrong) => {
    expect((await report([option, right])).status).toBe(0);
    if (option === '--max-age') await new Promise((resolve) => setTimeout(resolve, 10));
    const { status, stderr } = await report([option, wrong]);
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E402');
  });

  it('refuses an expectation that is empty, as an unset variable leaves it', async () => {
    const { status, stderr } = await report(['--expect-repository', '']);
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E217');
  });

  it('names the record and line of a change', async () => {
    const text = await readFile(join(folder, STREAM), 'utf8');
    const second = text.lastIndexOf('"decision":"allow"');
    await writeFile(join(folder, STREAM), `${text.slice(0, second)}"decision":"block"${text.slice(second + 18)}`);
    const { status, stderr, report: found } = await report([]);
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E401');
    expect(found.valid).toBe(false);
    expect(found.findings[0]).toMatchObject({ code: 'record_hash_mismatch', record: 2, line: 2 });
    const { stdout } = await run(['verify', EVIDENCE]);
    expect(stdout).toMatch(/NOT VALID/);
    expect(stdout).toMatch(/record_hash_mismatch/);
  });

  it('needs a key, or the word that none is wanted', async () => {
    const without = await report([], {});
    expect(without.status).toBe(2);
    expect(without.stderr).toContain('CAVRA-E215');
    const integrityOnly = await report(['--integrity-only'], {});
    expect(integrityOnly.status).toBe(0);
    expect(integrityOnly.report.signatures).toBe('unchecked');
  });

  it('finds a stripped signature, whoever rewrote the stream (weakness rows 1 to 3)', async () => {
    const text = await readFile(join(folder, STREAM), 'utf8');
    await writeFile(join(folder, STREAM), text.replace(/,"signature":\{[^}]*\}/g, ''));
    const { status, report: found } = await report([]);
    expect(status).toBe(4);
    expect(found.findings[0].code).toBe('signature_missing');
  });

  it('looks the key up by its id in a keyring', async () => {
    const keyring = (status: string, more: Record<string, string> = {}) => ({
      schema_version: 'cavra.release-governance.keyring.v1',
      keys: [
        {
          id: 'ci-evidence-2099-q4',
          purpose: 'evidence',
          algorithm: 'HMAC-SHA256',
          status,
          secret: { env: 'VAULT_EVIDENCE_2099_Q4' },
          ...more,
        },
      ],
    });
    const environment = { VAULT_EVIDENCE_2099_Q4: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY };
    const check = async (document: object) => {
      await writeFile(join(folder, 'keyring.json'), JSON.stringify(document));
      return report(['--keyring', 'keyring.json'], environment);
    };
    expect((await check(keyring('retired'))).status).toBe(0);
    const expired = await check(keyring('retired', { not_after: '2020-01-01T00:00:00Z' }));
    expect(expired.status).toBe(4);
    expect(expired.report.findings[0].code).toBe('key_expired');
    const revoked = await check(keyring('revoked', { revoked_at: '2020-01-01T00:00:00Z' }));
    expect(revoked.report.findings[0].code).toBe('key_revoked');
    const unknown = await check({ ...keyring('retired'), keys: [{ ...keyring('retired').keys[0], id: 'another' }] });
    expect(unknown.report.findings[0].code).toBe('key_unknown');
  });

  it('reads neither links nor what is not there', async () => {
    const missing = await run(['verify', 'nowhere']);
    expect(missing.status).toBe(4);
    expect(missing.stderr).toContain('CAVRA-E403');
    await symlink(join(folder, STREAM), join(folder, 'link.jsonl'));
    const link = await run(['verify', 'link.jsonl']);
    expect(link.status).toBe(2);
    expect(link.stderr).toContain('CAVRA-E216');
  });

  it('says that a cut end would not be noticed, and finds an empty stream', async () => {
    const text = await readFile(join(folder, STREAM), 'utf8');
    await truncate(join(folder, STREAM), text.indexOf('\n') + 1);
    const cut = await run(['verify', STREAM]);
    expect(cut.status).toBe(0);
    expect(cut.stdout).toMatch(/unanchored: records cut off at the end would not be noticed/);
    await truncate(join(folder, STREAM), 0);
    expect((await report([])).report.findings[0].code).toBe('empty_stream');
  });

  it('writes the report to a file', async () => {
    expect((await run(['verify', EVIDENCE, '--format', 'json', '--output', 'report.json'])).stdout).toBe('');
    expect(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')).valid).toBe(true);
  });

  it('accepts what the Go implementation signs: a record made here from the format alone', async () => {
    const [line = ''] = (await readFile(join(folder, STREAM), 'utf8')).split('\n');
    const record = JSON.parse(line);
    const mac = createHmac('sha256', HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY)
      .update(`cavra.go-daemon.evidence.v1\n\n${record.record_hash}`)
      .digest('hex');
    expect(record.signature).toEqual({ algorithm: 'HMAC-SHA256', key_id: 'ci-evidence-2099-q4', value: mac });
  });
});
