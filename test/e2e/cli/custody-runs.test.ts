import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createGate,
  createVerifier,
  type GateResult,
  gateResult,
  generateKeyFiles,
  type KeyPurpose,
  keyStatus,
  readGateSettings,
  retireKeyringKey,
  revokeKeyringKey,
  type VerificationQuestion,
} from '@cavra/release-governance-core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from '../../support/repository.ts';

/**
 * Three years of releases, one stream per run, with the gate itself at a clock of its own: every quarter new evidence and attestation
 * keys with an overlap of two weeks, one evidence key that is compromised, one whose secret is lost.
 */

const DAY = 86_400_000;
const QUARTERS = 12;
const startOf = (quarter: number) => Date.UTC(2026, quarter * 3, 1);
const nameOf = (quarter: number) => `${2026 + Math.floor(quarter / 4)}-q${(quarter % 4) + 1}`;
const COMPROMISED = 4;
const COMPROMISED_AT = startOf(COMPROMISED) + 30 * DAY;
const LOST = 7;
const TODAY = startOf(QUARTERS) + 5 * DAY;

const REQUEST = join(root, 'examples/approved-promotion.json');
const RING = 'ring.json';

interface Run {
  readonly dir: string;
  readonly quarter: number;
}

let folder: string;
const runs: Run[] = [];
const publicKeys: string[] = [];

const file = (name: string) => readFileSync(join(folder, name), 'utf8').trim();
const checkpointOf = (dir: string) => `${dir}/release-governance-checkpoint.sigstore.json`;

async function generate(purpose: KeyPurpose, id: string, now: number): Promise<void> {
  await generateKeyFiles({
    purpose,
    id,
    keyring: RING,
    secretFile: `${id}.secret`,
    publicKeyFile: purpose === 'attestation' ? `${id}.pub` : undefined,
    secretVariable: undefined,
    notBefore: undefined,
    notAfter: undefined,
    repositories: purpose === 'runner' ? ['example-org/shop'] : [],
    isPrivateScreen: false,
    environment: {},
    workingDirectory: folder,
    now: () => now,
    randomBytes,
  });
  if (purpose === 'attestation') publicKeys.push(`${id}.pub`);
}

interface Job {
  readonly dir: string;
  readonly now: number;
  readonly evidence: string;
  readonly attestation: string | undefined;
  readonly settings?: Readonly<Record<string, string>>;
}

async function job({ dir, now, evidence, attestation, settings = {} }: Job): Promise<GateResult> {
  const given: Readonly<Record<string, string>> = { request: REQUEST, 'evidence-dir': dir, keyring: RING, ...settings };
  let at = now;
  const outcome = await createGate({
    settings: readGateSettings(({ name }) => (given[name] ? { text: given[name], label: name } : undefined)),
    environment: {
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'example-org/shop',
      CI_PIPELINE_ID: dir,
      CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
      CAVRA_RUNNER_AUTH_HMAC_KEY: file('ci-runner.secret'),
      CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner',
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: file(`${evidence}.secret`),
      CAVRA_DAEMON_EVIDENCE_KEY_ID: evidence,
      ...(attestation === undefined ? {} : { CAVRA_ATTESTATION_KEY: file(`${attestation}.secret`) }),
    },
    workspace: folder,
    now: () => {
      at += 1;
      return at;
    },
    randomBytes,
    version: '0.0.0',
  }).run();
  return gateResult(outcome);
}

async function release(quarter: number, now: number, evidence: string): Promise<void> {
  const dir = `run-${runs.length + 1}`;
  const previous = runs.at(-1)?.dir;
  const settings = previous === undefined ? {} : { 'previous-checkpoint': checkpointOf(previous) };
  const attestation = `ci-attestation-${nameOf(quarter)}`;
  const result = await job({ dir, now, evidence, attestation, settings });
  expect(result).toMatchObject({ verdict: 'pass', checkpoint: { key_id: attestation, result: 'PASSED' } });
  runs.push({ dir, quarter });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-years-'));
  await generate('runner', 'ci-runner', startOf(0));
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const start = startOf(quarter);
    let evidence = `ci-evidence-${nameOf(quarter)}`;
    await generate('evidence', evidence, start);
    await generate('attestation', `ci-attestation-${nameOf(quarter)}`, start);
    await release(quarter, start + 7 * DAY, evidence);
    if (quarter > 0) {
      for (const purpose of ['evidence', 'attestation']) {
        const id = `ci-${purpose}-${nameOf(quarter - 1)}`;
        if (id === `ci-evidence-${nameOf(COMPROMISED)}`) continue;
        await retireKeyringKey({
          keyring: RING,
          id,
          purpose: undefined,
          at: undefined,
          workingDirectory: folder,
          now: () => start + 14 * DAY,
        });
      }
    }
    if (quarter === COMPROMISED) {
      const since = new Date(COMPROMISED_AT).toISOString();
      await revokeKeyringKey({
        keyring: RING,
        id: evidence,
        purpose: 'evidence',
        at: since,
        workingDirectory: folder,
        now: () => COMPROMISED_AT + DAY,
      });
      evidence = `ci-evidence-second-${nameOf(quarter)}`;
      await generate('evidence', evidence, COMPROMISED_AT + DAY);
    }
    await release(quarter, start + 60 * DAY, evidence);
  }
  const second = `ci-evidence-second-${nameOf(COMPROMISED)}`;
  await retireKeyringKey({
    keyring: RING,
    id: second,
    purpose: undefined,
    at: new Date(startOf(COMPROMISED + 1) + 14 * DAY).toISOString(),
    workingDirectory: folder,
    now: () => TODAY,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An auditor in the year after. */
function auditor(options: { readonly keyring?: string; readonly publicKeys?: readonly string[] }) {
  const verifier = createVerifier({
    environment: {},
    workingDirectory: folder,
    keyring: options.keyring,
    ...(options.publicKeys === undefined ? {} : { publicKeys: options.publicKeys }),
    now: () => TODAY,
    version: '0.0.0',
  });
  return (path: string, question: Partial<VerificationQuestion> = {}) =>
    verifier.verify({ path, integrityOnly: false, ...question });
}

describe('an auditor of three years', () => {
  it('finds every run valid from the vault, with every signature checked', async () => {
    const verify = auditor({ keyring: RING });
    for (const { dir } of runs) {
      const { report, failure } = await verify(dir, { expectations: { repository: 'example-org/shop', run_id: dir } });
      expect({ dir, failure }).toEqual({ dir, failure: undefined });
      expect(report).toMatchObject({ signatures: 'checked', checkpoint: 'valid', tail: 'sealed' });
    }
    expect(runs).toHaveLength(2 * QUARTERS);
  });

  it('finds every run valid from public keys alone, each anchored in the one before', async () => {
    const verify = auditor({ publicKeys });
    for (const [index, { dir }] of runs.entries()) {
      const before = runs[index - 1];
      const against = before === undefined ? [] : [checkpointOf(before.dir)];
      const { report, failure } = await verify(dir, { against });
      expect({ dir, failure }).toEqual({ dir, failure: undefined });
      expect(report).toMatchObject({ signatures: 'unchecked', tail: before === undefined ? 'sealed' : 'anchored' });
    }
  });

  it('sees the whole chain at once from its end', async () => {
    const against = runs.slice(0, -1).map(({ dir }) => checkpointOf(dir));
    const { report } = await auditor({ publicKeys })(runs.at(-1)?.dir ?? '', { against });
    expect(report).toMatchObject({ valid: true, tail: 'anchored' });
  });

  it('needs no secret of a key that was lost, where there is a checkpoint', async () => {
    const lost = `ci-evidence-${nameOf(LOST)}`;
    const secret = file(`${lost}.secret`);
    await rm(join(folder, `${lost}.secret`));
    const verify = auditor({ keyring: RING });
    for (const { dir } of runs.filter(({ quarter }) => quarter === LOST)) {
      const { report } = await verify(dir);
      expect(report).toMatchObject({
        valid: true,
        signatures: 'unchecked',
        keys: [{ key_id: lost, secret: 'absent' }],
      });
      await cp(join(folder, dir), join(folder, `${dir}-bare`), { recursive: true });
      await rm(join(folder, checkpointOf(`${dir}-bare`)));
      expect((await verify(`${dir}-bare`)).report.findings[0]?.code).toBe('key_unknown');
    }
    writeFileSync(join(folder, `${lost}.secret`), `${secret}\n`);
  });

  it('sees in the keyring what there is to do', async () => {
    const { keys, without_active: missing } = await keyStatus({
      keyring: RING,
      environment: {},
      workingDirectory: folder,
      now: () => TODAY,
    });
    expect(missing).toEqual([]);
    const overdue = keys.filter(({ urgency }) => urgency === 'now').map(({ id }) => id);
    expect(overdue).toEqual([`ci-evidence-${nameOf(QUARTERS - 1)}`, `ci-attestation-${nameOf(QUARTERS - 1)}`]);
    expect(keys.filter(({ status }) => status === 'revoked').map(({ id }) => id)).toEqual([
      `ci-evidence-${nameOf(COMPROMISED)}`,
    ]);
  });
});

describe('nothing else passes', () => {
  const lastQuarter = QUARTERS - 1;
  const attestation = `ci-attestation-${nameOf(lastQuarter)}`;
  const evidence = `ci-evidence-${nameOf(lastQuarter)}`;

  it.each<[string, string, string | undefined, string]>([
    ['a retired evidence key', `ci-evidence-${nameOf(2)}`, attestation, 'CAVRA-E207'],
    ['a revoked evidence key', `ci-evidence-${nameOf(COMPROMISED)}`, attestation, 'CAVRA-E207'],
    ['a retired attestation key', evidence, `ci-attestation-${nameOf(2)}`, 'CAVRA-E207'],
  ])('the gate signs nothing with %s', async (_, evidenceKey, attestationKey, code) => {
    const now = startOf(lastQuarter) + 70 * DAY;
    const result = await job({ dir: 'refused', now, evidence: evidenceKey, attestation: attestationKey });
    expect(result).toMatchObject({ verdict: 'fail', diagnosis: { code }, checkpoint: null });
  });

  it('the gate warns past the quarter, and fails where rotation is enforced', async () => {
    const warned = await job({ dir: 'late', now: TODAY, evidence, attestation });
    expect(warned.verdict).toBe('pass');
    expect(warned.notes.filter((note) => note.includes('past its quarter'))).toHaveLength(2);
    const settings = { 'key-rotation': 'enforce' };
    const enforced = await job({ dir: 'late-2', now: TODAY, evidence, attestation, settings });
    expect(enforced.diagnosis?.code).toBe('CAVRA-E220');
    const soon = await job({ dir: 'soon', now: startOf(QUARTERS) - DAY, evidence, attestation, settings });
    expect(soon.notes.join('\n')).toMatch(/from 2029-01-01T00:00:00Z on the gate will fail/);
  });

  it.each<[string, string, number, string]>([
    ['a retired key after its end', `ci-evidence-${nameOf(2)}`, startOf(5), 'key_expired'],
    ['a revoked key', `ci-evidence-${nameOf(COMPROMISED)}`, COMPROMISED_AT + DAY, 'key_revoked'],
    ['a revoked key, dated back', `ci-evidence-${nameOf(COMPROMISED)}`, COMPROMISED_AT - DAY, 'key_revoked'],
    ['a key before its time', evidence, startOf(lastQuarter) - DAY, 'key_not_yet_valid'],
  ])('evidence that somebody made with %s is named', async (name, key, now, code) => {
    const dir = `forged-${name.replaceAll(/\W/g, '-')}`;
    // Whoever has a key need not ask the keyring.
    const forged = await job({ dir, now, evidence: key, attestation: undefined, settings: { keyring: '' } });
    expect(forged.verdict).toBe('pass');
    const { report, failure } = await auditor({ keyring: RING })(dir);
    expect(failure?.code).toBe('CAVRA-E401');
    expect(report.findings.map(({ code: found, record }) => [found, record])).toEqual([[code, 1]]);
    const byPublicKey = await auditor({ publicKeys })(dir);
    expect(byPublicKey.report.findings.map(({ code: found }) => found)).toEqual(['checkpoint_missing']);
  });

  it('a checkpoint of an attestation key after its end is named', async () => {
    const dir = 'forged-checkpoint';
    const attestationKey = `ci-attestation-${nameOf(2)}`;
    await job({
      dir,
      now: startOf(5),
      evidence: `ci-evidence-${nameOf(5)}`,
      attestation: attestationKey,
      settings: { keyring: '' },
    });
    const { report } = await auditor({ keyring: RING })(dir);
    expect(report.findings.map(({ code }) => code)).toContain('checkpoint_key_unknown');
    // Even under its own name.
    const named = { keyring: RING, publicKeys: [`${attestationKey}.pub`] };
    expect((await auditor(named)(dir)).report.checkpoint).toBe('invalid');
  });
});
