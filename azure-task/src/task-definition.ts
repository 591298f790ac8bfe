import { TASK_OUTPUTS } from '../release-governance/src/publication/outputs.ts';
import { GROUPS } from './task-groups.ts';
import { taskInputs } from './task-inputs.ts';

/** Never changes: it is what pipelines and agents know the task by. */
const TASK_ID = '7f2b3c54-0d3e-4f53-9b0a-6c1d5f0e8a27';
const TARGET = 'dist/main.mjs';
const DOCUMENTATION = 'https://github.com/cavra/release-governance/blob/main/docs/azure.md';

export interface TaskVersion {
  readonly Major: number;
  readonly Minor: number;
  readonly Patch: number;
}

/**
 * The task's version for a version of the product. Major is what pipelines write after `@`: it stands for the task's interface, which
 * begins with 1 while the product is 0.x. Minor grows with major and minor of the product, so that agents always fetch the newer task.
 *
 * @param product such as `0.1.0`
 */
export function taskVersion(product: string): TaskVersion {
  const [major = Number.NaN, minor = Number.NaN, patch = Number.NaN] = product.split('.').map(Number);
  if (![major, minor, patch].every(Number.isSafeInteger) || minor >= MINORS_PER_MAJOR) {
    throw new Error(`${product} is no version that a task can have`);
  }
  return { Major: 1, Minor: major * MINORS_PER_MAJOR + minor, Patch: patch };
}

const MINORS_PER_MAJOR = 1000;

/** The content of task.json: what the agent and the editors of pipelines know of the task. */
export function taskDefinition(product: string) {
  const outputs = Object.entries(TASK_OUTPUTS);
  return {
    $schema: 'https://raw.githubusercontent.com/Microsoft/azure-pipelines-task-lib/master/tasks.schema.json',
    id: TASK_ID,
    name: 'CavraReleaseGovernance',
    friendlyName: 'CAVRA release gate',
    description: 'Proves which job this is, decides whether a release may go ahead, and leaves signed evidence of it.',
    author: 'CAVRA',
    helpUrl: DOCUMENTATION,
    helpMarkDown: `[How to use this task](${DOCUMENTATION})`,
    category: 'Deploy',
    visibility: ['Build', 'Release'],
    runsOn: ['Agent', 'DeploymentGroup'],
    // So that the form of a classic pipeline can map secrets too.
    showEnvironmentVariables: true,
    version: taskVersion(product),
    minimumAgentVersion: '4.248.0',
    instanceNameFormat: 'CAVRA release gate: $(command)',
    groups: GROUPS,
    inputs: taskInputs(),
    outputVariables: outputs.map(([name, description]) => ({ name, description })),
    execution: { Node24: { target: TARGET }, Node20_1: { target: TARGET } },
    restrictions: { settableVariables: { allowed: outputs.map(([name]) => name) } },
  };
}

/** The text of task.json. */
export function taskJson(): string {
  return `${JSON.stringify(taskDefinition(__CAVRA_VERSION__), null, 2)}\n`;
}
