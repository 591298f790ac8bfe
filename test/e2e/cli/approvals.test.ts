import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliRun, HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';

/** Approvals from `approve` to `gate` and `verify`, on one machine, with the real ssh-keygen. */

let folder: string;
let workspace: string;
let commit: string;

const ANN = 'ann';
const CARA = 'cara';
const APPROVALS = 'evidence/release-governance-approvals.jsonl';
const RECORD = { metadata_kind: 'rollout-promotion-execution', release_version: 'v2.4.0' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-approvals-'));
  workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  for (const name of [ANN, CARA])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  write('release.json', JSON.stringify({ target: 'production', release_governance: RECORD }));
  write('.gitignore', 'evidence*\napprovals\napp.tgz\n*.pem\npolicy.yaml\n');
  write('app.tgz', 'the artifact');
  write('policy.yaml', policy('required: 1'));
  git('init', '-q', '.');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'release');
  commit = git('rev-parse', 'HEAD').trim();
  mkdirSync(join(workspace, 'approvals'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(workspace, name), text);
const read = (name: string) => readFileSync(join(workspace, name), 'utf8');
const git = (...args: string[]) => execFileSync('git', ['-C', workspace, ...args], { encoding: 'utf8' });
const publicKey = (name: string) => readFileSync(join(folder, `${name}.pub`), 'utf8').trim();

function policy(terms: string): string {
  return `schema_version: cavra.release-governance.trust-policy.v1
approvers:
  managers: [{ name: ann, ssh: ['${publicKey(ANN)}'] }]
  incident: [{ name: cara, ssh: ['${publicKey(CARA)}'] }]
rules:
  - name: local-release
    provider: local
    methods: [hmac]
    match: { key_id: ${HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_KEY_ID} }
    approvals: { ${terms}, approvers: [managers], sources: [ssh], exclude: [], emergency: [incident] }
`;
}

const environment = () => ({
  ...HMAC_ENVIRONMENT,
  CAVRA_RUNNER_PROVIDER: 'local',
  CAVRA_RUNNER_REPOSITORY: 'octo-org/octo-repo',
  CAVRA_RUNNER_SHA: commit,
  CAVRA_RUNNER_RUN_ID: '7',
});

async function approve(name: string, ...args: string[]): Promise<void> {
  const run = await runCli(
    [
      'approve',
      'release.json',
      '--repository',
      'local:octo-org/octo-repo',
      '--key',
      join(folder, name),
      '--output',
      `approvals/${name}.approval.json`,
      ...args,
    ],
    { workingDirectory: workspace },
  );
  expect(run).toMatchObject({ status: 0, stderr: '' });
}

interface Decided {
  readonly run: CliRun;
  readonly rule: string | undefined;
  readonly reason: string;
  readonly code: string | null;
  readonly result: { readonly notes: readonly string[]; readonly evidence: { readonly valid: boolean } };
}

async function gate(extra: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<Decided> {
  const run = await runCli(
    [
      'gate',
      'release.json',
      '--format',
      'json',
      ...(args.includes('--evidence-dir') ? [] : ['--evidence-dir', 'evidence']),
      '--trust-policy',
      'policy.yaml',
      '--approval',
      'approvals/*.approval.json',
      ...args,
    ],
    { workingDirectory: workspace, environment: { ...environment(), ...extra } },
  );
  const result = JSON.parse(run.stdout);
  const [decision] = result.decisions ?? [];
  return { run, rule: decision?.rule_id, reason: decision?.reason ?? '', code: result.diagnosis?.code ?? null, result };
}

const PROVEN = 'release_governance.approval.proven';
const UNPROVEN = 'release_governance.approval.unproven';

describe('a release that needs an approval', () => {
  test('waits for it, and passes with it', async () => {
    const waiting = await gate();
    expect([waiting.run.status, waiting.rule, waiting.code]).toEqual([1, UNPROVEN, 'CAVRA-E101']);
    await approve(ANN);
    const passed = await gate();
    expect([passed.run.status, passed.rule]).toEqual([0, PROVEN]);
    const lines = read(APPROVALS)
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.map(({ summary }) => summary.counted)).toEqual([0, 1]);
    expect(lines[1]).toMatchObject({
      run: { commit, run_id: '7', asserted: ['repository', 'commit', 'run_id'] },
      starters: null,
    });
    const { statement, signature } = lines[1].approvals[0].proof;
    expect(statement).toBe(read('approvals/ann.approval.json'));
    expect(signature).toBe(read('approvals/ann.approval.json.sig'));
    expect((await verify()).status).toBe(0);
  });

  test('does not pass with an approval of another commit, request or artifact', async () => {
    await approve(ANN, '--subject', 'app.tgz');
    expect((await gate()).reason).toContain('the gate is given none (subject-path)');
    expect((await gate({}, '--subject', 'app.tgz')).rule).toBe(PROVEN);
    write('app.tgz', 'another artifact');
    expect((await gate({}, '--subject', 'app.tgz')).reason).toContain('it is of other artifacts');
    write('app.tgz', 'the artifact');
    expect(
      (await gate({ CAVRA_RUNNER_SHA: 'a'.repeat(40) }, '--subject', 'app.tgz', '--evidence-dir', 'evidence2')).reason,
    ).toContain('it is of the commit');
    appendFileSync(join(workspace, 'release.json'), '\n');
    expect((await gate({}, '--subject', 'app.tgz')).reason).toContain(
      'ann.approval.json is of other bytes of release.json',
    );
  });

  test('passes by an emergency, marked as one, and not after a rejection', async () => {
    await approve(CARA, '--emergency', '--run-id', '7', '--reason', 'database is down');
    const passed = await gate();
    expect([passed.run.status, passed.rule]).toEqual([0, 'release_governance.approval.emergency']);
    expect(passed.reason).toContain('emergency approval of cara');
    expect(JSON.parse(read(APPROVALS)).summary).toMatchObject({ counted: 0, emergency: 'cara' });
    expect((await gate({ CAVRA_RUNNER_RUN_ID: '8' }, '--evidence-dir', 'evidence2')).rule).toBe(UNPROVEN);
    await approve(ANN, '--reject', '--reason', 'freeze');
    expect((await gate()).rule).toBe('release_governance.approval.rejected');
  });

  test('is judged for an inline request by its exact bytes', async () => {
    await approve(ANN);
    const args = [
      '--format',
      'json',
      '--evidence-dir',
      'evidence',
      '--trust-policy',
      'policy.yaml',
      '--approval',
      'approvals/*.approval.json',
    ];
    const inline = (text: string) =>
      runCli(['gate', '--request-json', text, ...args], { workingDirectory: workspace, environment: environment() });
    expect(JSON.parse((await inline(read('release.json'))).stdout).decisions[0].rule_id).toBe(PROVEN);
    expect(JSON.parse((await inline(`${read('release.json')} `)).stdout).decisions[0].rule_id).toBe(UNPROVEN);
  });
});

describe('the evidence of approvals', () => {
  const verify = (...args: string[]) =>
    runCli(['verify', 'evidence', '--format', 'json', ...args], {
      workingDirectory: workspace,
      environment: HMAC_ENVIRONMENT,
    });

  test('is under the checkpoint: a changed, added or removed approvals file is noticed', async () => {
    const key = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' });
    write('public.pem', execFileSync('openssl', ['pkey', '-pubout'], { input: key, encoding: 'utf8' }));
    await approve(ANN);
    const passed = await gate({ CAVRA_ATTESTATION_KEY: key, CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4' });
    expect(passed.rule).toBe(PROVEN);
    const check = () => verify('--public-key', 'public.pem');
    expect((await check()).status).toBe(0);
    const text = read(APPROVALS);
    for (const changed of [text.replace('"counted":1', '"counted":2'), `${text}${text}`, undefined]) {
      if (changed === undefined) rmSync(join(workspace, APPROVALS));
      else write(APPROVALS, changed);
      const run = await check();
      expect(run.status).toBe(4);
      expect(JSON.parse(run.stdout).findings).toContainEqual(
        expect.objectContaining({
          code: 'checkpoint_mismatch',
          message: expect.stringContaining('release-governance-approvals.jsonl'),
        }),
      );
    }
    write(APPROVALS, text);
    expect((await check()).status).toBe(0);
  });

  test('refers to the line by its digest, within the hash chain', async () => {
    await approve(ANN);
    await gate();
    const record = JSON.parse(read('evidence/release-governance-evidence.jsonl'));
    const digest = createHash('sha256').update(read(APPROVALS).trimEnd()).digest('hex');
    expect(record.response.evidence_refs).toEqual([
      expect.stringMatching(/^evidence:\/\/local\/dec_/),
      `urn:cavra:approvals:sha256:${digest}`,
      `go-daemon-evidence://${record.record_id}`,
    ]);
    expect(JSON.parse(read(APPROVALS)).record_id).toBe(record.record_id);
  });

  test('that a killed run left is made good before the next line', async () => {
    await approve(ANN);
    await gate();
    const orphan = read(APPROVALS).replace(/"record_id":"[0-9a-f]{24}"/, `"record_id":"${'0'.repeat(24)}"`);
    appendFileSync(join(workspace, APPROVALS), `${orphan}{"torn`);
    const next = await gate();
    expect(next.result.notes).toContainEqual(expect.stringContaining('belonged to no record and was removed'));
    expect(read(APPROVALS).trimEnd().split('\n')).toHaveLength(2);
    expect((await verify()).status).toBe(0);
  });
});

describe('a set-up in which approvals would not be asked for', () => {
  test('is refused', async () => {
    await approve(ANN);
    expect((await gate({}, '--rules', 'compatible')).code).toBe('CAVRA-E250');
    const fixed = ['--runtime', 'app.tgz', '--runtime-sha256', 'a'.repeat(64)];
    expect((await gate({}, ...fixed)).code).toBe('CAVRA-E254');
    write('policy.yaml', policy('required: 1').replace('exclude: []', 'exclude: [starter]'));
    expect((await gate()).code).toBe('CAVRA-E210');
    expect(existsSync(join(workspace, 'evidence'))).toBe(false);
  });

  test('is told where no policy asks for what was handed over', async () => {
    write('policy.yaml', policy('required: 1').replace(/ {4}approvals:.*\n/, ''));
    await approve(ANN);
    const { result, rule } = await gate();
    expect(rule).toBe('release_governance.approval.missing');
    expect(result.notes).toContainEqual(expect.stringContaining('the trust policy asks for no approvals'));
    expect(existsSync(join(workspace, APPROVALS))).toBe(false);
  });

  test('a request cannot bring a reference of its own', async () => {
    const refs = ['urn:cavra:approvals:sha256:00', ' URN:CAVRA:Approvals:x'];
    write(
      'release.json',
      JSON.stringify({ target: 'production', release_governance: { ...RECORD, evidence_refs: refs } }),
    );
    const { run, code } = await gate();
    expect([run.status, code]).toEqual([2, 'CAVRA-E205']);
    expect(run.stderr).toContain('which only the gate may write');
  });
});

function verify(): Promise<CliRun> {
  return runCli(['verify', 'evidence'], { workingDirectory: workspace, environment: HMAC_ENVIRONMENT });
}

describe('policy explain', () => {
  const explain = (...args: string[]) =>
    runCli(
      [
        'policy',
        'explain',
        'policy.yaml',
        '--claims',
        'claims.json',
        '--key-id',
        HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_KEY_ID,
        ...args,
      ],
      { workingDirectory: workspace },
    );

  test('says whose approvals count, and which of those that are there', async () => {
    write(
      'claims.json',
      JSON.stringify({ provider: 'local', repository: 'octo-org/octo-repo', sha: commit, run_id: '7' }),
    );
    const bare = await explain();
    expect(bare).toMatchObject({ status: 0 });
    for (const words of [
      '1 person by ssh, not older than 3d',
      'nobody is excluded',
      'alone: cara',
      'counts ann: by ssh',
    ]) {
      expect(bare.stdout).toContain(words);
    }
    await approve(ANN);
    await approve(CARA);
    const { stdout } = await explain('--request', 'release.json', '--approval', 'approvals/*', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      decision: { trusted: true, rule: 'local-release' },
      approvals: {
        required: 1,
        people: [{ name: 'ann', counts_by: ['ssh'], why_not: null }],
        judged: [
          { approver: 'ann by ssh', counted: true },
          { approver: 'cara by ssh', counted: false, why_not: 'the person is not among its approvers' },
        ],
      },
    });
  });
});
