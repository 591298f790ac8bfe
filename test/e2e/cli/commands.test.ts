import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-commands-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return runCli(args, { workingDirectory: folder, environment });
}

const COMMANDS = [
  ['gate'],
  ['verify'],
  ['request', 'new'],
  ['request', 'lint'],
  ['policy', 'lint'],
  ['policy', 'explain'],
  ['doctor'],
];

describe('the program', () => {
  it('prints its version, the one of the package', async () => {
    const { version } = JSON.parse(readRepositoryFile('packages/cli/package.json'));
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('lists every command in its help', async () => {
    const { status, stdout } = await run(['--help']);
    expect(status).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command.join(' ')} `);
  });

  it.each(COMMANDS.map((command) => [command]))('explains %j', async (command) => {
    const { status, stdout, stderr } = await run([...command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: cavra-release-governance ${command.join(' ')}`);
    expect(stdout).toContain('Exit status: 0 pass');
  });

  it('lists the commands of a group', async () => {
    const { status, stdout } = await run(['request', '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}request new /m);
    expect(stdout).toMatch(/^ {2}request lint /m);
    expect(stdout).not.toMatch(/^ {2}gate /m);
  });

  it('explains a command that others are named after', async () => {
    const { status, stdout } = await run(['audit', '--help']);
    expect(status).toBe(0);
    for (const text of ['--shard', '--state', 'audit merge']) expect(stdout).toContain(text);
    expect((await run(['audit', 'merge', '--help'])).stdout).toContain('audit merge');
  });

  it('shows the variable of every option of the gate that has one', async () => {
    const { stdout } = await run(['gate', '--help']);
    for (const variable of ['CAVRA_EXPECTED_DECISION', 'CAVRA_TRUST_POLICY_SHA256', 'CAVRA_RUNNER_OIDC_JWKS_URL']) {
      expect(stdout).toContain(variable);
    }
  });

  it.each([
    [[], /no command/],
    [['gaet'], /unknown command "gaet"/],
    [['request'], /request new or request lint/],
    [['gate', '--no-such-option'], /--no-such-option/],
    [['gate', '--auth'], /--auth/],
    [['gate', '--auth', 'magic'], /--auth must be one of auto, oidc, hmac/],
    [['gate', '--auth', 'oidc', '--auth', 'hmac'], /more than once/],
    [['verify'], /argument is missing/],
    [['verify', 'a', 'b'], /unexpected argument "b"/],
  ])('refuses %j with a sentence and exit status 2', async (args, message) => {
    const { status, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('CAVRA-E217');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('prints the diagnosis as JSON where JSON was asked for', async () => {
    const { stdout } = await run(['verify', 'nowhere', '--integrity-only', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ exit_code: 4, diagnosis: { code: 'CAVRA-E403' } });
  });

  it('ends quietly when nobody reads what it prints', () => {
    const shell = `"${process.execPath}" "${CLI_BUNDLE}" gate --help | true; echo "status \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8', cwd: folder });
    expect({ stdout, stderr }).toEqual({ stdout: 'status 0\n', stderr: '' });
  });
});

describe('request', () => {
  it('new writes what lint and the gate accept', async () => {
    const written = await run([
      'request',
      'new',
      '--metadata-kind',
      'rollout-promotion-execution',
      '--approval-state',
      'approved',
      '--approval-id',
      'CHG-1',
      '--target',
      'prod',
      '--evidence-refs',
      'a',
      '--evidence-refs',
      'b',
      '--output',
      'request.json',
    ]);
    expect(written).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(JSON.parse(await readFile(join(folder, 'request.json'), 'utf8'))).toMatchObject({
      target: 'prod',
      release_governance: { approval_id: 'CHG-1', evidence_refs: ['a', 'b'] },
    });
    expect((await run(['request', 'lint', 'request.json'])).status).toBe(0);
    expect((await run(['gate', 'request.json', '--ephemeral-keys'])).status).toBe(0);
  });

  it('new names every value that does not fit', async () => {
    const { status, stderr } = await run(['request', 'new', '--blocked-count', '7.0', '--delivery-success', 'yes']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/blocked_count/);
    expect(stderr).toMatch(/delivery_success/);
  });

  it('lint names what is wrong by its path', async () => {
    await writeFile(
      join(folder, 'bad.json'),
      '{"target":"prod","release_governance":{"blocked_count":"7","Approval_State":"x"}}',
    );
    const { status, stdout } = await run(['request', 'lint', 'bad.json', '--format', 'json']);
    expect(status).toBe(2);
    const { valid, files } = JSON.parse(stdout);
    expect(valid).toBe(false);
    expect(files[0].findings.map(({ path }: { path: string }) => path)).toEqual([
      '/release_governance/Approval_State',
      '/release_governance/blocked_count',
    ]);
  });
});

describe('policy', () => {
  it('lint takes the examples and says what to pin', async () => {
    const { status, stdout } = await run(['policy', 'lint', 'examples/trust-policy-github.yaml']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/pin it with trust-policy-sha256 [0-9a-f]{64}/);
  });

  it('lint explains each problem with its line', async () => {
    await writeFile(join(folder, 'policy.yaml'), 'schema_version: nonsense\nrules: []\n');
    const { status, stdout } = await run(['policy', 'lint', 'policy.yaml']);
    expect(status).toBe(2);
    expect(stdout).toMatch(/policy\.yaml:1:\d+: error/);
  });

  it('explain says what passes by default, and stops a pull request', async () => {
    const claims = {
      iss: 'https://token.actions.githubusercontent.com',
      repository: 'example-org/shop',
      ref: 'refs/heads/main',
      event_name: 'push',
    };
    await writeFile(join(folder, 'claims.json'), JSON.stringify(claims));
    expect((await run(['policy', 'explain', '--claims', 'claims.json'])).status).toBe(0);
    await writeFile(join(folder, 'claims.json'), JSON.stringify({ ...claims, event_name: 'pull_request_target' }));
    const { status, stdout } = await run(['policy', 'explain', '--claims', 'claims.json']);
    expect(status).toBe(3);
    expect(stdout).toMatch(/NOT TRUSTED/);
    expect(stdout).toMatch(/unmet event_name/);
  });
});

describe('doctor', () => {
  const GITHUB = {
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: 'example-org/shop',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_RUN_ID: '1',
  };

  it('is content with HMAC keys and names them by id only', async () => {
    const { status, stdout } = await run(['doctor'], HMAC_ENVIRONMENT);
    expect(status).toBe(0);
    expect(stdout).toMatch(/READY/);
    expect(stdout).toContain('ci-runner-2099-q4');
    expect(stdout).toContain('ci-evidence-2099-q4');
    expect(stdout).not.toContain(HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY);
  });

  it('tells that a GitHub job may not ask for a token', async () => {
    const { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key } = HMAC_ENVIRONMENT;
    const { status, stdout } = await run(['doctor', '--format', 'json'], {
      ...GITHUB,
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key,
    });
    const report = JSON.parse(stdout);
    expect(status).toBe(3);
    expect(report).toMatchObject({ ready: false, provider: 'github-actions', method: 'none', exit_code: 3 });
    const authentication = report.checks.find(({ name }: { name: string }) => name === 'authentication');
    expect(authentication).toMatchObject({ state: 'missing' });
    expect(authentication.detail).toContain('CAVRA-E310');
    expect(authentication.action).toContain('id-token: write');
  });

  it('names issuer and audience that it would use, and the missing evidence key', async () => {
    const { status, stdout } = await run(['doctor', '--format', 'json'], {
      ...GITHUB,
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example/?a=b',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer-that-must-not-be-shown',
    });
    const report = JSON.parse(stdout);
    expect(status).toBe(2);
    expect(report.method).toBe('oidc');
    expect(stdout).toContain('issuer https://token.actions.githubusercontent.com, audience cavra-release-governance');
    expect(stdout).toContain('CAVRA-E206');
    expect(stdout).not.toContain('a-bearer-that-must-not-be-shown');
  });
});
