import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { unzip } from '../../support/unzip.ts';
import { makeSite, type Site } from '../daemon/harness.ts';
import { type Job, jobsOf, PLACEHOLDER, type Step, type WorkflowText } from './documented-workflows.ts';
import { type Contexts, evaluateText, type Matrix } from './expressions.ts';
import { dotComJob, newRun, type Platform, startPlatform } from './harness.ts';
import type { ActionName, RunnerJob, StepResult } from './runner.ts';

/** The workflows of docs/github.md, run job by job and step by step; those of the README are the same, which its test makes sure of. */

const BLOCKS = blocksFor('test/e2e/github/examples.test.ts');
const EXAMPLES: readonly WorkflowText[] = BLOCKS.filter(({ language }) => language === 'yaml').map(
  ({ page, heading, text }) => ({ name: `${page}: ${heading}`, text }),
);
const SECRETS = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
  CAVRA_RUNNER_AUTH_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY,
  'evidence-key': HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
};
const ACTIONS: Readonly<Record<string, ActionName>> = {
  [`cavra/release-governance@${PLACEHOLDER}`]: 'release-governance',
  [`cavra/release-governance/actions/verify@${PLACEHOLDER}`]: 'verify',
};
const POLICY = readRepositoryFile('examples/trust-policy-github.yaml')
  .replaceAll('octo-org/octo-repo', 'example-org/example-repo')
  .replaceAll("'74'", "'74112233'");

let platform: Platform;
let daemon: Site;

beforeAll(async () => {
  platform = await startPlatform();
  const { authority, proxy } = platform;
  const environment = { NODE_EXTRA_CA_CERTS: authority.file, HTTPS_PROXY: proxy.url };
  daemon = makeSite({ changes: { issuers: [{ provider: 'github-actions' }] }, environment });
  expect(await daemon.daemon('start')).toMatchObject({ status: 0, stderr: '' });
});
afterAll(async () => {
  await daemon.remove();
  await platform.close();
});

/** The daemon of the pages is the one of this test, which has its files elsewhere. */
function onThisMachine({ name, text }: WorkflowText): WorkflowText {
  return {
    name,
    text: text
      .replaceAll('/run/cavra-release-governance/daemon.sock', daemon.socket)
      .replaceAll('/etc/cavra-release-governance/daemon.pub', daemon.publicKey),
  };
}

/** Runs every job once, or once for each value of its matrix; returns the results of the steps that ran one of our actions. */
async function runWorkflow(
  workflow: WorkflowText,
  { secrets, request }: { readonly secrets: Contexts; readonly request?: string | undefined } = { secrets: SECRETS },
): Promise<readonly StepResult[]> {
  const facts = newRun();
  const results: StepResult[] = [];
  const needs: Record<string, Contexts> = {};
  for (const [id, job] of Object.entries(jobsOf(workflow))) {
    const outputs: Record<string, string> = {};
    for (const { matrix, place } of matrixOf(job)) {
      const runner = dotComJob(platform, {
        ...facts,
        job: `${id}-${facts.runId}`,
        mayAsk: job.permissions?.['id-token'] === 'write',
        ...(job.environment === undefined ? {} : { deploymentEnvironment: job.environment }),
      });
      try {
        checkOut(runner, request);
        const contexts = { secrets, inputs: { request: 'release/request.json' }, matrix, needs };
        results.push(...(await runSteps(runner, job, place, contexts, outputs)));
      } finally {
        runner.dispose();
      }
    }
    needs[id] = { outputs };
  }
  return results;
}

function matrixOf({ strategy }: Job): readonly { matrix: Contexts; place: Matrix }[] {
  const [axis] = Object.entries(strategy?.matrix ?? {});
  if (axis === undefined) return [{ matrix: {}, place: { index: 0, total: 1 } }];
  const [name, values] = axis;
  return values.map((value, index) => ({ matrix: { [name]: value }, place: { index, total: values.length } }));
}

function checkOut(runner: RunnerJob, request = runner.read('approved-promotion.json')): void {
  for (const name of ['request', 'eu', 'us', 'apac']) runner.write(`release/${name}.json`, request);
  runner.write('.github/trust-policy.yaml', POLICY);
}

async function runSteps(
  runner: RunnerJob,
  job: Job,
  matrix: Matrix,
  contexts: Contexts,
  outputs: Record<string, string>,
) {
  const results: StepResult[] = [];
  const steps: Record<string, Contexts> = {};
  const evaluated = (texts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, evaluateText(text, { ...contexts, steps })]));
  for (const step of job.steps ?? []) {
    const inputs = evaluated(step.with);
    const action = ACTIONS[step.uses ?? ''];
    if (action !== undefined) {
      const result = await runner.main({ action, with: inputs, env: evaluated(step.env), matrix });
      results.push(result);
      if (step.id !== undefined) steps[step.id] = { outputs: result.outputs };
    } else if (step.uses?.startsWith('actions/download-artifact@')) {
      download(runner, inputs);
    } else if (step.uses?.startsWith('actions/checkout@')) {
      // The repository itself is there already; another one can only be this.
      if (inputs['repository'] !== undefined) checkOutThis(runner, inputs);
    } else {
      runCommand(runner, step);
    }
  }
  Object.assign(outputs, evaluated(job.outputs));
  return results;
}

function download(runner: RunnerJob, { name, path }: Readonly<Record<string, string>>): void {
  const artifact = platform.results.artifacts.find((each) => each.name === name);
  if (artifact === undefined) throw new Error(`no artifact ${name}`);
  for (const entry of unzip(artifact.zip)) runner.write(`${path}/${entry.name}`, entry.bytes.toString('utf8'));
}

function checkOutThis(runner: RunnerJob, { repository, ref, path = '' }: Readonly<Record<string, string>>): void {
  expect({ repository, ref }).toEqual({ repository: 'cavra/release-governance', ref: PLACEHOLDER });
  symlinkSync(root, join(runner.workspace, path));
}

/** As GitHub runs `run`, where no shell is named. */
function runCommand(runner: RunnerJob, { run = 'false' }: Step): void {
  const { status, stderr } = spawnSync('bash', ['--norc', '-e', '-c', run], {
    cwd: runner.workspace,
    env: { PATH: process.env['PATH'], ...runner.environment() },
    encoding: 'utf8',
  });
  expect({ run, status, stderr }).toMatchObject({ status: 0, stderr: '' });
}

it('there are examples', () => {
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(7);
});

it('the quick start leads to a passing gate: its request, its key, its workflow, as they stand', async () => {
  const inQuickStart = BLOCKS.filter(({ heading }) => heading === 'Quick start');
  const [request, key, workflow] = ['json', 'sh', 'yaml'].map(
    (language) => inQuickStart.find((block) => block.language === language)?.text ?? '',
  );
  const made = spawnSync('sh', ['-e', '-c', key ?? ''], { encoding: 'utf8' }).stdout.trim();
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  const secrets = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: made };
  const [gate, ...more] = await runWorkflow({ name: 'quick start', text: workflow ?? '' }, { secrets, request });
  expect(more).toEqual([]);
  expect(gate).toMatchObject({ status: 0, annotations: [], outputs: { verdict: 'pass', decision: 'allow' } });
});

describe.each(EXAMPLES)('$name', (workflow) => {
  it('passes from its first step to its last, and publishes', async () => {
    const results = await runWorkflow(onThisMachine(workflow));
    expect(results.length > 0).toBe(workflow.text.includes('uses: cavra/release-governance@'));
    for (const result of results) {
      expect(result.annotations).toEqual([]);
      expect(result.status).toBe(0);
    }
    const names = results.flatMap(({ outputs }) => outputs['artifact-name'] ?? []);
    expect(names.every((name) => name.startsWith('cavra-release-governance-'))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
