import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { readManifest, type StepRun } from './agent.ts';
import { startJob } from './collection.ts';
import { result, useAzure, writeArtifact } from './fixture.ts';
import { examinePipeline, type PipelineStep } from './pipeline-shape.ts';

const PAGE = 'docs/azure.md';
const azure = useAzure();

const BLOCKS = blocksFor('test/e2e/azure/docs.test.ts');
const blocksIn = (language: string) => BLOCKS.filter((block) => block.language === language);

/** The pipelines on the pages that are about Azure, each with the heading that it stands under. */
const pipelines = blocksIn('yaml').map(({ page, heading, text }) => ({
  title: `${page}: ${heading}`,
  pipeline: parse(text),
}));

it('the page has pipelines', () => {
  expect(pipelines.length).toBeGreaterThanOrEqual(5);
});

describe.each(pipelines)('the pipeline under “$title”', ({ pipeline }) => {
  const { steps, problems } = examinePipeline(pipeline);

  it('has the keywords, inputs and outputs that there are', () => {
    expect(problems).toEqual([]);
  });

  it('does what the page says', async () => {
    const tasks = steps.filter(({ keys }) => String(keys['task']).startsWith('CavraReleaseGovernance@'));
    expect(tasks.length).toBeGreaterThan(0);
    prepareSources();
    let last: StepRun | undefined;
    for (const task of tasks) {
      if (last !== undefined) writeArtifact(last, join(azure.agent.work, '1', last.outputs['artifactName'] ?? ''));
      last = await runTask(task, last);
      expect({ result: result(last), verdict: last.outputs['verdict'] }).toEqual({
        result: 'Succeeded',
        verdict: 'pass',
      });
    }
  });
});

it('the quick start leads to a passing gate: its request, its key, its pipeline, as they stand', async () => {
  const inQuickStart = (language: string) =>
    blocksIn(language).find(({ heading }) => heading === 'Quick start')?.text ?? '';
  const key = spawnSync('sh', ['-e', '-c', inQuickStart('sh')], { encoding: 'utf8' }).stdout.trim();
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  mkdirSync(join(azure.agent.sources, 'release'), { recursive: true });
  writeFileSync(join(azure.agent.sources, 'release/request.json'), inQuickStart('json'));
  const { steps } = examinePipeline(parse(inQuickStart('yaml')));
  const [task, ...others] = steps.filter(({ keys }) => String(keys['task']).startsWith('CavraReleaseGovernance@'));
  expect(others).toEqual([]);
  const secrets = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key, CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2026-q4' };
  const run = task === undefined ? undefined : await runTask(task, undefined, secrets);
  expect(run?.outputs).toMatchObject({ verdict: 'pass', decision: 'allow' });
});

/** The files that the pipelines name. */
function prepareSources(): void {
  const release = join(azure.agent.sources, 'release');
  mkdirSync(release, { recursive: true });
  for (const name of ['release/request.json', 'release/rollout-1.json', 'release-request.json']) {
    cpSync(join(root, 'examples/approved-promotion.json'), join(azure.agent.sources, name));
  }
  const policy = readRepositoryFile('examples/trust-policy-azure.yaml');
  writeFileSync(join(release, 'trust-policy.yaml'), trustingThisJob(policy));
}

/** The example policy, for the collection of the test: the ids that it pins are another's. */
function trustingThisJob(policy: string): string {
  return [
    policy.slice(0, policy.indexOf('rules:')),
    'rules:',
    '  - name: release pipeline',
    '    provider: azure-pipelines',
    `    issuer: ${azure.collection.issuer}`,
    '    match:',
    `      org_id: ${azure.collection.organizationId}`,
    '      rpo_ref: refs/heads/main',
    '',
  ].join('\n');
}

/** Runs one task as its pipeline has it; macros are expanded, and what pins the organisation pins that of the test. */
async function runTask(
  { keys }: PipelineStep,
  before: StepRun | undefined,
  secrets?: Readonly<Record<string, string>>,
): Promise<StepRun> {
  const { issuer, trustPolicySha256: _, ...inputs } = keys['inputs'] as Readonly<Record<string, string>>;
  const artifact = before?.outputs['artifactName'] ?? '';
  const expanded = Object.entries(inputs).map(([name, value]) => [
    name,
    String(value).replaceAll('$(Pipeline.Workspace)', join(azure.agent.work, '1')).replaceAll('$(evidence)', artifact),
  ]);
  const pinned = issuer === undefined ? {} : { issuer: azure.collection.issuer, jwksUrl: azure.collection.jwksUrl };
  return azure.agent.run({
    ...startJob(azure.collection),
    ...(issuer === undefined ? { secrets: HMAC_ENVIRONMENT } : {}),
    ...(secrets === undefined ? {} : { secrets }),
    inputs: { ...Object.fromEntries(expanded), ...pinned },
  });
}

it('the overview shows a condition that the page has', () => {
  const [, condition = ''] = /^```yaml\n(condition: .*)$/m.exec(readRepositoryFile('azure-task/overview.md')) ?? [];
  expect(condition).not.toBe('');
  expect(readRepositoryFile(PAGE)).toContain(condition);
});

it('the page names every output', () => {
  const page = readRepositoryFile(PAGE);
  for (const { name } of readManifest().outputVariables) expect(page).toContain(`\`${name}\``);
});

describe('what is wrong with a pipeline is found', () => {
  const gate = { task: 'CavraReleaseGovernance@1', name: 'gate', inputs: {} };
  it.each([
    ['a misspelt keyword', { steps: [{ ...gate, conditions: 'x' }] }, 'a task has conditions'],
    ['an unknown input', { steps: [{ ...gate, inputs: { requests: 'x' } }] }, 'the task has no input requests'],
    [
      'a choice that is none',
      { steps: [{ ...gate, inputs: { auth: 'saml' } }] },
      'saml is no choice of the input auth',
    ],
    [
      'another version',
      { steps: [{ ...gate, task: 'CavraReleaseGovernance@2' }] },
      'CavraReleaseGovernance@2 is another version',
    ],
    [
      'an unknown output',
      { steps: [gate, { script: 'x', condition: "eq(variables['gate.result'], 'pass')" }] },
      'gate.result names no output of the task',
    ],
    [
      'an unknown step',
      { steps: [gate, { script: 'x', condition: "eq(variables['door.verdict'], 'pass')" }] },
      'door.verdict names no step',
    ],
    [
      'an output of another job',
      {
        stages: [
          { stage: 'A', jobs: [{ job: 'B', steps: [gate] }] },
          { stage: 'C', condition: "eq(dependencies.A.outputs['X.gate.verdict'], 'pass')", jobs: [] },
        ],
      },
      'X.gate.verdict is of X, but the step is in B',
    ],
    [
      'a stage that is not there',
      { stages: [{ stage: 'A', dependsOn: 'B', jobs: [] }] },
      'A depends on B, which is no stage',
    ],
  ])('%s', (_, pipeline, problem) => {
    expect(examinePipeline(pipeline).problems).toEqual([problem]);
  });
});
