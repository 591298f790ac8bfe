import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/repository.ts';
import { type Page, processOutput } from './page.ts';

/** The folder of the task as it is committed, which is what the extension packs. */
export const TASK_FOLDER = join(root, 'azure-task/release-governance');

/** The parts of task.json that an agent goes by. */
export interface TaskManifest {
  readonly version: Readonly<Record<'Major' | 'Minor' | 'Patch', number>>;
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly defaultValue?: string;
    readonly options?: Readonly<Record<string, string>>;
  }[];
  readonly outputVariables: readonly { readonly name: string }[];
  readonly execution: Readonly<Record<string, { readonly target: string }>>;
  readonly restrictions: { readonly settableVariables: { readonly allowed: readonly string[] } };
}

export function readManifest(taskFolder = TASK_FOLDER): TaskManifest {
  return JSON.parse(readFileSync(join(taskFolder, 'task.json'), 'utf8'));
}

export interface Step {
  /** As a pipeline writes them; the others have their defaults. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Variables of the job that are not secret, by the names under which they stand in the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Secret variables, by their names. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The step's `env:`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the job's own connection; without it the agent gives the task none. */
  readonly accessToken?: string;
  /** Node to run the task with, and the handler of task.json that it stands for. */
  readonly node?: { readonly name: string; readonly path: string };
}

/** What an agent makes of a step. */
export interface StepRun extends Page {
  readonly status: number | null;
  /** Everything that the process wrote, on both streams. */
  readonly output: string;
}

export interface AgentOptions {
  /** An existing folder of its own. */
  readonly folder: string;
  readonly taskFolder?: string;
  /** Name of the folder that the sources are in. */
  readonly sourcesName?: string;
  /** The machine's environment, beside PATH. */
  readonly machine?: Readonly<Record<string, string>>;
}

const HANDLERS: Readonly<Record<string, string>> = { node20: 'Node20_1', node24: 'Node24' };

/**
 * Runs the steps of one job as the agent does: inputs, connections and variables become the environment in the agent's order, node is
 * started with the target of task.json in the default working directory, and each line of its output may be a logging command, whose
 * files are looked at when the process has ended.
 */
export class FakeAgent {
  readonly work: string;
  /** The default working directory of the job. */
  readonly sources: string;
  readonly temp: string;
  readonly manifest: TaskManifest;
  readonly #taskFolder: string;
  readonly #machine: Readonly<Record<string, string>>;
  readonly #artifactNames = new Set<string>();

  constructor({ folder, taskFolder = TASK_FOLDER, sourcesName = 's', machine = {} }: AgentOptions) {
    this.work = join(folder, '_work');
    this.sources = join(this.work, '1', sourcesName);
    this.temp = join(this.work, '_temp');
    for (const path of [this.sources, this.temp]) mkdirSync(path, { recursive: true });
    this.#taskFolder = taskFolder;
    this.#machine = machine;
    this.manifest = readManifest(taskFolder);
  }

  async run(step: Step): Promise<StepRun> {
    const node = step.node ?? { name: `node${process.versions.node.split('.')[0]}`, path: process.execPath };
    const handler = this.manifest.execution[HANDLERS[node.name] ?? ''];
    if (handler === undefined) throw new Error(`task.json has no handler for ${node.name}`);
    const { status, output } = await this.#start(node.path, join(this.#taskFolder, handler.target), step);
    const page = processOutput(output, {
      work: this.work,
      settable: this.manifest.restrictions.settableVariables.allowed,
      hostType: step.variables['SYSTEM_HOSTTYPE'] ?? 'build',
      artifactNames: this.#artifactNames,
    });
    return { status, output, ...page };
  }

  #start(node: string, target: string, step: Step): Promise<{ status: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(node, [target], {
        cwd: this.sources,
        env: this.#environment(step),
        timeout: 50_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, output }));
    });
  }

  /** In the order of the agent's handler: what comes later takes the place of what came before. */
  #environment({ inputs, variables, secrets = {}, env = {}, accessToken }: Step): Record<string, string> {
    const publicVariables = {
      AGENT_TEMPDIRECTORY: this.temp,
      AGENT_WORKFOLDER: this.work,
      AGENT_VERSION: '4.265.1',
      SYSTEM_DEFAULTWORKINGDIRECTORY: this.sources,
      BUILD_SOURCESDIRECTORY: this.sources,
      ...variables,
    };
    return {
      PATH: process.env['PATH'] ?? '',
      ...this.#machine,
      ...env,
      ...this.#inputs(inputs),
      ...(accessToken === undefined ? {} : systemConnection(accessToken)),
      ...publicVariables,
      VSTS_PUBLIC_VARIABLES: JSON.stringify(Object.keys(publicVariables)),
      ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`SECRET_${environmentName(name)}`, value])),
      VSTS_SECRET_VARIABLES: JSON.stringify(Object.keys(secrets)),
    };
  }

  #inputs(given: Readonly<Record<string, string>>): Record<string, string> {
    const unknown = Object.keys(given).filter((name) => !this.manifest.inputs.some((input) => input.name === name));
    if (unknown.length > 0) throw new Error(`task.json has no input ${unknown.join(', ')}`);
    return Object.fromEntries(
      this.manifest.inputs.map(({ name, defaultValue = '' }) => [
        `INPUT_${environmentName(name)}`,
        (given[name] ?? defaultValue).trim(),
      ]),
    );
  }
}

function systemConnection(accessToken: string): Record<string, string> {
  const authorization = { scheme: 'OAuth', parameters: { AccessToken: accessToken } };
  return {
    ENDPOINT_URL_SYSTEMVSSCONNECTION: 'https://localhost/',
    ENDPOINT_AUTH_SYSTEMVSSCONNECTION: JSON.stringify(authorization),
    ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION: authorization.scheme,
    ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: accessToken,
  };
}

function environmentName(name: string): string {
  return name.replace(/[. ]/g, '_').toUpperCase();
}
