import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** What of a workflow these rules look at. */
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly env?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly env?: unknown;
  readonly needs?: string | readonly string[];
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Permissions that a job may have beside `contents: read`, each for its reason. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  'release.yml gate': ['id-token: write'],
  'release.yml npm': ['id-token: write'],
  'release.yml github': ['contents: write', 'id-token: write', 'attestations: write'],
  'release.yml major-tag': ['contents: write'],
};

/** A sentence for each rule that a workflow breaks: what a security linter would say of it. */
function problemsOf(name: string, text: string): readonly string[] {
  const workflow = parse(text) as Workflow;
  const problems: string[] = [];
  for (const event of ['pull_request_target', 'workflow_run', 'issue_comment']) {
    if (event in workflow.on) problems.push(`${event} runs with secrets beside what strangers wrote`);
  }
  if (workflow.permissions === undefined) problems.push('has no permissions of its own');
  if (workflow.env !== undefined) problems.push('gives every job its environment');
  for (const [id, job] of Object.entries(workflow.jobs)) {
    problems.push(...jobProblems(`${name} ${id}`, workflow, job).map((problem) => `${id}: ${problem}`));
  }
  for (const line of text.split('\n').filter((each) => /\buses: [^.]/.test(each))) {
    if (!/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
      problems.push(`names no commit with its version: ${line.trim()}`);
  }
  return problems;
}

function jobProblems(name: string, workflow: Workflow, job: Job): readonly string[] {
  const granted = job.permissions ?? (workflow.permissions as Job['permissions']) ?? {};
  const extra = Object.entries(granted)
    .map(([scope, access]) => `${scope}: ${access}`)
    .filter((grant) => grant !== 'contents: read' && !GRANTS[name]?.includes(grant));
  const expressions = job.steps.filter(({ run }) => run?.includes('${{'));
  const checkouts = job.steps.filter(
    ({ uses, with: inputs }) => uses?.startsWith('actions/checkout@') && inputs?.['persist-credentials'] !== false,
  );
  const secrets = job.steps.filter(({ uses, env }) => /secrets\./.test(JSON.stringify(env ?? {})) && uses !== './');
  return [
    ...extra.map((grant) => `may ${grant}`),
    ...expressions.map(({ run }) => `puts an expression into a shell: ${run?.split('\n')[0]}`),
    ...checkouts.map(() => 'leaves its token in the checkout'),
    ...secrets.map(() => 'gives secrets to more than the gate'),
    ...(job.env === undefined ? [] : ['gives every step its environment']),
    ...(job['timeout-minutes'] === undefined ? ['may run for six hours'] : []),
  ];
}

const files = repositoryFiles().filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path));

it.each(files)('%s keeps to what is safe', (path) => {
  expect(problemsOf(path.split('/').at(-1) ?? '', readRepositoryFile(path))).toEqual([]);
});

describe('the rules catch', () => {
  const good = `on:
  push:
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v4.2.2
        with:
          persist-credentials: false
      - run: echo "$NAME"
`;

  it('nothing in a good workflow', () => {
    expect(problemsOf('x.yml', good)).toEqual([]);
  });

  it.each([
    ['a privileged event', good.replace('push:', 'pull_request_target:')],
    ['default permissions', good.replace('permissions: {}\n', '')],
    ['an unexplained permission', good.replace('contents: read', 'contents: write')],
    ['an expression in a shell', good.replace('$NAME', `\${{ github.event.pull_request.title }}`)],
    ['a token left behind', good.replace('persist-credentials: false', 'fetch-depth: 1')],
    ['a tag', good.replace('@0123456789012345678901234567890123456789 # v4.2.2', '@v4')],
    ['a commit without its version', good.replace(' # v4.2.2', '')],
    ['no time limit', good.replace('    timeout-minutes: 5\n', '')],
    ['secrets in a shell', `${good}        env:\n          KEY: \${{ secrets.KEY }}\n`],
    ['an environment for all', good.replace('jobs:', 'env:\n  A: b\njobs:')],
  ])('%s', (_, text) => {
    expect(problemsOf('x.yml', text)).not.toEqual([]);
  });
});

describe('a release', () => {
  const { jobs } = parse(readRepositoryFile('.github/workflows/release.yml')) as Workflow;
  const needs = (id: string): readonly string[] =>
    [jobs[id]?.needs ?? []].flat().flatMap((each) => [each, ...needs(each)]);

  it('passes the project’s own gate, in a protected environment, before anything is published', () => {
    const publishing = Object.keys(jobs).filter((id) => /npm publish|gh release|gh api/.test(JSON.stringify(jobs[id])));
    expect(publishing).toEqual(['npm', 'github', 'major-tag']);
    for (const id of publishing) expect(needs(id)).toContain('gate');
    expect(jobs['gate']?.environment).toBe('release');
    expect(jobs['gate']?.steps.filter(({ uses }) => uses === './')).toHaveLength(1);
    expect(jobs['npm']?.steps.filter(({ uses }) => uses === './actions/verify')).toHaveLength(1);
  });

  it('has scripts that a shell understands', () => {
    for (const { run } of Object.values(jobs).flatMap(({ steps }) => steps)) {
      if (run !== undefined) execFileSync('bash', ['-n'], { input: run });
    }
  });
});
