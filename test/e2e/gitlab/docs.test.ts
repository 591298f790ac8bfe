import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIAGNOSES, GATE_OUTPUTS, lintPolicyFile } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { runCli } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { ciSchemaErrors } from './ci-schema.ts';
import { type Instance, RUNNER_KEY, startInstance } from './instance.ts';
import { createProject, describePipelines, GATE, type Project } from './project.ts';

const PAGE = readRepositoryFile('docs/gitlab.md');

const BLOCKS = blocksFor('test/e2e/gitlab/docs.test.ts');
const EXAMPLES = BLOCKS.filter(({ language }) => language === 'yaml');

interface Include {
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly [source: string]: unknown;
}

const pipelines = EXAMPLES.filter(({ text }) => /^include:/m.test(text)).map((example, index) => ({
  ...example,
  index,
  pipeline: parse(example.text, { version: '1.1' }) as { readonly include: readonly Include[] },
}));
const policies = EXAMPLES.filter(({ text }) => text.startsWith('schema_version:'));

/** The file of this repository that an entry of `include` is about. */
function templateOf(include: Include): string {
  const source =
    [include['file'], include['remote'], include['component']].find((value) => typeof value === 'string') ?? '';
  const name = /release-governance-verify/.test(source) ? 'release-governance-verify' : 'release-governance';
  return typeof include['component'] === 'string' ? `templates/${name}/template.yml` : `gitlab-templates/${name}.yml`;
}

interface InputSpec {
  readonly type: string;
  readonly options?: readonly unknown[];
  readonly regex?: string;
}

function inputErrors(include: Include): readonly string[] {
  const [header] = parseAllDocuments(readRepositoryFile(templateOf(include)));
  const declared: Readonly<Record<string, InputSpec>> = header?.toJS().spec.inputs;
  return Object.entries(include.inputs ?? {}).flatMap(([name, value]) => {
    const input = declared[name];
    if (input === undefined) return `${name} is no input`;
    const type = Array.isArray(value) ? 'array' : typeof value;
    if (type !== input.type) return `${name} is of type ${type}`;
    if (input.options !== undefined && !input.options.includes(value)) return `${name} has no option ${value}`;
    return input.regex !== undefined && !new RegExp(input.regex).test(String(value)) ? `${name} is not accepted` : [];
  });
}

it('has pipelines for each of its subjects', () => {
  const headings = new Set(pipelines.map(({ heading }) => heading));
  for (const heading of [
    'Merge requests',
    'Parent and child pipelines',
    'Environments',
    'Without a network',
    'Without OIDC: HMAC',
    'Enforced by an administrator',
  ]) {
    expect([...headings]).toContain(heading);
  }
});

describe.each(pipelines)('pipeline $index, $heading', ({ pipeline }) => {
  it('is valid by GitLab’s schema', () => {
    expect(ciSchemaErrors(pipeline)).toEqual([]);
  });

  it('includes what there is, with inputs that are accepted', () => {
    for (const include of pipeline.include) {
      expect(existsSync(join(root, templateOf(include)))).toBe(true);
      expect(inputErrors(include)).toEqual([]);
    }
  });
});

describe.each(policies)('trust policy under $heading', ({ heading, text }) => {
  it('is valid, and has no habit that the page does not speak of', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cavra-policy-'));
    try {
      await writeFile(join(folder, 'policy.yaml'), text);
      const { valid, findings } = await lintPolicyFile('policy.yaml', folder);
      const expected = heading === 'Merge requests' ? ['pull-request-event', 'pull-request-ref'] : [];
      expect({ valid, findings: findings.map(({ code }) => code) }).toEqual({ valid: true, findings: expected });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('the execution policy brings a file that is there', () => {
  const [policy] = EXAMPLES.filter(({ text }) => text.startsWith('pipeline_execution_policy:')).map(({ text }) =>
    parse(text),
  );
  expect(policy.pipeline_execution_policy).toHaveLength(1);
  expect(policy.pipeline_execution_policy[0]).toMatchObject({
    enabled: true,
    pipeline_config_strategy: 'inject_policy',
    content: { include: [{ project: 'security/policies', file: 'release-gate.yml' }] },
    variables_override: { allowed: false },
  });
});

it('names only outputs and codes that there are', () => {
  const outputs = [...Object.keys(GATE_OUTPUTS), 'artifact-name'].map(
    (name) => `CAVRA_${name.toUpperCase().replaceAll('-', '_')}`,
  );
  const section = PAGE.slice(PAGE.indexOf('## Outputs'), PAGE.indexOf('## When it fails'));
  expect([...section.matchAll(/`(CAVRA_[A-Z_]+)`/g)].map(([, name]) => name).sort()).toEqual(outputs.sort());
  const codes = [...PAGE.matchAll(/CAVRA-E[0-9]{3}/g)].map(([code]) => code);
  expect(codes.filter((code) => !(code in DIAGNOSES))).toEqual([]);
});

describePipelines('as they stand', () => {
  let instance: Instance;
  let project: Project | undefined;
  beforeAll(async () => {
    instance = await startInstance();
  });
  afterEach(() => project?.dispose());
  afterAll(() => instance.close());

  /** The example with the repository's own files in place of those of another project. */
  function create(
    heading: string,
    inputs: Readonly<Record<string, unknown>>,
    files: Readonly<Record<string, string>> = {},
  ): Project {
    const example = pipelines.find((each) => each.heading === heading);
    const include = example?.pipeline.include.map((each) => ({
      local: templateOf(each),
      inputs: { ...each.inputs, ...(templateOf(each).includes('verify') ? {} : inputs) },
    }));
    project = createProject({
      'release/request.json': readRepositoryFile('examples/approved-promotion.json'),
      'release.sh': 'echo "released: $CAVRA_VERDICT"\n',
      ...files,
      '.gitlab-ci.yml': JSON.stringify({ ...example?.pipeline, include }).replaceAll('./release.sh', 'sh release.sh'),
    });
    return project;
  }

  it('the quick start passes: its request, its key, its pipeline', async () => {
    const inQuickStart = (language: string) =>
      BLOCKS.find((block) => block.heading === 'Quick start' && block.language === language)?.text ?? '';
    const key = spawnSync('sh', ['-e', '-c', inQuickStart('sh')], { encoding: 'utf8' }).stdout.trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    // The test's own GitLab is self-managed, so it has to be pinned; on GitLab.com nothing is.
    const issuer = instance.gitlab.origin;
    const made = create('Quick start', { issuer }, { 'release/request.json': inQuickStart('json') });
    const stored = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key, CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2026-q4' };
    const run = await made.run({ variables: { ...instance.jobVariables(made), ...stored } });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    expect(run.jobLog('release')).toContain('released: pass');
  });

  it('the optional key signs a checkpoint', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cavra-key-'));
    const [, commands = ''] = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const key = spawnSync('sh', ['-e', '-c', commands], { cwd: folder, encoding: 'utf8' }).stdout.trim();
    const issuer = instance.gitlab.origin;
    const made = create('Quick start', { issuer });
    const variables = { ...instance.jobVariables(made), CAVRA_ATTESTATION_KEY: key };
    const run = await made.run({ variables });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    const evidence = join(made.folder, '.gitlab-ci-local/artifacts', GATE, '.cavra/go-daemon');
    const args = ['verify', evidence, '--public-key', 'attestation.pub'];
    expect(await runCli(args, { workingDirectory: folder })).toMatchObject({ status: 0, stderr: '' });
    await rm(folder, { recursive: true });
  });

  it('several gates pass, and the release after both', async () => {
    const request = readRepositoryFile('examples/approved-promotion.json');
    const made = create(
      'Several gates in one pipeline',
      { issuer: instance.gitlab.origin },
      { 'release/app.json': request, 'release/database/1.json': request, 'release/schema.json': request },
    );
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ 'gate-app': 'PASS', 'gate-database': 'PASS', release: 'PASS' });
  });

  it('HMAC passes', async () => {
    const made = create('Without OIDC: HMAC', {});
    const run = await made.run({ variables: { ...instance.jobVariables(made), ...RUNNER_KEY } });
    expect(run.jobs).toEqual({ [GATE]: 'PASS' });
  });

  it('the protected job passes, and the release after it', async () => {
    const made = create('Verify in a protected job', { issuer: instance.gitlab.origin });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', 'release-governance-verify': 'PASS', release: 'PASS' });
  });
});
