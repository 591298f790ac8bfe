import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { nodeBinaries } from '../../support/node-versions.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { parseCommand, parseKeyValueFile, type WorkflowCommand } from './commands.ts';
import { evaluateDefault, type Matrix } from './expressions.ts';

/** `runs.using: node24`. */
export const NODE24 = nodeBinaries().find(({ name }) => name === 'node24')?.path ?? process.execPath;

export type ActionName = 'release-governance' | 'verify';

const METADATA: Readonly<Record<ActionName, string>> = {
  'release-governance': 'action.yml',
  verify: 'actions/verify/action.yml',
};

interface ActionMetadata {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly main: string; readonly post?: string };
}

export interface StepOptions {
  readonly action?: ActionName;
  readonly with?: Readonly<Record<string, string>>;
  /** `env:` of the step, and whatever steps before put into GITHUB_ENV. */
  readonly env?: Readonly<Record<string, string>>;
  readonly matrix?: Matrix;
  /** What `main` left for `post`. */
  readonly state?: Readonly<Record<string, string>>;
  /** Given the process when it runs, to cancel it. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface StepResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What a reader of the log sees: masked, without commands. */
  readonly log: string;
  /** Everything that was printed. */
  readonly raw: string;
  readonly commands: readonly WorkflowCommand[];
  readonly annotations: readonly WorkflowCommand[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Milliseconds. */
  readonly elapsed: number;
}

/** A job on a GitHub runner: a workspace, a temporary folder, and the environment that the platform gives. */
export class RunnerJob {
  readonly root: string;
  readonly workspace: string;
  readonly temp: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment what the platform and the job set */
  constructor(environment: Readonly<Record<string, string>>, workspaceName = 'workspace') {
    this.root = mkdtempSync(join(realpathSync(tmpdir()), 'cavra-runner-'));
    this.workspace = join(this.root, workspaceName);
    this.temp = join(this.root, '_temp');
    this.#environment = environment;
    mkdirSync(this.workspace);
    mkdirSync(join(this.temp, '_runner_file_commands'), { recursive: true });
    this.write('../event.json', '{}');
  }

  /** @param path from the workspace */
  write(path: string, content: string): void {
    const target = join(this.workspace, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }

  read(path: string): string {
    return readFileSync(join(this.workspace, path), 'utf8');
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** What every step of the job finds in its environment, but for its command files. */
  environment(): Readonly<Record<string, string>> {
    return {
      ...this.#environment,
      GITHUB_WORKSPACE: this.workspace,
      GITHUB_EVENT_PATH: join(this.root, 'event.json'),
      RUNNER_TEMP: this.temp,
      RUNNER_OS: 'Linux',
    };
  }

  main(options: StepOptions = {}): Promise<StepResult> {
    return this.#step('main', options);
  }

  post(options: StepOptions = {}): Promise<StepResult> {
    return this.#step('post', options);
  }

  async #step(phase: 'main' | 'post', options: StepOptions): Promise<StepResult> {
    const metadataFile = METADATA[options.action ?? 'release-governance'];
    const metadata = parse(readRepositoryFile(metadataFile)) as ActionMetadata;
    const script = metadata.runs[phase];
    if (script === undefined) throw new Error(`${metadataFile} has no ${phase}`);
    const files = Object.fromEntries(
      ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map((name) => [name, this.#commandFile(name)]),
    );
    const child = spawn(NODE24, [join(root, dirname(metadataFile), script)], {
      cwd: this.workspace,
      env: this.#stepEnvironment(metadata, files, options),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    const start = performance.now();
    const printed = collect(child);
    options.onStart?.(child);
    const { status, signal } = await ended(child);
    const read = (name: string) => readFileSync(files[name] ?? '', 'utf8');
    return {
      ...interpret(printed()),
      status,
      signal,
      outputs: parseKeyValueFile(read('OUTPUT')),
      state: parseKeyValueFile(read('STATE')),
      summary: read('STEP_SUMMARY'),
      elapsed: performance.now() - start,
    };
  }

  #commandFile(name: string): string {
    const path = join(this.temp, '_runner_file_commands', `${name.toLowerCase()}_${randomUUID()}`);
    writeFileSync(path, '');
    return path;
  }

  /** As the runner builds it: the step's own environment, over it the inputs, over them the platform's variables. */
  #stepEnvironment(metadata: ActionMetadata, files: Readonly<Record<string, string>>, options: StepOptions) {
    const matrix = options.matrix ?? { index: 0, total: 1 };
    const given = options.with ?? {};
    const defaults = Object.entries(metadata.inputs).map(([name, input]) => [
      name,
      evaluateDefault(input.default ?? '', matrix),
    ]);
    const inputs = Object.entries({ ...Object.fromEntries(defaults), ...given }).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]);
    const state = Object.entries(options.state ?? {}).map(([name, value]) => [`STATE_${name}`, value]);
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      ...options.env,
      ...Object.fromEntries(inputs),
      ...this.environment(),
      ...Object.fromEntries(state),
      GITHUB_ACTION: '__cavra_release-governance',
      ...Object.fromEntries(Object.entries(files).map(([name, path]) => [`GITHUB_${name}`, path])),
    };
  }
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
}

function ended(child: ChildProcess): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
}

const ANNOTATIONS = new Set(['error', 'warning', 'notice', 'old:error', 'old:warning']);

function interpret(raw: string): Pick<StepResult, 'raw' | 'log' | 'commands' | 'annotations'> {
  const commands: WorkflowCommand[] = [];
  const masks: string[] = [];
  const shown: string[] = [];
  for (const line of raw.split(/\r\n|\r|\n/)) {
    const command = parseCommand(line);
    if (command === undefined) shown.push(line);
    else commands.push(command);
    if (command?.name === 'add-mask') masks.push(command.message);
    if (command !== undefined && ANNOTATIONS.has(command.name)) shown.push(command.message);
  }
  const log = masks.reduce((text, mask) => text.replaceAll(mask, '***'), shown.join('\n'));
  return { raw, log, commands, annotations: commands.filter(({ name }) => ANNOTATIONS.has(name)) };
}
