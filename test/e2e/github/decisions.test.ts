import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';
import {
  contentOf,
  dotComJob,
  EVIDENCE_FILES,
  EVIDENCE_KEY,
  enterpriseJob,
  expectNoSecret,
  newRun,
  type Platform,
  published,
  startPlatform,
  verifyArtifact,
} from './harness.ts';
import type { RunnerJob, StepResult } from './runner.ts';

let platform: Platform;
let job: RunnerJob;

beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  job.dispose();
  platform.heal();
});
afterAll(() => platform.close());

/** Every key, credential and token that this job can know. */
const secrets = () => [
  ...Object.values(HMAC_ENVIRONMENT).filter((value) => value.includes('key-of-the-tests')),
  ...platform.dotCom.keys.issued.flatMap((token) => token.split('.').slice(1)),
  platform.results.environment['ACTIONS_RUNTIME_TOKEN'] ?? '',
];

const sha256Of = (path: string) => createHash('sha256').update(readRepositoryFile(path)).digest('hex');

/** The step published its evidence, which holds no secret and verifies as that of this run. */
async function checkArtifact(step: StepResult, runId: string | undefined, decision: string) {
  expectNoSecret(step, secrets());
  const artifact = published(platform, step);
  const files = contentOf(artifact, secrets());
  expect([...files.keys()].sort()).toEqual([...EVIDENCE_FILES]);
  const verification = await verifyArtifact(artifact, '--expect-run-id', runId ?? '', '--expect-decision', decision);
  expect(verification).toMatchObject({ status: 0 });
  expect(JSON.parse(verification.stdout)).toMatchObject({
    valid: true,
    signatures: 'checked',
    head_hash: step.outputs['head-hash'],
    records: Number(step.outputs['record-count']),
  });
  return { artifact, files };
}

describe('on github.com, by OIDC', () => {
  it('allow passes', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const step = await job.main({ with: { request: 'approved-promotion.json' }, env: EVIDENCE_KEY });
    expect(step).toMatchObject({ status: 0, annotations: [], state: { publication: 'done' } });
    const { artifact, files } = await checkArtifact(step, facts.runId, 'allow');
    expect(step.outputs).toEqual({
      verdict: 'pass',
      decision: 'allow',
      'rule-id': 'release_governance.approval.approved',
      reason: expect.stringContaining('approved'),
      'decision-id': expect.stringMatching(/^dec_[0-9a-f]{12}$/),
      'evidence-dir': '.cavra/go-daemon',
      'evidence-valid': 'true',
      'record-count': '1',
      'head-hash': expect.stringMatching(/^[0-9a-f]{64}$/),
      'auth-method': 'oidc',
      'diagnosis-code': '',
      'artifact-name': `cavra-release-governance-${facts.job}-1`,
      'artifact-id': String(artifact.id),
      'artifact-url': `https://github.com/example-org/example-repo/actions/runs/${facts.runId}/artifacts/${artifact.id}`,
    });
    expect(step.summary).toContain('✅ CAVRA release gate: pass');
    expect(step.summary).toContain(`](<${step.outputs['artifact-url']}>)`);
    expect(step.log).toContain('verified by OIDC token');
    expect(JSON.parse(files.get('release-governance-evidence-verification.json') ?? '')).toMatchObject({
      verifier: { name: 'cavra-release-governance', sha256: sha256Of('actions/release-governance/dist/main.mjs') },
    });
    // The issuer was reached through the proxy, and the artifact service beside it.
    expect(platform.proxy.asked).toContain('token.actions.githubusercontent.com:443');
  });

  it.each([
    ['blocked-tampered-artifact.json', 'block', 'release_governance.integrity.failed'],
    ['blocked-unapproved-execution.json', 'block', 'release_governance.approval.missing'],
    ['pending-approval.json', 'require_approval', 'release_governance.approval.pending'],
  ])('%s is %s and fails, with its evidence published', async (request, decision, rule) => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const step = await job.main({ with: { request }, env: EVIDENCE_KEY });
    expect(step.status).toBe(1);
    await checkArtifact(step, facts.runId, decision);
    expect(step.outputs).toMatchObject({
      verdict: 'fail',
      decision,
      'rule-id': rule,
      'evidence-valid': 'true',
      'diagnosis-code': 'CAVRA-E101',
    });
    expect(step.annotations).toHaveLength(1);
    expect(step.annotations[0]).toMatchObject({ name: 'error', properties: { file: request } });
    expect(step.annotations[0]?.message).toContain('CAVRA-E101');
    expect(step.annotations[0]?.message).toContain(rule);
    expect(step.summary).toContain('❌ CAVRA release gate: fail');
    expect(step.summary).toContain('CAVRA-E101');
  });

  it('a block that is expected passes, with a warning', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const request = 'blocked-tampered-artifact.json';
    const step = await job.main({
      with: { request, 'expected-decision': 'block', 'allow-blocking-decision': 'true' },
      env: EVIDENCE_KEY,
    });
    expect(step.status).toBe(0);
    await checkArtifact(step, facts.runId, 'block');
    expect(step.outputs).toMatchObject({ verdict: 'pass', decision: 'block', 'diagnosis-code': '' });
    expect(step.annotations).toMatchObject([{ name: 'warning', properties: { file: request } }]);
    expect(step.summary).toContain('no permission to release');
  });

  it.each([
    [{ 'expected-decision': 'block' }, 'approved-promotion.json', 'CAVRA-E101'],
    [{ 'expected-decision': 'block' }, 'blocked-tampered-artifact.json', 'CAVRA-E103'],
    [{ 'expected-rule-id': 'release_governance.record.verified' }, 'approved-promotion.json', 'CAVRA-E102'],
  ])('%j is not met by %s: %s', async (inputs, request, code) => {
    job = dotComJob(platform);
    const step = await job.main({ with: { request, ...inputs }, env: EVIDENCE_KEY });
    expect(step).toMatchObject({ status: 1, outputs: { verdict: 'fail', 'diagnosis-code': code } });
    expect(step.annotations[0]?.message).toContain(code);
  });

  it('several requests are one stream, and the worst of them decides', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const step = await job.main({ with: { request: 'approved-*.json\npending-approval.json\n' }, env: EVIDENCE_KEY });
    expect(step.status).toBe(1);
    const { files } = await checkArtifact(step, facts.runId, 'require_approval');
    expect(step.outputs).toMatchObject({ decision: 'require_approval', 'record-count': '2' });
    expect(files.get('release-governance-responses.jsonl')?.trim().split('\n')).toHaveLength(2);
    expect(step.annotations).toMatchObject([{ name: 'error', properties: { file: 'pending-approval.json' } }]);
    expect(step.summary).toContain('### 2 requests');
  });

  it('a second gate of the same job continues the stream', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts);
    const inputs = { request: 'approved-promotion.json' };
    const first = await job.main({ with: inputs, env: EVIDENCE_KEY });
    const second = await job.main({ with: inputs, env: EVIDENCE_KEY });
    expect(second).toMatchObject({ status: 0, outputs: { 'record-count': '2' }, annotations: [] });
    await checkArtifact(first, facts.runId, 'allow');
    await checkArtifact(second, facts.runId, 'allow');
    const name = `cavra-release-governance-${facts.job}-1`;
    expect(first.outputs['artifact-name']).toBe(name);
    expect(second.outputs['artifact-name']).toBe(`${name}-${second.outputs['head-hash']?.slice(0, 12)}`);
  });
});

describe('by HMAC', () => {
  it('allow passes', async () => {
    const facts = newRun({ mayAsk: false });
    job = dotComJob(platform, facts);
    const step = await job.main({ with: { request: 'approved-promotion.json' }, env: HMAC_ENVIRONMENT });
    expect(step).toMatchObject({ status: 0, outputs: { verdict: 'pass', 'auth-method': 'hmac' } });
    await checkArtifact(step, facts.runId, 'allow');
    expect(step.summary).toContain('the runner’s HMAC key');
  });

  it('masks every line of a key', async () => {
    job = dotComJob(platform, newRun({ mayAsk: false }));
    const lines = [
      '-----BEGIN KEY-----',
      'c2VjcmV0LWxpbmUtb25lLW9mLXRoZS10ZXN0cw==',
      'second-line-of-the-key',
      '{',
      '',
    ];
    const step = await job.main({
      with: { request: 'approved-promotion.json' },
      env: { ...HMAC_ENVIRONMENT, CAVRA_RUNNER_AUTH_HMAC_KEY: lines.join('\n'), CAVRA_ATTESTATION_KEY: 'a-b-c-d-e' },
    });
    const masks = step.commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message);
    expect(masks).toEqual(expect.arrayContaining([lines.join('\n'), ...lines.slice(0, 3), 'a-b-c-d-e']));
    expect(masks).not.toContain('{');
    expect(masks).not.toContain('');
    // Before anything else is said.
    expect(step.commands.slice(0, 4).every(({ name }) => name === 'add-mask')).toBe(true);
  });
});

describe('names and paths', () => {
  it('may have blanks and letters of any script', async () => {
    const facts = newRun();
    job = dotComJob(platform, facts, 'Arbeits bereich ü 日本');
    const request = 'freigaben (neu)/größe 100%, 日本.json';
    job.write(request, job.read('pending-approval.json'));
    const inputs = { request, 'evidence-dir': 'nach weise/ü' };
    const step = await job.main({ with: inputs, env: EVIDENCE_KEY });
    expect(step.status).toBe(1);
    await checkArtifact(step, facts.runId, 'require_approval');
    expect(step.outputs['evidence-dir']).toBe('nach weise/ü');
    expect(step.annotations).toMatchObject([{ name: 'error', properties: { file: request } }]);
  });

  it('a request may be given inline', async () => {
    job = dotComJob(platform);
    const inputs = { 'request-json': job.read('pending-approval.json') };
    const step = await job.main({ with: inputs, env: EVIDENCE_KEY });
    expect(step).toMatchObject({ status: 1, outputs: { decision: 'require_approval' } });
    expect(step.annotations[0]?.properties).not.toHaveProperty('file');
  });

  it.each([
    [{ index: 0, total: 3 }, '2', '-0-2'],
    [{ index: 2, total: 3 }, '1', '-2-1'],
    [{ index: 0, total: 1 }, '3', '-3'],
  ])('job %j of a matrix in attempt %s has its own artifact', async (matrix, runAttempt, suffix) => {
    const facts = newRun({ runAttempt });
    job = dotComJob(platform, facts);
    const step = await job.main({ with: { request: 'approved-promotion.json' }, env: EVIDENCE_KEY, matrix });
    expect(step.outputs['artifact-name']).toBe(`cavra-release-governance-${facts.job}${suffix}`);
  });
});

describe('on GitHub Enterprise Server', () => {
  it('the evidence stays on disk, and the step says so', async () => {
    job = enterpriseJob(platform);
    const before = platform.results.steps.length;
    const step = await job.main({ with: { request: 'approved-promotion.json' }, env: EVIDENCE_KEY });
    expect(step).toMatchObject({
      status: 0,
      annotations: [],
      outputs: { verdict: 'pass', 'auth-method': 'oidc', 'artifact-name': '', 'artifact-id': '', 'artifact-url': '' },
      state: { publication: 'done' },
    });
    expect(step.log).toContain('GitHub Enterprise Server has no artifact service');
    expect(step.log).toContain('.cavra/go-daemon');
    expect(step.summary).toContain('has no artifact service');
    expect(job.read('.cavra/go-daemon/release-governance-evidence.jsonl')).toContain('approval.approved');
    expect(platform.results.steps).toHaveLength(before);
  });
});

describe('what a request says', () => {
  it('is never a command, an output or markup', async () => {
    job = dotComJob(platform);
    const request = JSON.parse(job.read('pending-approval.json'));
    const hostile =
      '\n::error::injected\n##[warning]injected\nverdict=pass\n</code><img src=x>| a | [x](https://evil.example) @org ';
    request.release_governance.metadata_kind = hostile;
    job.write('hostile.json', JSON.stringify(request));
    const step = await job.main({ with: { request: 'hostile.json' }, env: EVIDENCE_KEY });
    expect(step.status).toBe(1);
    expect(step.outputs).toMatchObject({ verdict: 'fail', decision: 'require_approval' });
    expect(Object.keys(step.outputs)).toHaveLength(14);
    expect(step.annotations.map(({ name, properties }) => [name, properties['file']])).toEqual([
      ['error', 'hostile.json'],
    ]);
    expect(step.commands.some(({ name }) => name.startsWith('old:'))).toBe(false);
    expect(step.summary).not.toContain('<img');
    expect(step.summary).not.toContain('evil.example');
  });
});
