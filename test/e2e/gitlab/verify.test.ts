import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Instance, startInstance } from './instance.ts';
import { createProject, describePipelines, GATE, type Project } from './project.ts';

const VERIFY = 'release-governance-verify';
const FORMS = [
  {
    form: 'template',
    gate: { local: 'gitlab-templates/release-governance.yml' },
    verify: { local: 'gitlab-templates/release-governance-verify.yml' },
  },
  {
    form: 'component',
    gate: { component: '$CI_SERVER_FQDN/$CI_PROJECT_PATH/release-governance@$CI_COMMIT_SHA' },
    verify: { component: '$CI_SERVER_FQDN/$CI_PROJECT_PATH/release-governance-verify@$CI_COMMIT_SHA' },
  },
] as const;

const APPROVED = { request: 'requests/approved-promotion.json' };

type Inputs = Readonly<Record<string, unknown>>;

let instance: Instance;
let project: Project | undefined;

beforeAll(async () => {
  instance = await startInstance();
});
afterEach(() => project?.dispose());
afterAll(() => instance.close());

describePipelines.each(FORMS)('as a $form', ({ gate, verify }) => {
  function create(gateInputs: Inputs): Project {
    const pipeline = {
      include: [
        { ...gate, inputs: { issuer: instance.gitlab.origin, stage: 'build', ...gateInputs } },
        { ...verify, inputs: { stage: 'deploy' } },
      ],
    };
    project = createProject({ '.gitlab-ci.yml': JSON.stringify(pipeline) });
    return project;
  }

  it('passes on the evidence of this pipeline', async () => {
    const made = create(APPROVED);
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toMatchObject({ [GATE]: 'PASS', [VERIFY]: 'PASS' });
    const log = run.jobLog(VERIFY);
    expect(log).toContain('CAVRA evidence: VALID');
    expect(log).toContain('1 records, 1 signed, signatures checked');
    for (const expected of [
      `repository ${made.path}`,
      `sha ${made.sha}`,
      'run_id 1212',
      'decision allow',
      'provider gitlab-ci',
    ]) {
      expect(log).toContain(expected);
    }
  });

  it('fails on a block that passed its gate', async () => {
    const made = create({
      request: 'requests/blocked-tampered-artifact.json',
      expected_decision: 'block',
      allow_blocking_decision: true,
    });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toMatchObject({ [GATE]: 'PASS', [VERIFY]: 'FAIL' });
    expect(run.jobLog(VERIFY)).toContain('CAVRA-E402');
    expect(run.jobLog(VERIFY)).toContain('the worst decision is block, expected allow');
  });
});

describePipelines('each expectation must hold', () => {
  const WRONG: readonly [what: string, inputs: Inputs, message: string][] = [
    ['another-pipeline', { expect_run_id: '1' }, 'run_id is "1212", expected "1"'],
    ['another-project', { expect_repository: 'example-group/other' }, 'expected "example-group/other"'],
    ['another-commit', { expect_sha: 'f'.repeat(40) }, 'sha is'],
    ['another-ref', { expect_ref: 'v1' }, 'ref is "main", expected "v1"'],
    ['another-platform', { expect_provider: 'github-actions' }, 'expected "github-actions"'],
    ['changed', { needs: [{ job: 'change', artifacts: true }] }, 'CAVRA-E401'],
    ['missing', { evidence_dir: 'elsewhere' }, 'CAVRA-E403'],
    ['no-age', { max_age: 0 }, 'CAVRA-E201'],
  ];

  it('in jobs of one pipeline', async () => {
    const pipeline = {
      include: [
        { ...FORMS[0].gate, inputs: { issuer: instance.gitlab.origin, stage: 'build', ...APPROVED } },
        ...WRONG.map(([job, inputs]) => ({
          ...FORMS[0].verify,
          inputs: { stage: 'deploy', job_name: job, ...inputs },
        })),
      ],
      change: {
        script: ['sed -i s/approved/Approved/ .cavra/go-daemon/release-governance-evidence.jsonl'],
        artifacts: { paths: ['.cavra/go-daemon/'] },
      },
    };
    project = createProject({ '.gitlab-ci.yml': JSON.stringify(pipeline) });
    const run = await project.run({ variables: instance.jobVariables(project) });
    expect(run.jobs).toEqual({
      [GATE]: 'PASS',
      change: 'PASS',
      ...Object.fromEntries(WRONG.map(([job]) => [job, 'FAIL'])),
    });
    for (const [job, , message] of WRONG) expect(run.jobLog(job)).toContain(message);
  });
});

describePipelines('with an attestation key', () => {
  it('the checkpoint seals the evidence and names the artifacts', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pipeline = {
      include: [
        {
          ...FORMS[0].gate,
          inputs: {
            issuer: instance.gitlab.origin,
            stage: 'build',
            ...APPROVED,
            subject_path: 'dist/*.txt; dist/b.bin',
          },
        },
        {
          ...FORMS[0].verify,
          inputs: { stage: 'deploy', public_key: 'keys/attestation.pem', subject: 'dist/a.txt;dist/b.bin' },
        },
        {
          ...FORMS[0].verify,
          inputs: { stage: 'deploy', job_name: 'other', public_key: 'keys/attestation.pem', subject: 'dist/c.bin' },
        },
      ],
    };
    project = createProject({
      '.gitlab-ci.yml': JSON.stringify(pipeline),
      'keys/attestation.pem': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'dist/a.txt': 'a',
      'dist/b.bin': 'b',
      'dist/c.bin': 'c',
    });
    const variables = {
      ...instance.jobVariables(project),
      CAVRA_ATTESTATION_KEY: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4',
    };
    const run = await project.run({ variables });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', [VERIFY]: 'PASS', other: 'FAIL' });
    expect(run.artifact(GATE, '.cavra/go-daemon/release-governance-checkpoint.sigstore.json')).toBeDefined();
    expect(run.jobLog(VERIFY)).toContain('sealed, checkpoint valid');
    expect(run.jobLog('other')).toMatch(/CAVRA-E40[12]/);
    expect(run.jobLog('other')).toContain('dist/c.bin');
  });
});
