import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeWith } from '../../support/commands.ts';
import { root } from '../../support/repository.ts';

/** One job of a pipeline, as gitlab-ci-local tells of it at the end. */
export type JobState = 'PASS' | 'FAIL' | 'WARN';

export interface PipelineRun {
  /** 0 when every job passed. */
  readonly status: number;
  /** Everything that was said, jobs and gitlab-ci-local together. */
  readonly log: string;
  /** What became of each job that ran. */
  readonly jobs: Readonly<Record<string, JobState>>;
  /** The log of one job. */
  jobLog(job: string): string;
  /** A file of a job's artifact, or undefined. */
  artifact(job: string, path: string): string | undefined;
  /** The dotenv report of a job. */
  outputs(job: string): Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** Variables of the pipeline; gitlab-ci-local lets them override whatever else there is, as GitLab does. */
  readonly variables?: Readonly<Record<string, string>>;
  /** PEM file of an authority that GitLab itself trusts, for `include: remote`. */
  readonly authority?: string;
}

/** A project on a GitLab: a git repository with the templates in it. */
export interface Project {
  readonly folder: string;
  readonly path: string;
  readonly sha: string;
  /** Writes files and commits them. */
  commit(files: Readonly<Record<string, string>>): void;
  /** Runs the pipeline of `.gitlab-ci.yml`. */
  run(options?: RunOptions): Promise<PipelineRun>;
  dispose(): void;
}

const GITLAB_CI_LOCAL = createRequire(import.meta.url).resolve('gitlab-ci-local/dist/index.js');
const PROJECT_PATH = 'example-group/example-project';

/** Tests that run pipelines: gitlab-ci-local starts no job without rsync. */
export const describePipelines = describeWith('rsync', 'with which gitlab-ci-local runs the jobs of GitLab pipelines');

/** A new project with these files and the repository's templates. */
export function createProject(files: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-gitlab-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  git('remote', 'add', 'origin', `git@gitlab.example.com:${PROJECT_PATH}.git`);
  for (const path of [
    'gitlab-templates/release-governance.yml',
    'gitlab-templates/release-governance-verify.yml',
    'templates',
  ]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  cpSync(join(root, 'examples'), join(folder, 'requests'), {
    recursive: true,
  });
  const project: Project = {
    folder,
    path: PROJECT_PATH,
    get sha() {
      return git('rev-parse', 'HEAD');
    },
    commit(more) {
      for (const [path, text] of Object.entries(more)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      git('add', '--force', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', 'change');
    },
    run: (options = {}) => runPipeline(folder, options),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
  project.commit({ '.gitignore': '.gitlab-ci-local/\n', ...files });
  return project;
}

async function runPipeline(folder: string, { variables = {}, authority }: RunOptions): Promise<PipelineRun> {
  rmSync(join(folder, '.gitlab-ci-local'), { recursive: true, force: true });
  const all = { GITLAB_CI: 'true', ...variables };
  const args = [
    GITLAB_CI_LOCAL,
    '--force-shell-executor',
    '--shell-isolation',
    '--no-artifacts-to-source',
    '--ignore-predefined-vars',
    Object.keys(all).join(','),
    ...Object.entries(all).flatMap(([name, value]) => ['--variable', `${name}=${value}`]),
  ];
  const { status, log } = await new Promise<{ status: number; log: string }>((resolve) => {
    execFile(
      process.execPath,
      args,
      // Nothing of what runs the tests reaches the jobs; a home without anybody's settings.
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: join(folder, '.home'), NO_COLOR: '1', NODE_EXTRA_CA_CERTS: authority },
        maxBuffer: 2 ** 26,
      },
      (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code ?? 1), log: withoutColours(stdout + stderr) }),
    );
  });
  const jobs = Object.fromEntries(
    [...log.matchAll(/^ *(PASS|FAIL|WARN) +(\S+)/gm)].map(([, state = '', job = '']) => [job, state as JobState]),
  );
  const read = (job: string, path: string) => {
    const file = join(folder, '.gitlab-ci-local/artifacts', job, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  return {
    status,
    log,
    jobs,
    jobLog: (job) =>
      log
        .split('\n')
        .filter((line) => line.startsWith(`${job} `))
        .map((line) => line.slice(job.length).trimStart())
        .join('\n'),
    artifact: read,
    outputs: (job) => parseDotenv(read(job, '.gitlab-ci-reports/dotenv/.cavra/go-daemon.env') ?? ''),
  };
}

function withoutColours(text: string): string {
  const start = String.fromCharCode(27);
  return text.replaceAll(new RegExp(`${start}\\[[0-9;]*[A-Za-z]`, 'g'), '');
}

/** As GitLab reads it: the first `=` divides, nothing is quoted. */
function parseDotenv(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** The gate's job, by default. */
export const GATE = 'release-governance';

/**
 * A pipeline with the gate, and a release that may only run after it.
 *
 * @param include the entry of `include`, without its inputs
 * @param jobs further jobs
 */
export function gatePipeline(include: string, inputs: Readonly<Record<string, unknown>>, jobs = ''): string {
  return `include:
  - ${include}
    inputs:
${inputsText(inputs)}
release:
  stage: deploy
  needs: [${GATE}]
  script:
    - 'echo "released: $CAVRA_VERDICT $CAVRA_DECISION $CAVRA_RULE_ID $CAVRA_RECORD_COUNT"'
${jobs}`;
}

/** Inputs in YAML; JSON is, save for two line separators that it leaves as they are. */
function inputsText(inputs: Readonly<Record<string, unknown>>): string {
  const escaped = (value: unknown) =>
    JSON.stringify(value).replace(
      /[^ -~]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return Object.entries(inputs)
    .map(([name, value]) => `      ${name}: ${escaped(value)}\n`)
    .join('');
}
