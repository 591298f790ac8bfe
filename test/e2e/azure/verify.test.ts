import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nodeBinaries } from '../../support/node-versions.ts';
import type { Step, StepRun } from './agent.ts';
import { EVIDENCE_SECRETS, startJob } from './collection.ts';
import { BLOCKED, expectGoodManners, result, useAzure, writeArtifact } from './fixture.ts';

const azure = useAzure();
const { run } = azure;

const STREAM = 'release-governance-evidence.jsonl';

/** The evidence of a gate, downloaded by a job of a later stage of the same run. */
async function downloaded(gate: StepRun): Promise<string> {
  const folder = join(azure.agent.work, '1', gate.artifacts[0]?.name ?? '');
  writeArtifact(gate, folder);
  return folder;
}

/** Runs `command: verify` in a job of its own. */
async function verify(inputs: Readonly<Record<string, string>>, rest: Partial<Step> = {}): Promise<StepRun> {
  const step: Step = { ...startJob(azure.collection), inputs: { command: 'verify', ...inputs }, ...rest };
  const done = await azure.agent.run(step);
  expectGoodManners(done, step);
  return done;
}

describe.each(nodeBinaries())('a later stage on $name', (node) => {
  it('accepts the evidence of this run that allows', async () => {
    const path = await downloaded(await run());
    const step = await verify({ path }, { node });
    expect(result(step)).toBe('Succeeded');
    expect(step.outputs).toMatchObject({ verdict: 'pass', evidenceValid: 'true', recordCount: '1', diagnosisCode: '' });
    expect(step.log.join('\n')).toMatch(/CAVRA evidence: VALID[\s\S]*expected +run_id 901/);
    expect(step.artifacts).toEqual([]);
    expect(step.summaries).toEqual([
      { name: 'CAVRA evidence.md', text: expect.stringMatching(/✅ CAVRA evidence: valid/) },
    ]);
  });
});

describe('a later stage refuses', () => {
  it.each([
    ['another run’s', { buildId: '902' }, 'run_id'],
    ['another commit’s', { sha: 'f'.repeat(40) }, 'sha'],
    ['another branch’s', { ref: 'refs/heads/other' }, 'ref'],
  ])('%s evidence', async (_, facts, field) => {
    const path = await downloaded(await run({ facts }));
    const step = await verify({ path });
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({ verdict: 'fail', evidenceValid: 'true', diagnosisCode: 'CAVRA-E402' });
    expect(step.results[0]?.message).toContain(`${field} is`);
  });

  it('evidence of a block, unless that is expected', async () => {
    const path = await downloaded(await run({ inputs: { request: BLOCKED } }));
    expect((await verify({ path })).outputs['diagnosisCode']).toBe('CAVRA-E402');
    expect(result(await verify({ path, expectDecision: 'block' }))).toBe('Succeeded');
  });

  it('evidence that was changed', async () => {
    const path = await downloaded(await run());
    const stream = join(path, STREAM);
    writeFileSync(stream, readFileSync(stream, 'utf8').replace('"approved"', '"Approved"'));
    const step = await verify({ path });
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({ evidenceValid: 'false', diagnosisCode: 'CAVRA-E401' });
  });

  it('evidence with more records than the gate wrote, signed by nobody', async () => {
    const path = await downloaded(await run());
    appendFileSync(join(path, STREAM), readFileSync(join(path, STREAM)));
    expect((await verify({ path })).outputs['diagnosisCode']).toBe('CAVRA-E401');
  });

  it('what is not there', async () => {
    const step = await verify({ path: 'nowhere' });
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({ verdict: 'fail', evidenceValid: 'false', diagnosisCode: 'CAVRA-E403' });
  });

  it('to check nothing: without a key, it must be told that integrity is enough', async () => {
    const path = await downloaded(await run());
    const step = await verify({ path }, { secrets: {} });
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E215');
    const integrity = await verify({ path, integrityOnly: 'true' }, { secrets: {} });
    expect(result(integrity)).toBe('Succeeded');
    expect(integrity.log.join('\n')).toMatch(/signatures unchecked/);
  });

  it('inputs that are no expectations, all at once', async () => {
    const step = await verify({ path: 'x', expectDecision: 'maybe', expectProvider: 'jenkins', maxAge: '0' });
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E201');
    expect(step.results[0]?.message).toMatch(/expectProvider.*expectDecision.*maxAge/);
  });
});

describe('a checkpoint', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const attestation = {
    CAVRA_ATTESTATION_KEY: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4',
  };

  it('lets a stage without any secret verify, with what is to be released', async () => {
    writeFileSync(join(azure.agent.sources, 'app 1.zip'), 'release');
    writeFileSync(join(azure.agent.sources, 'other.zip'), 'not what was named');
    writeFileSync(join(azure.agent.sources, 'gate.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const gate = await run({
      secrets: { ...EVIDENCE_SECRETS, ...attestation },
      inputs: { subjectPath: 'app 1.zip' },
    });
    const path = await downloaded(gate);
    const inputs = { path, publicKey: 'gate.pub' };
    const step = await verify({ ...inputs, subject: 'app 1.zip' }, { secrets: {} });
    expect(step.results).toEqual([{ result: 'Succeeded', message: expect.any(String) }]);
    expect(step.log.join('\n')).toMatch(/tail +sealed, checkpoint valid/);
    const wrong = await verify({ ...inputs, subject: 'other.zip' }, { secrets: {} });
    expect(result(wrong)).toBe('Failed');
  });
});

it('evidence of another pipeline’s run can be verified by naming that run, or any', async () => {
  const path = await downloaded(await run({ facts: { buildId: '77' } }));
  expect(result(await verify({ path, expectRunId: '77' }))).toBe('Succeeded');
  expect(result(await verify({ path, expectRunId: 'any' }))).toBe('Succeeded');
});
