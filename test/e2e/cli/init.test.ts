import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runCli } from '../../support/cli.ts';
import { examinePipeline } from '../azure/pipeline-shape.ts';
import { ciSchemaErrors } from '../gitlab/ci-schema.ts';

const COMMIT = 'a1'.repeat(20);
const AZURE_ISSUER = 'https://vstoken.dev.azure.com/11111111-2222-3333-4444-555555555555';
const PROJECT = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';

let folder: string;
let repository: string;
let secrets: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-init-'));
  repository = join(folder, 'shop');
  secrets = join(folder, 'secrets');
  execFileSync('git', ['init', '-q', repository]);
  execFileSync('git', ['-C', repository, 'remote', 'add', 'origin', 'git@github.com:example-org/shop.git']);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const init = (...args: string[]) => runCli(['init', ...args], { workingDirectory: repository });
const read = (path: string) => readFileSync(join(repository, path), 'utf8');
const key = () => ['--key', '--secret-dir', secrets];

async function expectUsableRequest(): Promise<void> {
  const lint = await runCli(['request', 'lint', 'release/request.json'], { workingDirectory: repository });
  expect(lint).toMatchObject({ status: 0, stderr: '' });
  expect(lint.stdout).not.toMatch(/warning|error/);
}

describe('what is written works', () => {
  test('GitHub, without any secret: the workflow has an id-token, keyless seals and the reviewed commit', async () => {
    const run = await init('github', '--keyless', '--ref', COMMIT, '--approval-id', 'CHG-1');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { jobs } = parse(read('.github/workflows/release-gate.yml'));
    expect(jobs.gate.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(jobs.gate.steps[1]).toEqual({
      uses: `cavra/release-governance@${COMMIT}`,
      with: { request: 'release/request.json', attestation: 'keyless' },
    });
    expect(jobs.release.needs).toBe('gate');
    expect(read('.github/workflows/release-gate.yml')).not.toContain('secrets.');
    await expectUsableRequest();
    const gate = await runCli(['gate', 'release/request.json', '--ephemeral-keys'], { workingDirectory: repository });
    expect(gate).toMatchObject({ status: 0 });
  });

  test('GitHub, with a key: it lies outside, readable by its owner, in no output, and the command stores it', async () => {
    const run = await init('github', ...key(), '--ref', COMMIT);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const [, path = ''] = /gh secret set CAVRA_ATTESTATION_KEY < (\S+)/.exec(run.stdout) ?? [];
    const secret = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(secret).toMatch(/^[A-Za-z0-9+/]{64}$/);
    expect(run.stdout).not.toContain(secret);
    const { jobs } = parse(read('.github/workflows/release-gate.yml'));
    expect(jobs.gate.steps[1].env).toEqual({
      CAVRA_ATTESTATION_KEY: `\${{ secrets.CAVRA_ATTESTATION_KEY }}`,
      CAVRA_ATTESTATION_KEY_ID: path.slice(secrets.length + 1, -'.key'.length),
    });
    // The key is one that seals: its public half is that of the file beside it.
    const pem = execFileSync('openssl', ['pkey', '-inform', 'DER', '-pubout'], {
      input: Buffer.from(secret, 'base64'),
    });
    expect(readFileSync(path.replace(/\.key$/, '.pub'), 'utf8')).toBe(pem.toString());
  });

  test('GitLab: the pipeline is valid by GitLab’s schema, in a file of its own beside .gitlab-ci.yml', async () => {
    writeFileSync(join(repository, '.gitlab-ci.yml'), 'existing: { script: [true] }\n');
    const run = await init(
      'gitlab',
      ...key(),
      '--ref',
      COMMIT,
      '--issuer',
      'https://gitlab.example.org',
      '--environment',
      'production',
    );
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const pipeline = parse(read('.gitlab/release-gate.yml'));
    expect(ciSchemaErrors({ release: pipeline.release, 'release-governance': pipeline['release-governance'] })).toEqual(
      [],
    );
    expect(pipeline.include).toEqual([
      {
        project: 'cavra/release-governance',
        ref: COMMIT,
        file: 'gitlab-templates/release-governance.yml',
        inputs: { request: 'release/request.json', issuer: 'https://gitlab.example.org' },
      },
    ]);
    expect(pipeline['release-governance']).toEqual({ environment: 'production' });
    expect(read('.gitlab-ci.yml')).toBe('existing: { script: [true] }\n');
    expect(run.stdout).toContain('glab variable set CAVRA_ATTESTATION_KEY --masked --protected < ');
    await expectUsableRequest();
  });

  test('GitLab.com without any secret takes the keyless template', async () => {
    expect((await init('gitlab', '--keyless', '--ref', COMMIT)).status).toBe(0);
    expect(parse(read('.gitlab/release-gate.yml')).include[0].file).toBe(
      'gitlab-templates/release-governance-keyless.yml',
    );
  });

  test('Azure: the pipeline has no fault, and the issuer is that of the organisation', async () => {
    const run = await init('azure', ...key(), '--issuer', AZURE_ISSUER);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { steps, problems } = examinePipeline(parse(read('azure-pipelines-release.yml')));
    expect(problems).toEqual([]);
    const gate = steps.find(({ keys }) => 'task' in keys);
    expect(gate?.keys).toMatchObject({ inputs: { request: 'release/request.json', issuer: AZURE_ISSUER } });
    expect(run.stdout).toContain('az pipelines variable-group create --name cavra-evidence');
    await expectUsableRequest();
  });
});

describe('a trust policy', () => {
  test.each([
    [
      'github',
      ['--keyless', '--repository-id', '74', '--environment', 'production'],
      '.github/workflows/release-gate.yml',
      '.github/release-trust-policy.yaml',
    ],
    [
      'gitlab',
      ['--keyless', '--repository-id', '22', '--repository', 'group/sub/shop', '--environment', 'production'],
      '.gitlab/release-gate.yml',
      '.gitlab/release-trust-policy.yaml',
    ],
    [
      'azure',
      ['--key', '--secret-dir', '../secrets', '--repository-id', PROJECT, '--issuer', AZURE_ISSUER],
      'azure-pipelines-release.yml',
      'release/trust-policy.yaml',
    ],
  ])('of %s is valid, and the pipeline pins it by its digest', async (platform, args, pipeline, policy) => {
    const run = await init(platform, '--policy', ...args);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const lint = await runCli(['policy', 'lint', policy, '--format', 'json'], { workingDirectory: repository });
    const report = JSON.parse(lint.stdout);
    expect(report).toMatchObject({ valid: true, problems: [] });
    expect(read(pipeline)).toContain(policy);
    expect(read(pipeline)).toContain(report.sha256);
  });

  test('needs the repository’s id, and says how to find it', async () => {
    const run = await init('github', '--keyless', '--policy');
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/CAVRA-E217/);
    expect(run.stderr).toContain('gh api repos/OWNER/NAME --jq .id');
  });
});

describe('without a reviewed commit', () => {
  test.each(['github', 'gitlab'])(
    'the pipeline of %s holds a placeholder, and the command that finds a commit is printed',
    async (platform) => {
      const run = await init(platform, '--keyless');
      expect(run.status).toBe(0);
      const pipeline = read(platform === 'github' ? '.github/workflows/release-gate.yml' : '.gitlab/release-gate.yml');
      expect(pipeline).toContain('REPLACE_WITH_THE_COMMIT_THAT_YOU_REVIEWED');
      expect(run.stdout).toContain('git ls-remote');
    },
  );
});

describe('nothing is lost', () => {
  test('an existing file stops everything; --force replaces it, and never a key', async () => {
    mkdirSync(join(repository, 'release'));
    writeFileSync(join(repository, 'release/request.json'), '{}');
    const refused = await init('github', ...key());
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toMatch(/release\/request\.json.*CAVRA-E219/);
    expect(existsSync(secrets)).toBe(false);
    expect(existsSync(join(repository, '.github'))).toBe(false);

    expect((await init('github', ...key(), '--force')).status).toBe(0);
    expect(read('release/request.json')).toContain('rollout-promotion-execution');
    const again = await init('github', ...key(), '--force');
    expect(again.status).toBe(2);
    expect(again.stderr).toMatch(/\.key.*CAVRA-E219/);
  });

  test('--dry-run shows every file and writes none', async () => {
    const run = await init('github', ...key(), '--dry-run');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('uses: cavra/release-governance@');
    expect(run.stdout).toContain('"metadata_kind": "rollout-promotion-execution"');
    expect(existsSync(join(repository, 'release'))).toBe(false);
    expect(existsSync(secrets)).toBe(false);
  });

  test('a pipeline that cannot be written leaves no request and no key behind', async () => {
    writeFileSync(join(repository, '.github'), 'a file where a folder belongs');
    const run = await init('github', ...key());
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain('CAVRA-E219');
    expect(existsSync(join(repository, 'release/request.json'))).toBe(false);
    expect(readdirSync(secrets)).toEqual([]);
  });

  test('the output fits a terminal of 80 columns, but for paths and commands', async () => {
    const { stdout } = await init('github', '--keyless');
    const prose = stdout.split('\n').filter((line) => !/^ {5}|\//.test(line));
    expect(prose.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('what does not fit is refused', () => {
  test.each([
    [['github'], /--keyless .*--key /],
    [['github', '--key', '--keyless'], /--keyless excludes --key/],
    [['github', '--key'], /--secret-dir/],
    [['github', '--key', '--secret-dir', 'keys'], /inside the repository/],
    [['github', '--key', '--secret-dir', '../link/keys'], /inside the repository/],
    [['github', '--keyless', '--ref', 'v1'], /40 lower-case hex digits/],
    [['github', '--keyless', '--request', '../request.json'], /--request/],
    [['github', '--keyless', '--request', '/etc/request.json'], /--request/],
    [['github', '--keyless', '--target', 'a\nb: c'], /--target/],
    [['github', '--keyless', '--approval-id', '"; rm -rf'], /--approval-id/],
    [['github', '--keyless', '--ref', ''], /--ref is empty/],
    [['azure', '--keyless'], /impossible on Azure/],
    [
      ['azure', '--key', '--secret-dir', '../secrets', '--environment', 'production'],
      /--environment has no meaning on Azure/,
    ],
    [['gitlab', '--keyless', '--issuer', 'https://gitlab.example.org'], /use --key/],
    [['gitlab', '--key', '--secret-dir', '../secrets', '--issuer', 'http://gitlab.example.org'], /--issuer/],
    [['bitbucket', '--keyless'], /no platform; say github, gitlab, azure/],
  ])('%j', async (args, sentence) => {
    symlinkSync(repository, join(folder, 'link'));
    const run = await init(...args);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toMatch(sentence);
    expect(run.stderr).toContain('CAVRA-E217');
    expect(existsSync(join(repository, 'release'))).toBe(false);
  });

  test('a folder outside of any repository', async () => {
    const run = await runCli(['init', 'github', '--keyless'], { workingDirectory: folder });
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/is in no Git repository.*CAVRA-E217/);
  });
});
