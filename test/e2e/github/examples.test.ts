import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';
import { unzip } from '../../support/unzip.ts';
import {
  documentedWorkflows,
  type Job,
  jobsOf,
  PLACEHOLDER,
  type Step,
  type WorkflowText,
} from './documented-workflows.ts';
import { type Contexts, evaluateText, type Matrix } from './expressions.ts';
import { dotComJob, newRun, type Platform, startPlatform } from './harness.ts';
import type { ActionName, RunnerJob, StepResult } from './runner.ts';

/** The workflows of the documentation that use the gate, run job by job and step by step. */

const EXAMPLES = documentedWorkflows()
  .filter(({ text }) => text.includes('uses: cavra/release-governance@'))
  // Needs a daemon on its runner, which test/e2e/daemon has; the workflow itself is linted like the others.
  .filter(({ text }) => !text.includes('socket:'));
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

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

/** Runs every job once, or once for each value of its matrix; returns the results of the steps that ran one of our actions. */
async function runWorkflow(workflow: WorkflowText): Promise<readonly StepResult[]> {
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
        checkOut(runner);
        const contexts = { secrets: SECRETS, inputs: { request: 'release/request.json' }, matrix, needs };
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

function checkOut(runner: RunnerJob): void {
  for (const name of ['request', 'eu', 'us', 'apac'])
    runner.write(`release/${name}.json`, runner.read('approved-promotion.json'));
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
    } else {
      expectKnown(step);
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

/** The other steps stand for the reader's own. */
function expectKnown({ uses, run }: Step): void {
  expect(uses?.startsWith('actions/checkout@') === true || run?.startsWith('echo ') === true).toBe(true);
}

it('there are examples', () => {
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(6);
});

describe.each(EXAMPLES)('$name', (workflow) => {
  it('passes from its first step to its last, and publishes', async () => {
    const results = await runWorkflow(workflow);
    expect(results.length).toBeGreaterThan(0);
    for (const result of results) {
      expect(result.annotations).toEqual([]);
      expect(result.status).toBe(0);
    }
    const names = results.flatMap(({ outputs }) => outputs['artifact-name'] ?? []);
    expect(names.every((name) => name.startsWith('cavra-release-governance-'))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
