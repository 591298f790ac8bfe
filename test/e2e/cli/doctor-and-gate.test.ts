import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';
import { AUDIENCE, azureTrust, gitlabTrust, type Platforms, startPlatforms } from '../oidc/harness.ts';

/** `doctor` says READY exactly where the gate passes an approved request, and else the exit status with which the gate ends. */

type Environment = Readonly<Record<string, string>>;

let platforms: Platforms;
beforeAll(async () => {
  platforms = await startPlatforms();
});
afterAll(() => platforms.close());

const RUNNER = HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY;
const EVIDENCE = HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY;
const EVIDENCE_ENVIRONMENT = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: EVIDENCE,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_KEY_ID,
};
const RUNNER_ENVIRONMENT = { CAVRA_RUNNER_AUTH_HMAC_KEY: RUNNER, CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2099-q4' };
const REQUEST = readRepositoryFile('examples/approved-promotion.json');

const fingerprint = (key: string) => createHash('sha256').update(`cavra.key-fingerprint.v1\n${key}`).digest('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function keyring(pin: object = {}): string {
  const key = (purpose: string, id: string, env: string, more: object = {}) => ({
    id,
    purpose,
    algorithm: 'HMAC-SHA256',
    status: 'active',
    secret: { env },
    ...more,
  });
  return JSON.stringify({
    schema_version: 'cavra.release-governance.keyring.v1',
    keys: [
      key('evidence', 'ci-evidence-2099-q4', 'CAVRA_DAEMON_EVIDENCE_HMAC_KEY'),
      key('runner', 'ci-runner-2099-q4', 'CAVRA_RUNNER_AUTH_HMAC_KEY', pin),
    ],
  });
}
const PINNED_RING = keyring({ secret_sha256: fingerprint(RUNNER), repositories: ['example-org/example-repo'] });

/** The facts are those of the fakes. */
function policy(issuer: string, more = ''): string {
  return `schema_version: cavra.release-governance.trust-policy.v1
rules:
  - name: this repository
    provider: github-actions
    issuer: ${issuer}
    match:
      repository: example-org/example-repo
${more}`;
}

interface Case {
  readonly environment: Environment;
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Something that a file cannot say. */
  readonly prepare?: (folder: string) => void;
  readonly expected: number;
}

const github = (facts = {}): Environment => ({
  ...platforms.github.startJob(facts).environment,
  ...EVIDENCE_ENVIRONMENT,
});
const gitlab = (facts = {}): Environment => ({
  ...platforms.gitlab.startJob({ idTokens: { GITLAB_OIDC_TOKEN: AUDIENCE }, ...facts }).environment,
  ...EVIDENCE_ENVIRONMENT,
});
const azure = (facts = {}): Environment => ({
  ...platforms.azure.startJob(facts).environment,
  ...EVIDENCE_ENVIRONMENT,
});
const without = (environment: Environment, ...names: string[]): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
const PULL_REQUEST = { event: 'pull_request', ref: 'refs/pull/7/merge' };
/** What lets a pull request pass. */
const pullRequestPolicy = () =>
  policy(platforms.github.issuer, '      event_name: pull_request\n      ref: { glob: refs/pull/*/merge }\n');

const CASES: readonly (readonly [string, () => Case])[] = [
  ['GitHub, by its token', () => ({ environment: github(), expected: 0 })],
  ['GitHub without permission', () => ({ environment: github({ mayAsk: false }), expected: 3 })],
  [
    'GitHub without permission, with an HMAC key that nobody chose',
    () => ({ environment: { ...github({ mayAsk: false }), ...RUNNER_ENVIRONMENT }, expected: 3 }),
  ],
  [
    'GitHub with an HMAC key, chosen',
    () => ({
      environment: { ...github({ mayAsk: false }), ...RUNNER_ENVIRONMENT, CAVRA_RUNNER_AUTH: 'hmac' },
      expected: 0,
    }),
  ],
  [
    'GitHub with an HMAC key, chosen beside a token that could be had',
    () => ({ environment: { ...github(), ...RUNNER_ENVIRONMENT, CAVRA_RUNNER_AUTH: 'hmac' }, expected: 0 }),
  ],
  ['GitHub, HMAC without a key', () => ({ environment: github(), args: ['--auth', 'hmac'], expected: 3 })],
  [
    'GitHub, no evidence key',
    () => ({ environment: without(github(), ...Object.keys(EVIDENCE_ENVIRONMENT)), expected: 2 }),
  ],
  [
    'GitHub, half of what it takes to ask for a token',
    () => ({ environment: without(github(), 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'), expected: 3 }),
  ],
  [
    'GitHub, automatic tokens forbidden',
    () => ({ environment: { ...github(), CAVRA_RUNNER_OIDC_AUTO: 'false' }, expected: 3 }),
  ],
  [
    'GitHub, automatic tokens neither',
    () => ({ environment: { ...github(), CAVRA_RUNNER_OIDC_AUTO: '0' }, expected: 2 }),
  ],
  [
    'GitHub, a token in a variable that is not there',
    () => ({ environment: { ...github(), CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'NOWHERE' }, expected: 3 }),
  ],
  [
    'GitHub, keys without an issuer',
    () => ({ environment: { ...github(), CAVRA_RUNNER_OIDC_JWKS_URL: 'https://x.example' }, expected: 2 }),
  ],
  [
    'GitHub, an issuer that is no address',
    () => ({ environment: github(), args: ['--issuer', 'ci.example'], expected: 2 }),
  ],
  [
    'GitHub, its own issuer pinned',
    () => ({ environment: github(), args: ['--issuer', platforms.github.issuer], expected: 0 }),
  ],
  [
    'GitHub, a file of keys that is not there',
    () => ({
      environment: github(),
      args: ['--issuer', platforms.github.issuer, '--jwks', 'nowhere.json'],
      expected: 3,
    }),
  ],
  [
    'GitHub, a file of keys that is not the pinned one',
    () => ({
      environment: github(),
      args: ['--issuer', platforms.github.issuer, '--jwks', `jwks.json@sha256:${'0'.repeat(64)}`],
      files: { 'jwks.json': '{"keys":[]}' },
      expected: 2,
    }),
  ],
  [
    'GitHub, moved evidence',
    () => ({ environment: { ...github(), CAVRA_RUNTIME_EVIDENCE_LOG: '/elsewhere.jsonl' }, expected: 2 }),
  ],
  [
    'GitHub, an unpinned runtime',
    () => ({ environment: { ...github(), CAVRA_RUNTIME_PATH: './cavra-runtime' }, expected: 2 }),
  ],
  [
    'GitHub, a runtime that is not the pinned one',
    () => ({
      environment: github(),
      args: ['--runtime', './cavra-runtime', '--runtime-sha256', '0'.repeat(64)],
      files: { 'cavra-runtime': '#!/bin/sh\n' },
      expected: 2,
    }),
  ],
  ['GitHub, unverified TLS', () => ({ environment: { ...github(), NODE_TLS_REJECT_UNAUTHORIZED: '0' }, expected: 2 })],
  [
    'GitHub, authorities that are none',
    () => ({ environment: github(), args: ['--ca-certificates', 'nowhere.pem'], expected: 2 }),
  ],
  [
    'GitHub, a policy that is not there',
    () => ({ environment: github(), args: ['--trust-policy', 'nowhere.yaml'], expected: 2 }),
  ],
  [
    'GitHub, a policy that lets it pass',
    () => ({
      environment: github(),
      args: ['--trust-policy', 'policy.yaml'],
      files: { 'policy.yaml': policy(platforms.github.issuer) },
      expected: 0,
    }),
  ],
  [
    'GitHub, a policy that is none',
    () => ({
      environment: github(),
      args: ['--trust-policy', 'p.yaml'],
      files: { 'p.yaml': 'rules: []' },
      expected: 2,
    }),
  ],
  [
    'GitHub, subjects without a key for checkpoints',
    () => ({ environment: github(), args: ['--subject', 'request.json'], expected: 2 }),
  ],
  ['GitHub, no repository', () => ({ environment: without(github(), 'GITHUB_REPOSITORY'), expected: 3 })],
  [
    'GitHub and GitLab at once',
    () => ({ environment: { ...github(), GITLAB_CI: 'true', CI_PIPELINE_SOURCE: 'push' }, expected: 3 }),
  ],
  ['GitHub without its marker', () => ({ environment: without(github(), 'GITHUB_ACTIONS', 'CI'), expected: 3 })],
  [
    'GitHub without its marker, named',
    () => ({
      environment: { ...without(github(), 'GITHUB_ACTIONS', 'CI'), CAVRA_RUNNER_PROVIDER: 'github-actions' },
      expected: 0,
    }),
  ],
  [
    'GitHub without its marker, called local, with an HMAC key',
    () => ({
      environment: {
        ...without(github(), 'GITHUB_ACTIONS', 'CI'),
        ...RUNNER_ENVIRONMENT,
        CAVRA_RUNNER_PROVIDER: 'local',
      },
      expected: 3,
    }),
  ],
  ['GitHub, a pull request without a policy', () => ({ environment: github(PULL_REQUEST), expected: 3 })],
  ['GitHub, an event without a name', () => ({ environment: without(github(), 'GITHUB_EVENT_NAME'), expected: 3 })],
  ['GitHub, merge_group without a policy', () => ({ environment: github({ event: 'merge_group' }), expected: 3 })],
  [
    'GitHub, a pull request that chooses its issuer',
    () => ({ environment: github(PULL_REQUEST), args: ['--issuer', 'https://x.example'], expected: 2 }),
  ],
  [
    'GitHub, a pull request with a pinned policy that names its issuer',
    () => ({
      environment: github(PULL_REQUEST),
      args: [
        ...['--issuer', platforms.github.issuer],
        ...['--trust-policy', `policy.yaml@sha256:${sha256(pullRequestPolicy())}`],
      ],
      files: { 'policy.yaml': pullRequestPolicy() },
      expected: 0,
    }),
  ],
  [
    'GitHub, a pull request with an unpinned HMAC key',
    () => ({ environment: { ...github(PULL_REQUEST), ...RUNNER_ENVIRONMENT }, args: ['--auth', 'hmac'], expected: 3 }),
  ],
  [
    'GitHub, a pinned HMAC key',
    () => ({
      environment: { ...github({ mayAsk: false }), ...RUNNER_ENVIRONMENT },
      args: ['--auth', 'hmac', '--keyring', 'keyring.json'],
      files: { 'keyring.json': PINNED_RING },
      expected: 0,
    }),
  ],
  [
    'GitHub, an HMAC key that is not the pinned one',
    () => ({
      environment: { ...github(), ...RUNNER_ENVIRONMENT, CAVRA_RUNNER_AUTH_HMAC_KEY: `${RUNNER}-of-somebody-else` },
      args: ['--auth', 'hmac', '--keyring', 'keyring.json'],
      files: { 'keyring.json': PINNED_RING },
      expected: 2,
    }),
  ],
  [
    'GitLab, its issuer pinned',
    () => ({ environment: { ...gitlab(), ...gitlabTrust(platforms.gitlab) }, expected: 0 }),
  ],
  [
    'GitLab, its issuer alone',
    () => ({ environment: gitlab(), args: ['--issuer', platforms.gitlab.issuer], expected: 0 }),
  ],
  ['GitLab, nothing pinned', () => ({ environment: gitlab(), expected: 2 })],
  [
    'GitLab, nothing pinned, with an HMAC key',
    () => ({ environment: { ...gitlab(), ...RUNNER_ENVIRONMENT }, expected: 2 }),
  ],
  [
    'GitLab, another server than the pinned one',
    () => ({ environment: gitlab(), args: ['--issuer', 'https://elsewhere.example'], expected: 2 }),
  ],
  [
    'GitLab without a token',
    () => ({ environment: gitlab({ idTokens: {} }), args: ['--issuer', platforms.gitlab.issuer], expected: 3 }),
  ],
  [
    'GitLab, a child pipeline',
    () => ({
      environment: gitlab({ pipelineSource: 'parent_pipeline' }),
      args: ['--issuer', platforms.gitlab.issuer],
      expected: 2,
    }),
  ],
  ['Azure, its issuer pinned', () => ({ environment: { ...azure(), ...azureTrust(platforms.azure) }, expected: 0 })],
  ['Azure, nothing pinned', () => ({ environment: azure(), expected: 2 })],
  [
    'Azure, no access token',
    () => ({ environment: { ...azure({ mapsAccessToken: false }), ...azureTrust(platforms.azure) }, expected: 3 }),
  ],
  [
    'Azure, started by another pipeline',
    () => ({ environment: { ...azure({ reason: 'ResourceTrigger' }), ...azureTrust(platforms.azure) }, expected: 2 }),
  ],
  ['a machine of somebody, with keys', () => ({ environment: HMAC_ENVIRONMENT, expected: 0 })],
  ['a machine of somebody, without', () => ({ environment: EVIDENCE_ENVIRONMENT, expected: 3 })],
  [
    'a machine of somebody, OIDC chosen',
    () => ({ environment: HMAC_ENVIRONMENT, args: ['--auth', 'oidc'], expected: 3 }),
  ],
  ['a machine of somebody, ephemeral keys', () => ({ environment: {}, args: ['--ephemeral-keys'], expected: 0 })],
  [
    'a machine with a key that is too short',
    () => ({ environment: { ...HMAC_ENVIRONMENT, CAVRA_RUNNER_AUTH_HMAC_KEY: 'short' }, expected: 2 }),
  ],
  [
    'a keyring that is not the pinned one',
    () => ({
      environment: HMAC_ENVIRONMENT,
      args: ['--keyring', `keyring.json@sha256:${'0'.repeat(64)}`],
      files: { 'keyring.json': keyring() },
      expected: 2,
    }),
  ],
  [
    'a request with an unknown member',
    () => ({
      environment: HMAC_ENVIRONMENT,
      files: { 'request.json': REQUEST.replace('{', '{"unknown_member": 1,') },
      expected: 2,
    }),
  ],
  ['a request that is no JSON', () => ({ environment: HMAC_ENVIRONMENT, files: { 'request.json': '{' }, expected: 2 })],
  [
    'a request with runner_auth',
    () => ({
      environment: HMAC_ENVIRONMENT,
      files: { 'request.json': REQUEST.replace('{', '{"runner_auth": {},') },
      expected: 2,
    }),
  ],
  [
    'an evidence folder that is a file',
    () => ({ environment: HMAC_ENVIRONMENT, args: ['--evidence-dir', 'there'], files: { there: '' }, expected: 2 }),
  ],
  [
    'an evidence folder that is a link',
    () => ({
      environment: HMAC_ENVIRONMENT,
      args: ['--evidence-dir', 'there'],
      prepare: (folder) => {
        mkdirSync(join(folder, 'elsewhere'));
        symlinkSync('elsewhere', join(folder, 'there'));
      },
      expected: 2,
    }),
  ],
  [
    'no daemon at the socket',
    () => ({ environment: HMAC_ENVIRONMENT, args: ['--socket', '/nowhere/gate.sock'], expected: 2 }),
  ],
];

async function both({ environment, args = [], files = {}, prepare }: Case) {
  const workingDirectory = mkdtempSync(join(tmpdir(), 'cavra-doctor-'));
  try {
    for (const [name, text] of Object.entries({ 'request.json': REQUEST, ...files })) {
      writeFileSync(join(workingDirectory, name), text);
    }
    prepare?.(workingDirectory);
    const job = { CAVRA_CA_CERTIFICATES: platforms.authority.pinned, ...environment };
    const run = (command: string) =>
      runCli([command, 'request.json', '--format', 'json', ...args], { workingDirectory, environment: job });
    const doctor = await run('doctor');
    const gate = await run('gate');
    return { doctor, gate };
  } finally {
    rmSync(workingDirectory, { recursive: true, force: true });
  }
}

describe('doctor and gate agree', () => {
  it('over a table of many environments', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(40);
  });

  it.each(CASES)('%s', async (_, make) => {
    const example = make();
    const { doctor, gate } = await both(example);
    expect(gate.status).toBe(example.expected);
    const report = doctor.stdout === '' ? undefined : JSON.parse(doctor.stdout);
    const codes = (text: string) => /CAVRA-E\d+/.exec(text)?.[0];
    expect({ status: doctor.status, code: codes(doctor.stdout + doctor.stderr) }).toEqual({
      status: gate.status,
      code: codes(gate.stderr),
    });
    if (report?.checks !== undefined) expect(report.ready).toBe(gate.status === 0);
  });
});
