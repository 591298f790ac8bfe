import { KNOWN_EVIDENCE_FILES } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import type { AzureDevOps } from '../../fakes/azure.ts';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import { pins, startCollection, startJob } from './collection.ts';
import { APPROVED, BLOCKED, result, useAzure } from './fixture.ts';

const EVIDENCE_FILES = [
  'release-governance-evidence-verification.json',
  'release-governance-evidence.jsonl',
  'release-governance-response.json',
  'release-governance-responses.jsonl',
  'runner-auth-claims.json',
];

const azure = useAzure();
const { run, verifyArtifact } = azure;

describe.each(nodeBinaries())('the task on $name', (node) => {
  it('lets an approved promotion pass by the pipeline’s own token, with nothing mapped', async () => {
    const step = await run({ node });
    expect(result(step)).toBe('Succeeded');
    expect(step.issues).toEqual([]);
    expect(step.outputs).toMatchObject({
      verdict: 'pass',
      decision: 'allow',
      ruleId: 'release_governance.approval.approved',
      evidenceDir: '.cavra/go-daemon',
      evidenceValid: 'true',
      recordCount: '1',
      authMethod: 'oidc',
      diagnosisCode: '',
      artifactName: 'cavra-release-governance-Release-Gate-1',
    });
    expect(step.artifacts.map(({ name }) => name)).toEqual(['cavra-release-governance-Release-Gate-1']);
    const published = [...(step.artifacts[0]?.files.keys() ?? [])];
    expect(published).toEqual(expect.arrayContaining(EVIDENCE_FILES));
    expect(KNOWN_EVIDENCE_FILES).toEqual(expect.arrayContaining(published));
    expect(step.summaries[0]?.name).toBe('CAVRA release gate.md');
    expect(step.summaries[0]?.text).toMatch(/CAVRA release gate: pass/);
    const verified = await verifyArtifact(step, [
      ...['--expect-repository', 'example-org/example-repo', '--expect-run-id', '901', '--expect-decision', 'allow'],
      ...['--expect-provider', 'azure-pipelines', '--expect-ref', 'refs/heads/main'],
    ]);
    expect(verified.status).toBe(0);
  });

  it('stops a block, and publishes the evidence of it', async () => {
    const step = await run({ node, inputs: { request: BLOCKED } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({ verdict: 'fail', decision: 'block', diagnosisCode: 'CAVRA-E101' });
    expect(step.issues.map(({ type }) => type)).toContain('error');
    expect(step.results[0]?.message).toMatch(/CAVRA-E101: .*What to do: /);
    expect(step.artifacts).toHaveLength(1);
    expect((await verifyArtifact(step, ['--expect-decision', 'block'])).status).toBe(0);
  });
});

describe('what is expected', () => {
  const expected = { request: BLOCKED, expectedDecision: 'block' };

  it('passes an expected block where that is allowed, with a warning', async () => {
    const step = await run({ inputs: { ...expected, allowBlockingDecision: 'true' } });
    expect(result(step)).toBe('SucceededWithIssues');
    expect(step.outputs).toMatchObject({ verdict: 'pass', decision: 'block' });
    expect(step.issues).toEqual([{ type: 'warning', message: expect.stringMatching(/block, which was expected/) }]);
  });

  it('stops an expected block where it is not', async () => {
    const step = await run({ inputs: expected });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E103');
  });
});

describe('the token service', () => {
  it.each([
    [401, { kind: 'status', status: 401 }],
    [302, { kind: 'redirect', status: 302, to: 'https://login.example.com/_signin' }],
    [405, { kind: 'status', status: 405 }],
  ] as const)('that answers %i is a refusal, and recorded as evidence', async (status, fault) => {
    azure.collection.fail(fault, undefined, 'oidctoken');
    const step = await run();
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({
      diagnosisCode: 'CAVRA-E312',
      authMethod: '',
      evidenceValid: 'true',
      recordCount: '1',
    });
    expect(step.results[0]?.message).toContain(`status ${status}`);
    expect(step.artifacts).toHaveLength(1);
  });

  it('that is well after a failure is asked again', async () => {
    azure.collection.fail({ kind: 'status', status: 500 }, 2, 'oidctoken');
    expect(result(await run())).toBe('Succeeded');
  });

  it('that gives a token signed by somebody else lets nobody pass', async () => {
    const { collection: other, forged } = await forgedToken();
    azure.collection.fail({ kind: 'body', body: JSON.stringify({ oidcToken: forged }) }, undefined, 'oidctoken');
    const step = await run();
    await other.close();
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E316');
    expect(step.output).not.toContain(forged.split('.')[2]);
  });

  it('gives a token of another repository in vain', async () => {
    const step = await run({
      facts: { claims: { rpo_id: 'mallory/repo', rpo_uri: 'https://github.com/mallory/repo' } },
    });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E319');
  });

  it('is not asked without an access token, which is said', async () => {
    const { accessToken: _, ...job } = startJob(azure.collection);
    const step = await azure.agent.run({ ...job, inputs: { request: APPROVED, ...pins(azure.collection) } });
    expect(step.results[0]?.result).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E311');
    expect(step.artifacts).toHaveLength(1);
  });

  it('can be asked for the token of a service connection, which proves no repository', async () => {
    const id = '5f3c0d5e-9f5a-4f0e-8f58-0a5d0f0f6a11';
    const step = await run({ facts: { connections: { [id]: 'prod' } }, inputs: { serviceConnection: id } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E319');
    expect(step.results[0]?.message).toMatch(/service connection/);
  });
});

/** A token like the collection's own, from a collection that is not it. */
async function forgedToken(): Promise<{ collection: AzureDevOps; forged: string }> {
  const other = await startCollection(azure.authority);
  const claims = azure.collection.startJob().claims();
  return { collection: other, forged: other.mint(claims, { kid: azure.collection.keys.kid }) };
}

describe('the organisation', () => {
  it('must be pinned, and its id is named', async () => {
    const step = await run({ inputs: { issuer: '', jwksUrl: '' } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E211');
    expect(step.results[0]?.message).toContain(`https://vstoken.dev.azure.com/${azure.collection.organizationId}`);
  });

  it('is compared exactly', async () => {
    const step = await run({
      inputs: { issuer: azure.collection.issuer.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
    });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E317');
  });
});

describe('HMAC', () => {
  const secrets = { ...HMAC_ENVIRONMENT };

  it('takes its keys from secret variables', async () => {
    const step = await run({ inputs: { auth: 'hmac' }, secrets });
    expect(result(step)).toBe('Succeeded');
    expect(step.outputs).toMatchObject({ authMethod: 'hmac', verdict: 'pass' });
    expect((await verifyArtifact(step)).status).toBe(0);
  });

  it('takes its keys from the env: of the step', async () => {
    const step = await run({ inputs: { auth: 'hmac' }, secrets: {}, env: secrets });
    expect(result(step)).toBe('Succeeded');
  });

  it('takes no key from a variable that is not secret', async () => {
    const job = startJob(azure.collection);
    const step = await run({ inputs: { auth: 'hmac' }, variables: { ...job.variables, ...secrets }, secrets: {} });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E201');
    expect(step.results[0]?.message).toMatch(/CAVRA_RUNNER_AUTH_HMAC_KEY.*secret variable/);
    for (const key of Object.values(secrets).filter((text) => text.includes('key-of')))
      expect(step.output).not.toContain(key);
  });
});

describe('a step before the gate', () => {
  it.each([
    ['INPUT_ISSUER', 'https://vstoken.dev.azure.com/11111111-2222-4333-8444-555555555555'],
    ['INPUT_EXPECTEDDECISION', 'block'],
    ['input.allowBlockingDecision', 'true'],
    ['SECRET_CAVRA_DAEMON_EVIDENCE_HMAC_KEY', 'x'.repeat(40)],
    ['ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN', 'stolen'],
  ])('cannot take the place of what the agent gives, by a variable %s', async (name, value) => {
    const { variables, ...job } = startJob(azure.collection);
    const formatted = name.replace('.', '_').toUpperCase();
    const step = await azure.agent.run({
      ...job,
      inputs: { request: APPROVED, ...pins(azure.collection) },
      variables: { ...variables, [formatted]: value },
    });
    expect(step.results).toEqual([
      { result: 'Failed', message: expect.stringMatching(/CAVRA-E201: the variable .*would take the place/) },
    ]);
    expect(step.outputs).toMatchObject({ verdict: 'fail', diagnosisCode: 'CAVRA-E201' });
  });

  it('cannot choose what is trusted, expected or claimed', async () => {
    const job = startJob(azure.collection);
    const chosen = {
      CAVRA_EXPECTED_DECISION: 'block',
      CAVRA_ALLOW_BLOCKING_DECISION: 'true',
      CAVRA_RUNNER_OIDC_ISSUER: 'https://issuer.example.com',
      CAVRA_RUNNER_AUTH: 'hmac',
      CAVRA_RUNNER_REPOSITORY: 'example-org/other',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'not.a.token',
      CAVRA_RULES: 'compatible',
    };
    const step = await run({ inputs: { request: BLOCKED }, ...job, variables: { ...job.variables, ...chosen } });
    expect(step.outputs).toMatchObject({ verdict: 'fail', decision: 'block', diagnosisCode: 'CAVRA-E101' });
  });
});
