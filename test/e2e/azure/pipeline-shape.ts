import { readManifest } from './agent.ts';

/** What a documented pipeline may hold: the keywords of Azure Pipelines that the pages use, where each may stand. */
const KEYS = {
  pipeline: ['trigger', 'pr', 'pool', 'variables', 'stages', 'jobs', 'steps'],
  stage: ['stage', 'dependsOn', 'condition', 'variables', 'jobs'],
  job: ['job', 'dependsOn', 'condition', 'variables', 'pool', 'steps'],
  deployment: ['deployment', 'environment', 'dependsOn', 'condition', 'variables', 'pool', 'strategy'],
  checkout: ['checkout', 'persistCredentials'],
  download: ['download', 'artifact'],
  script: ['script', 'name', 'condition', 'env', 'displayName'],
  task: ['task', 'name', 'condition', 'env', 'displayName', 'inputs'],
} as const;

const STEP_KINDS = ['checkout', 'download', 'script', 'task'] as const;

export interface PipelineStep {
  /** The job's name, and its stage's. */
  readonly job: string;
  readonly stage: string;
  readonly keys: Readonly<Record<string, unknown>>;
}

type Mapping = Readonly<Record<string, unknown>>;

/** The steps of a pipeline, and what is wrong with it. */
export function examinePipeline(pipeline: unknown): {
  readonly steps: readonly PipelineStep[];
  readonly problems: readonly string[];
} {
  const examination = new Examination();
  examination.pipeline(mapping(pipeline));
  return examination;
}

class Examination {
  readonly steps: PipelineStep[] = [];
  readonly problems: string[] = [];
  readonly #texts: string[] = [];
  readonly #places = new Map<string, string>();

  pipeline(pipeline: Mapping): void {
    this.#keys('pipeline', pipeline);
    const stages = list(pipeline['stages']);
    const names = stages.map((stage) => String(stage['stage']));
    for (const stage of stages) this.#stage(stage, names);
    for (const job of list(pipeline['jobs'])) this.#job(job, '');
    this.#steps(pipeline['steps'], '', '');
    collectTexts(pipeline, this.#texts);
    this.#references();
  }

  #stage(stage: Mapping, names: readonly string[]): void {
    this.#keys('stage', stage);
    const name = String(stage['stage']);
    for (const needed of [stage['dependsOn']].flat().filter((each) => each !== undefined)) {
      if (!names.includes(String(needed))) this.problems.push(`${name} depends on ${needed}, which is no stage`);
    }
    for (const job of list(stage['jobs'])) this.#job(job, name);
  }

  #job(job: Mapping, stage: string): void {
    if (job['deployment'] === undefined) {
      this.#keys('job', job);
      this.#steps(job['steps'], stage, String(job['job']));
      return;
    }
    this.#keys('deployment', job);
    const deploy = mapping(mapping(mapping(job['strategy'])['runOnce'])['deploy']);
    // In the outputs of a deployment its own name stands twice.
    const name = String(job['deployment']);
    this.#steps(deploy['steps'], stage, `${name}.${name}`);
  }

  #steps(steps: unknown, stage: string, job: string): void {
    for (const step of list(steps)) {
      const kind = STEP_KINDS.find((each) => each in step);
      if (kind === undefined) {
        this.problems.push(`a step is none of ${STEP_KINDS.join(', ')}`);
        continue;
      }
      this.#keys(kind, step);
      this.steps.push({ stage, job, keys: step });
      if (typeof step['name'] === 'string') this.#places.set(step['name'], job);
      if (kind === 'task') this.#task(step);
    }
  }

  #task({ task, inputs }: Mapping): void {
    if (!String(task).startsWith('CavraReleaseGovernance@')) return;
    const manifest = readManifest();
    if (task !== `CavraReleaseGovernance@${manifest.version.Major}`) this.problems.push(`${task} is another version`);
    for (const [name, value] of Object.entries(mapping(inputs))) {
      const input = manifest.inputs.find((each) => each.name === name);
      if (input === undefined) this.problems.push(`the task has no input ${name}`);
      else if (input.options !== undefined && !(String(value) in input.options)) {
        this.problems.push(`${value} is no choice of the input ${name}`);
      }
    }
  }

  /** `dependencies.<stage>.outputs['<job>.<step>.<output>']` and its relatives. */
  #references(): void {
    const outputs = new Set(readManifest().outputVariables.map(({ name }) => name));
    for (const text of this.#texts) {
      for (const [, path = ''] of text.matchAll(/(?:outputs|variables)\['([\w.]+)'\]/g)) {
        const [output = '', step = '', ...job] = path.split('.').reverse();
        const place = this.#places.get(step);
        if (place === undefined) {
          if (!text.includes('System.')) this.problems.push(`${path} names no step`);
          continue;
        }
        if (!outputs.has(output)) this.problems.push(`${path} names no output of the task`);
        const named = job.reverse().join('.') || (/\.(\w+)\.outputs\[/.exec(text)?.[1] ?? place);
        if (named !== place) this.problems.push(`${path} is of ${named}, but the step is in ${place}`);
      }
    }
  }

  #keys(kind: keyof typeof KEYS, found: Mapping): void {
    const allowed: readonly string[] = KEYS[kind];
    const unknown = Object.keys(found).filter((key) => !allowed.includes(key));
    if (unknown.length > 0) this.problems.push(`a ${kind} has ${unknown.join(', ')}`);
  }
}

function collectTexts(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) collectTexts(each, texts);
}

function list(value: unknown): readonly Mapping[] {
  return Array.isArray(value) ? value.map(mapping) : [];
}

function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}
