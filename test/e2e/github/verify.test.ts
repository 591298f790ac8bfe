import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { unzip } from '../../support/unzip.ts';
import { dotComJob, EVIDENCE_KEY, newRun, type Platform, published, startPlatform } from './harness.ts';
import type { RunnerJob, StepOptions, StepResult } from './runner.ts';

let platform: Platform;
const jobs: RunnerJob[] = [];

beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  for (const job of jobs.splice(0)) job.dispose();
});
afterAll(() => platform.close());

/** A gate in one job, and a later job of the same run, or of the facts given, that has downloaded its artifact to `evidence`. */
async function laterJob(request = 'approved-promotion.json', laterFacts: ReturnType<typeof newRun> = {}) {
  const facts = newRun();
  const gate = dotComJob(platform, facts);
  const later = dotComJob(platform, { ...facts, job: 'deploy', mayAsk: false, ...laterFacts });
  jobs.push(gate, later);
  const step = await gate.main({ with: { request }, env: EVIDENCE_KEY });
  for (const { name, bytes } of unzip(published(platform, step).zip))
    later.write(`evidence/${name}`, bytes.toString('utf8'));
  return { later, gate: step };
}

function verify(
  job: RunnerJob,
  inputs: Readonly<Record<string, string>> = {},
  options: StepOptions = {},
): Promise<StepResult> {
  return job.main({ action: 'verify', with: { path: 'evidence', ...inputs }, env: EVIDENCE_KEY, ...options });
}

it('accepts the evidence of this run, repository and commit, with an allow', async () => {
  const { later, gate } = await laterJob();
  const step = await verify(later);
  expect(step).toMatchObject({
    status: 0,
    annotations: [],
    outputs: { valid: 'true', 'record-count': '1', 'head-hash': gate.outputs['head-hash'], 'diagnosis-code': '' },
  });
  expect(step.summary).toContain('✅ CAVRA evidence: valid');
  expect(step.log).toContain('signatures checked');
  expect(step.log).not.toContain(EVIDENCE_KEY.CAVRA_DAEMON_EVIDENCE_HMAC_KEY);
});

it('takes the stream by itself, in a folder of any name', async () => {
  const { later } = await laterJob();
  later.write('näch weise/stream.jsonl', later.read('evidence/release-governance-evidence.jsonl'));
  expect(await verify(later, { path: 'näch weise/stream.jsonl' })).toMatchObject({ status: 0 });
});

describe('by its checkpoint, without a secret', () => {
  /** A gate that signs a checkpoint over an artifact, and a later job that has both and the public key. */
  async function attested() {
    const facts = newRun();
    const gate = dotComJob(platform, facts);
    const later = dotComJob(platform, { ...facts, job: 'deploy', mayAsk: false });
    jobs.push(gate, later);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const env = {
      ...EVIDENCE_KEY,
      CAVRA_ATTESTATION_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4',
    };
    gate.write('dist/app.tgz', 'the release');
    const step = await gate.main({ with: { request: 'approved-promotion.json', 'subject-path': 'dist/*' }, env });
    expect(step).toMatchObject({ status: 0, annotations: [] });
    for (const { name, bytes } of unzip(published(platform, step).zip)) {
      later.write(`evidence/${name}`, bytes.toString('utf8'));
    }
    later.write('ci.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    later.write('dist/app.tgz', 'the release');
    return later;
  }

  it('accepts what it is about', async () => {
    const later = await attested();
    const step = await verify(later, { 'public-key': 'ci.pem', 'subject-path': 'dist/app.tgz' }, { env: {} });
    expect(step).toMatchObject({ status: 0, annotations: [], outputs: { valid: 'true' } });
    expect(step.log).toContain('checkpoint valid, tail sealed');
    expect(step.summary).toContain('**PASSED**');
  });

  it('does not accept another key, another artifact, or evidence without a checkpoint', async () => {
    const later = await attested();
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    later.write('other.pem', other);
    later.write('dist/other.tgz', 'another release');
    const refused = { status: 1, outputs: { valid: 'false' } };
    expect(await verify(later, { 'public-key': 'other.pem' }, { env: {} })).toMatchObject(refused);
    const others = { 'public-key': 'ci.pem', 'subject-path': 'dist/*.tgz' };
    expect(await verify(later, others, { env: {} })).toMatchObject(refused);
    const { later: without } = await laterJob();
    without.write('ci.pem', later.read('ci.pem'));
    expect(await verify(without, { 'public-key': 'ci.pem' }, { env: {} })).toMatchObject(refused);
  });
});

describe('does not accept', () => {
  async function refusal(code: string, step: Promise<StepResult>): Promise<string> {
    const result = await step;
    expect(result).toMatchObject({ status: 1, outputs: { valid: 'false', 'diagnosis-code': code } });
    expect(result.annotations).toHaveLength(1);
    expect(result.summary).toContain('❌ CAVRA evidence: not accepted');
    return result.annotations[0]?.message ?? '';
  }

  it.each([
    ['another run', { runId: '1' }, 'run_id'],
    ['another repository', { repository: 'example-org/other' }, 'repository'],
    ['another commit', { sha: 'f'.repeat(40) }, 'sha'],
  ])('evidence of %s', async (_, facts, field) => {
    const { later } = await laterJob('approved-promotion.json', facts);
    expect(await refusal('CAVRA-E402', verify(later))).toContain(field);
  });

  it('a block, or an approval that is still to come', async () => {
    const [blocked, pending] = await Promise.all([
      laterJob('blocked-tampered-artifact.json'),
      laterJob('pending-approval.json'),
    ]);
    expect(await refusal('CAVRA-E402', verify(blocked.later))).toContain('the worst decision is block');
    expect(await refusal('CAVRA-E402', verify(pending.later))).toContain('the worst decision is require_approval');
  });

  it('another ref, another provider, or evidence that is too old', async () => {
    const { later } = await laterJob();
    await refusal('CAVRA-E402', verify(later, { 'expect-ref': 'refs/heads/release' }));
    await refusal('CAVRA-E402', verify(later, { 'expect-provider': 'gitlab-ci' }));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await refusal('CAVRA-E402', verify(later, { 'max-age': '1' }));
  });

  it('evidence that was changed', async () => {
    const { later } = await laterJob('blocked-tampered-artifact.json');
    const stream = 'evidence/release-governance-evidence.jsonl';
    later.write(stream, later.read(stream).replace('"decision":"block"', '"decision":"allow"'));
    await refusal('CAVRA-E401', verify(later));
  });

  it('records that somebody added without the key', async () => {
    const { later } = await laterJob();
    const stream = join(later.workspace, 'evidence/release-governance-evidence.jsonl');
    appendFileSync(stream, later.read('evidence/release-governance-evidence.jsonl'));
    await refusal('CAVRA-E401', verify(later));
  });

  it('signatures of another key', async () => {
    const { later } = await laterJob();
    const env = { ...EVIDENCE_KEY, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY };
    await refusal('CAVRA-E401', verify(later, {}, { env }));
  });

  it('a missing key, unless only the integrity is asked for', async () => {
    const { later } = await laterJob();
    await refusal('CAVRA-E215', verify(later, {}, { env: {} }));
    const step = await verify(later, { 'integrity-only': 'true' }, { env: {} });
    expect(step).toMatchObject({ status: 0, outputs: { valid: 'true' } });
    expect(step.summary).toContain('no signature was checked');
  });

  it('nothing', async () => {
    const { later } = await laterJob();
    await refusal('CAVRA-E403', verify(later, { path: 'nowhere' }));
    const message = await refusal(
      'CAVRA-E201',
      verify(later, { path: ' ', 'max-age': '0', 'expect-decision': 'maybe' }),
    );
    for (const name of ['path', 'max-age', 'expect-decision']) expect(message).toContain(`input ${name} `);
  });
});

describe('expectations', () => {
  it('are switched off by a word, not by being empty', async () => {
    const { later } = await laterJob('blocked-tampered-artifact.json', { runId: '1', sha: 'f'.repeat(40) });
    const empty = { 'expect-run-id': '', 'expect-sha': '', 'expect-decision': '', 'expect-repository': '' };
    expect(await verify(later, empty)).toMatchObject({ status: 1, outputs: { 'diagnosis-code': 'CAVRA-E402' } });
    const any = { 'expect-run-id': 'any', 'expect-sha': 'any', 'expect-decision': 'any' };
    expect(await verify(later, any)).toMatchObject({ status: 0, outputs: { valid: 'true' } });
  });

  it('do not come from the environment', async () => {
    const { later } = await laterJob('blocked-tampered-artifact.json');
    const env = { ...EVIDENCE_KEY, 'INPUT_EXPECT-DECISION': 'any', CAVRA_KEYRING: 'none.json', GITHUB_RUN_ID: '1' };
    expect(await verify(later, {}, { env })).toMatchObject({ status: 1, outputs: { 'diagnosis-code': 'CAVRA-E402' } });
  });
});

it('summary: false writes none', async () => {
  const { later } = await laterJob();
  expect(await verify(later, { summary: 'false' })).toMatchObject({ status: 0, summary: '' });
});
