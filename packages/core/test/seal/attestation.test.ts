import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { createGate } from '../../src/gate/create-gate.ts';
import { recoverEvidence } from '../../src/gate/recover.ts';
import { gateResult } from '../../src/gate/result/gate-result.ts';
import type { CreateGateOptions } from '../../src/gate/run/gate-options.ts';
import { systemClock, systemRandomBytes } from '../../src/io/system/system.ts';
import { readGateSettings } from '../../src/settings/gate-settings.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const ENVIRONMENT = {
  GITLAB_CI: 'true',
  CI_PROJECT_PATH: 'example-org/shop',
  CI_PIPELINE_ID: '42',
  CAVRA_RUNNER_AUTH_HMAC_KEY: 'runner-key-of-the-tests-0123456789abcdef0123456789',
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'evidence-key-of-the-tests-0123456789abcdef01234567',
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence',
  CAVRA_ATTESTATION_KEY: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  CAVRA_ATTESTATION_KEY_ID: 'ci-attest',
};
const REQUEST =
  '{"target":"prod","release_governance":{"metadata_kind":"rollout-promotion-execution","approval_state":"approved","approval_id":"CHG-1"}}';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'cavra-attest-'));
  writeFileSync(join(workspace, 'request.json'), REQUEST);
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

function options(settings: Readonly<Record<string, string>> = {}, environment = ENVIRONMENT): CreateGateOptions {
  const given: Readonly<Record<string, string>> = { request: 'request.json', 'evidence-dir': 'evidence', ...settings };
  return {
    settings: readGateSettings(({ name }) => (given[name] ? { text: given[name], label: name } : undefined)),
    environment,
    workspace,
    now: systemClock,
    randomBytes: systemRandomBytes,
    version: '1.2.3',
  };
}

const gate = async (settings?: Readonly<Record<string, string>>) =>
  gateResult(await createGate(options(settings)).run());
const path = (name: string) => join(workspace, 'evidence', name);
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';
const checkpoint = () => openCheckpoint(readFileSync(path(CHECKPOINT)), []);

describe('evidence that a killed gate left', () => {
  it('is attested as FAILED, whatever the decision was', async () => {
    await gate();
    rmSync(path(CHECKPOINT));
    const outcome = await recoverEvidence(options());
    expect(outcome).toMatchObject({ failure: { code: 'CAVRA-E507' }, checkpoint: { result: 'FAILED' } });
    expect(outcome?.report).toMatchObject({ valid: true, checkpoint: 'valid', tail: 'sealed' });
    expect(checkpoint().statement).toMatchObject({
      result: 'FAILED',
      claims: { decision: 'allow', authentication: null },
    });
  });

  it('is attested again where it was PASSED already', async () => {
    await gate();
    const passed = checkpoint();
    await recoverEvidence(options());
    expect(checkpoint().statement).toMatchObject({
      result: 'FAILED',
      claims: { previous_checkpoint: { statement_sha256: passed.statementSha256, consistency: [] } },
    });
  });

  it('is published even when its subjects, policy or earlier checkpoint are gone', async () => {
    await gate();
    for (const settings of [
      { 'subject-path': 'gone.tgz' },
      { 'previous-checkpoint': 'gone.json' },
      { 'trust-policy': 'gone.yaml' },
    ]) {
      const outcome = await recoverEvidence(options(settings));
      expect(outcome?.report?.valid).toBe(true);
      expect(outcome?.guard?.files.map(({ name }) => name)).toContain('release-governance-evidence.jsonl');
    }
  });

  it('is published with what is wrong with its checkpoint', async () => {
    await gate();
    writeFileSync(path(CHECKPOINT), '{}');
    const outcome = await recoverEvidence(options());
    expect(outcome?.failure?.code).toBe('CAVRA-E404');
    expect(outcome?.report).toMatchObject({ valid: true, checkpoint: 'absent' });
  });
});

describe('a later step of the same job', () => {
  it('verifies and publishes the evidence although it cannot believe the checkpoint in it', async () => {
    await gate();
    writeFileSync(path(CHECKPOINT), '{}');
    const result = await gate();
    expect(result).toMatchObject({
      verdict: 'fail',
      diagnosis: { code: 'CAVRA-E404' },
      checkpoint: null,
      evidence: { valid: true, records: 2 },
    });
  });
});

describe('subjects', () => {
  it.each([
    ['runner-auth-claims.json', 'CAVRA-E201'],
    ['git:x', 'CAVRA-E201'],
    ['nowhere', 'CAVRA-E216'],
  ])('cannot be called %s', async (name, code) => {
    if (name !== 'nowhere') writeFileSync(join(workspace, name), 'x');
    expect((await gate({ 'subject-path': name })).diagnosis?.code).toBe(code);
    expect(existsSync(path(CHECKPOINT))).toBe(false);
  });

  it('that hold a secret in their name are withheld, and nothing says PASSED', async () => {
    const name = ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY;
    writeFileSync(join(workspace, name), 'x');
    const result = await gate({ 'subject-path': name });
    expect(result).toMatchObject({ verdict: 'fail', diagnosis: { code: 'CAVRA-E602' }, checkpoint: null });
    expect(readdirSync(join(workspace, 'evidence'))).not.toContain(CHECKPOINT);
  });
});
