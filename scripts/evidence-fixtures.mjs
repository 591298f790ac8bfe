// @ts-check
// Writes evidence of this version, by the committed command line, to test/fixtures/evidence/<version>/. Later versions must verify it;
// so what is there is never written again once the version is released.
//
//   node scripts/evidence-fixtures.mjs
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'packages/cli/dist/cavra-release-governance.mjs');
const examples = join(root, 'examples');
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

const attestation = generateKeyPairSync('ed25519').privateKey;
const publicKey = createPublicKey(attestation).export({ format: 'pem', type: 'spki' }).toString();
const secret = () => randomBytes(32).toString('hex');
const secrets = { RUNNER_KEY: secret(), EVIDENCE_Q2: secret(), EVIDENCE_Q3: secret(), EVIDENCE_Q4: secret() };

const RUNNER = { CAVRA_RUNNER_AUTH_HMAC_KEY: secrets.RUNNER_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2026-q4' };
const Q2 = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: secrets.EVIDENCE_Q2,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2026-q2',
  CAVRA_KEY_ROTATION: 'off',
};
const Q3 = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: secrets.EVIDENCE_Q3,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2026-q3',
  CAVRA_KEY_ROTATION: 'off',
};
const Q4 = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: secrets.EVIDENCE_Q4,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2026-q4',
  CAVRA_KEY_ROTATION: 'off',
};
const ATTESTATION = {
  CAVRA_ATTESTATION_KEY: attestation.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2026-q4',
};
const GITHUB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_REPOSITORY: 'example-org/shop',
  GITHUB_WORKFLOW: 'Release',
  GITHUB_RUN_ID: '9000000001',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_SHA: COMMIT,
  GITHUB_ACTOR: 'release-bot',
  GITHUB_JOB: 'gate',
  GITHUB_EVENT_NAME: 'push',
  RUNNER_NAME: 'runner-7',
};
const GITLAB = {
  GITLAB_CI: 'true',
  CI_PROJECT_PATH: 'example-org/shop',
  CI_PIPELINE_SOURCE: 'push',
  CI_PIPELINE_ID: '70000001',
  CI_JOB_ID: '80000001',
  CI_COMMIT_REF_NAME: 'main',
  CI_COMMIT_SHA: COMMIT,
  GITLAB_USER_LOGIN: 'release-bot',
  CI_JOB_NAME: 'gate',
  CI_RUNNER_DESCRIPTION: 'runner-7',
};
const AZURE = {
  TF_BUILD: 'True',
  BUILD_REPOSITORY_NAME: 'shop',
  BUILD_DEFINITIONNAME: 'Release',
  BUILD_BUILDID: '4711',
  SYSTEM_JOBATTEMPT: '1',
  BUILD_SOURCEBRANCH: 'refs/heads/main',
  BUILD_SOURCEVERSION: COMMIT,
  BUILD_REQUESTEDFOR: 'Ödön <release> & "bot"',
  SYSTEM_JOBDISPLAYNAME: 'gate',
  AGENT_NAME: 'agent-7',
};

const KEYRING = 'cavra.release-governance.keyring.v1';
const POLICY = 'cavra.release-governance.trust-policy.v1';
const CONFIGURATION = 'cavra.release-governance.daemon-configuration.v1';
/** As the platforms put it into the zip that people download. */
const ARTIFACTS = [
  { name: 'github', run: 'oidc', prefix: '' },
  { name: 'gitlab', run: 'block', prefix: '.cavra/go-daemon/' },
  { name: 'azure', run: 'steps', prefix: 'cavra-release-governance-Gate-Decide-1/' },
];

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = join(root, 'test/fixtures/evidence', version);
if (existsSync(out)) throw new Error(`${out} is there already: evidence of a version is written once`);
mkdirSync(out, { recursive: true });

/** @param {string} name @param {readonly string[]} requests @param {Readonly<Record<string, string>>} environment @param {number} exit */
function gate(name, requests, environment, exit) {
  // What a report says of its requests is their paths as they were given.
  const files = requests.map((request) => relative(out, join(examples, `${request}.json`)));
  run(['gate', ...files, '--evidence-dir', name], environment, exit);
}

/** @param {readonly string[]} args @param {Readonly<Record<string, string>>} environment */
function run(args, environment, exit = 0) {
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: out,
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  if (status !== exit) throw new Error(`${args.join(' ')}: exit status ${status}, expected ${exit}: ${stderr}`);
}

/** One run whose job proves itself by a token, of an issuer that is made up here. */
function gateByToken() {
  const { privateKey, publicKey: issuerKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const site = mkdtempSync(join(tmpdir(), 'cavra-fixture-'));
  const jwks = join(site, 'jwks.json');
  const jwk = { ...issuerKey.export({ format: 'jwk' }), kid: 'issuer-1', alg: 'RS256', use: 'sig' };
  writeFileSync(jwks, JSON.stringify({ keys: [jwk] }));
  const now = Math.floor(Date.now() / 1000);
  const issuer = 'https://token.actions.githubusercontent.com';
  const audience = 'cavra-release-governance';
  const claims = {
    iss: issuer,
    aud: audience,
    sub: `repo:${GITHUB.GITHUB_REPOSITORY}:ref:${GITHUB.GITHUB_REF}`,
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 300,
    repository: GITHUB.GITHUB_REPOSITORY,
    repository_id: '74112233',
    repository_owner: 'example-org',
    repository_owner_id: '65',
    ref: GITHUB.GITHUB_REF,
    ref_type: 'branch',
    sha: GITHUB.GITHUB_SHA,
    workflow: GITHUB.GITHUB_WORKFLOW,
    workflow_ref: `${GITHUB.GITHUB_REPOSITORY}/.github/workflows/release.yml@${GITHUB.GITHUB_REF}`,
    run_id: GITHUB.GITHUB_RUN_ID,
    run_attempt: GITHUB.GITHUB_RUN_ATTEMPT,
    actor: GITHUB.GITHUB_ACTOR,
    event_name: GITHUB.GITHUB_EVENT_NAME,
  };
  const parts = [{ alg: 'RS256', typ: 'JWT', kid: 'issuer-1' }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const token = `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  const pinned = {
    CAVRA_RUNNER_AUTH: 'oidc',
    CAVRA_RUNNER_AUTH_OIDC_TOKEN: token,
    CAVRA_RUNNER_OIDC_ISSUER: issuer,
    CAVRA_RUNNER_OIDC_AUDIENCE: audience,
    CAVRA_RUNNER_OIDC_JWKS: jwks,
  };
  gate('oidc', ['approved-promotion'], { ...GITHUB, ...pinned, ...Q4, ...ATTESTATION }, 0);
  rmSync(site, { recursive: true });
}

/** One run by way of a resident daemon, which holds the evidence key and signs the checkpoint; the job only proves who it is. */
function gateByDaemon() {
  const site = mkdtempSync(join(tmpdir(), 'cavra-fixture-'));
  const write = (/** @type {string} */ name, /** @type {string} */ text) =>
    writeFileSync(join(site, name), text, { mode: 0o600 });
  const answers = generateKeyPairSync('ed25519');
  write('daemon.pem', answers.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  write('daemon.pub', answers.publicKey.export({ format: 'pem', type: 'spki' }).toString());
  write('attestation.pem', attestation.export({ format: 'pem', type: 'pkcs8' }).toString());
  const hmac = { algorithm: 'HMAC-SHA256', status: 'active' };
  const keys = [
    { id: 'ci-evidence-2026-q4', purpose: 'evidence', secret: { env: 'EVIDENCE_Q4' }, ...hmac },
    { id: 'ci-runner-2026-q4', purpose: 'runner', secret: { env: 'RUNNER_KEY' }, ...hmac },
    {
      id: 'ci-attestation-2026-q4',
      purpose: 'attestation',
      algorithm: 'Ed25519',
      status: 'active',
      public_key: publicKey,
      secret: { file: 'attestation.pem' },
    },
  ];
  write('keyring.json', JSON.stringify({ schema_version: KEYRING, keys }));
  const match = { repository: GITHUB.GITHUB_REPOSITORY };
  const rules = [{ name: 'shop', provider: 'github-actions', methods: ['hmac'], match }];
  write('policy.json', JSON.stringify({ schema_version: POLICY, rules }));
  const configuration = {
    schema_version: CONFIGURATION,
    name: 'gate.example',
    socket: { path: 'run/d.sock' },
    state_folder: 'state',
    evidence_folder: 'evidence',
    keyring: 'keyring.json',
    signing_key: { id: 'daemon-2026-q4', private_key: { file: 'daemon.pem' } },
    trust_policy: { file: 'policy.json' },
    hmac: { request_bound: true },
  };
  write('daemon.json', JSON.stringify(configuration));
  mkdirSync(join(site, 'run'), { mode: 0o700 });
  const daemon = ['--config', join(site, 'daemon.json')];
  run(['daemon', 'start', ...daemon], secrets);
  try {
    const pinned = {
      CAVRA_DAEMON_SOCKET: join(site, 'run/d.sock'),
      CAVRA_DAEMON_PUBLIC_KEY: join(site, 'daemon.pub'),
    };
    gate('daemon', ['approved-promotion'], { ...GITHUB, ...RUNNER, CAVRA_RUNNER_AUTH: 'hmac', ...pinned }, 0);
  } finally {
    run(['daemon', 'stop', ...daemon], {});
    rmSync(site, { recursive: true });
  }
}

/** @param {string} name @param {string} from a run @param {string} prefix of the names in the archive */
function artifact(name, from, prefix) {
  const folder = join(out, from);
  const files = readdirSync(folder).map((file) => [`${prefix}${file}`, readFileSync(join(folder, file))]);
  mkdirSync(join(out, 'artifacts'), { recursive: true });
  writeFileSync(join(out, 'artifacts', `${name}.zip`), zipSync(Object.fromEntries(files)));
}

gate('allow', ['approved-promotion'], { ...GITHUB, ...RUNNER, ...Q4, ...ATTESTATION }, 0);
gate('block', ['blocked-tampered-artifact'], { ...GITLAB, ...RUNNER, ...Q4, ...ATTESTATION }, 1);
gate('steps', ['approved-promotion'], { ...AZURE, ...RUNNER, ...Q4, ...ATTESTATION }, 0);
copyFileSync(join(out, 'steps', CHECKPOINT), join(out, 'steps-first.sigstore.json'));
gate('steps', ['approved-with-drift', 'pending-approval'], { ...AZURE, ...RUNNER, ...Q4, ...ATTESTATION }, 1);
gate('retired-key', ['approved-promotion'], { ...GITHUB, ...RUNNER, ...Q3 }, 0);
gate('revoked-key', ['approved-promotion'], { ...GITHUB, ...RUNNER, ...Q2, ...ATTESTATION }, 0);
gate('not-authenticated', ['approved-promotion'], { ...GITHUB, ...Q4, ...ATTESTATION }, 3);

const period = { not_before: '2026-01-01T00:00:00Z', not_after: '2036-01-01T00:00:00Z' };
const evidenceKey = { purpose: 'evidence', algorithm: 'HMAC-SHA256', ...period };
const keyring = {
  schema_version: KEYRING,
  keys: [
    // What it signed before counts, under a checkpoint of another key from before.
    {
      id: 'ci-evidence-2026-q2',
      status: 'revoked',
      revoked_at: new Date(Math.ceil(Date.now() / 1000 + 1) * 1000).toISOString().replace('.000', ''),
      secret: { env: 'EVIDENCE_Q2' },
      ...evidenceKey,
    },
    { id: 'ci-evidence-2026-q3', status: 'retired', secret: { env: 'EVIDENCE_Q3' }, ...evidenceKey },
    { id: 'ci-evidence-2026-q4', status: 'active', secret: { env: 'EVIDENCE_Q4' }, ...evidenceKey },
    {
      id: 'ci-attestation-2026-q4',
      status: 'active',
      public_key: publicKey,
      purpose: 'attestation',
      algorithm: 'Ed25519',
      ...period,
    },
  ],
};
gateByToken();
gateByDaemon();
for (const { name, run: from, prefix } of ARTIFACTS) artifact(name, from, prefix);
writeFileSync(join(out, 'keyring.json'), `${JSON.stringify(keyring, null, 2)}\n`);
writeFileSync(join(out, 'attestation.pub.pem'), publicKey);
const { RUNNER_KEY: _, ...evidenceSecrets } = secrets;
writeFileSync(join(out, 'secrets.json'), `${JSON.stringify(evidenceSecrets, null, 2)}\n`);
console.log(out);
