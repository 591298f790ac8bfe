// @ts-check
// Writes evidence of this version, by the committed command line, to test/fixtures/evidence/<version>/. Later versions must verify it;
// so what is there is never written again.
//
//   node scripts/evidence-fixtures.mjs
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'packages/cli/dist/cavra-release-governance.mjs');
const examples = join(root, 'examples');
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

const secret = () => randomBytes(32).toString('hex');
const attestation = generateKeyPairSync('ed25519').privateKey;
const secrets = { RUNNER_KEY: secret(), EVIDENCE_Q3: secret(), EVIDENCE_Q4: secret() };

const RUNNER = { CAVRA_RUNNER_AUTH_HMAC_KEY: secrets.RUNNER_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2026-q4' };
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

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = join(root, 'test/fixtures/evidence', version);
if (existsSync(out)) throw new Error(`${out} is there already: evidence of a version is written once`);
mkdirSync(out, { recursive: true });

/** @param {string} name @param {readonly string[]} requests @param {Readonly<Record<string, string>>} environment @param {number} exit */
function gate(name, requests, environment, exit) {
  // What a report says of its requests is their paths as they were given.
  const files = requests.map((request) => relative(out, join(examples, `${request}.json`)));
  const { status, stderr } = spawnSync(process.execPath, [program, 'gate', ...files, '--evidence-dir', name], {
    cwd: out,
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  if (status !== exit) throw new Error(`${name}: exit status ${status}, expected ${exit}: ${stderr}`);
}

gate('allow', ['approved-promotion'], { ...GITHUB, ...RUNNER, ...Q4, ...ATTESTATION }, 0);
gate('block', ['blocked-tampered-artifact'], { ...GITLAB, ...RUNNER, ...Q4, ...ATTESTATION }, 1);
gate('steps', ['approved-promotion'], { ...AZURE, ...RUNNER, ...Q4, ...ATTESTATION }, 0);
copyFileSync(join(out, 'steps', CHECKPOINT), join(out, 'steps-first.sigstore.json'));
gate('steps', ['approved-with-drift', 'pending-approval'], { ...AZURE, ...RUNNER, ...Q4, ...ATTESTATION }, 1);
gate('retired-key', ['approved-promotion'], { ...GITHUB, ...RUNNER, ...Q3 }, 0);
gate('not-authenticated', ['approved-promotion'], { ...GITHUB, ...Q4, ...ATTESTATION }, 3);

const publicKey = createPublicKey(attestation).export({ format: 'pem', type: 'spki' }).toString();
const period = { not_before: '2026-01-01T00:00:00Z', not_after: '2036-01-01T00:00:00Z' };
const evidenceKey = { purpose: 'evidence', algorithm: 'HMAC-SHA256', ...period };
const keyring = {
  schema_version: 'cavra.release-governance.keyring.v1',
  keys: [
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
writeFileSync(join(out, 'keyring.json'), `${JSON.stringify(keyring, null, 2)}\n`);
writeFileSync(join(out, 'attestation.pub.pem'), publicKey);
const { RUNNER_KEY: _, ...evidenceSecrets } = secrets;
writeFileSync(join(out, 'secrets.json'), `${JSON.stringify(evidenceSecrets, null, 2)}\n`);
console.log(out);
