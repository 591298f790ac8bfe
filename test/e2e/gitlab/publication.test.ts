import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { KNOWN_EVIDENCE_FILES } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { EVIDENCE_KEY, type Instance, startInstance } from './instance.ts';
import { createProject, describePipelines, GATE, gatePipeline, type PipelineRun, type Project } from './project.ts';

const TEMPLATE = 'local: gitlab-templates/release-governance.yml';
const EVIDENCE = '.cavra/go-daemon';
const STREAM = `${EVIDENCE}/release-governance-evidence.jsonl`;

let instance: Instance;
let project: Project | undefined;

beforeAll(async () => {
  instance = await startInstance();
});
afterEach(() => project?.dispose());
afterAll(() => instance.close());

function create(inputs: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>> = {}): Project {
  const pipeline = gatePipeline(TEMPLATE, {
    issuer: instance.gitlab.origin,
    request: 'requests/approved-promotion.json',
    ...inputs,
  });
  project = createProject({ ...files, '.gitlab-ci.yml': pipeline });
  return project;
}

function published({ folder }: Project): readonly string[] {
  const path = join(folder, '.gitlab-ci-local/artifacts', GATE, EVIDENCE);
  return existsSync(path) ? readdirSync(path).sort() : [];
}

function diagnosisOf(run: PipelineRun) {
  return { code: run.outputs(GATE)['CAVRA_DIAGNOSIS_CODE'], log: run.jobLog(GATE) };
}

const WRITTEN = [
  'release-governance-evidence-verification.json',
  'release-governance-evidence.jsonl',
  'release-governance-response.json',
  'release-governance-responses.jsonl',
  'release-governance-run.json',
  'runner-auth-claims.json',
];

describePipelines('what is published', () => {
  it('is what this run wrote, and nothing that the repository or an earlier job put there', async () => {
    const made = create(
      {},
      {
        [`${EVIDENCE}/.env`]: 'PASSWORD=secret',
        [`${EVIDENCE}/notes/deep.txt`]: 'unknown',
        [`${EVIDENCE}/release-governance-report.html`]: '<h1>made up</h1>',
        [STREAM]: '{"made":"up"}\n',
      },
    );
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    expect(published(made)).toEqual(expect.arrayContaining(WRITTEN));
    expect(published(made).filter((name) => !KNOWN_EVIDENCE_FILES.some((known) => known === name))).toEqual([]);
    expect(run.artifact(GATE, `${EVIDENCE}/release-governance-report.html`)).not.toContain('made up');
    expect(run.artifact(GATE, STREAM)).not.toContain('made');
    expect(run.jobLog(GATE)).toContain('what is not to be published was moved from the evidence folder');
  });

  it('is nothing where that is configured, and the gate decides all the same', async () => {
    const made = create({ upload_artifact: false });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    expect(published(made)).toEqual([]);
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_VERDICT: 'pass',
      CAVRA_RECORD_COUNT: '1',
      CAVRA_ARTIFACT_NAME: '',
    });
  });

  it('never leads out of the project', async () => {
    const made = create({ evidence_dir: 'linked/evidence' });
    mkdirSync(join(made.folder, 'elsewhere'));
    symlinkSync('elsewhere', join(made.folder, 'linked'));
    made.commit({ 'elsewhere/kept': '' });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.jobLog(GATE)).toMatch(/CAVRA-E(208|506)/);
    expect(readdirSync(join(made.folder, '.gitlab-ci-local/builds', GATE, 'elsewhere'))).toEqual(['kept']);
  });
});

describePipelines('a diagnosis', () => {
  it('of a job without a token', async () => {
    const made = create({});
    const { CAVRA_GITLAB_OIDC_TOKEN: _, ...variables } = instance.jobVariables(made);
    const { code, log } = diagnosisOf(await made.run({ variables }));
    expect(code).toBe('CAVRA-E311');
    expect(log).toContain('the instance has no key to sign it with');
  });

  it('of another audience', async () => {
    const made = create({});
    const variables = instance.jobVariables(made, { idTokens: { CAVRA_GITLAB_OIDC_TOKEN: 'sigstore' } });
    const { code, log } = diagnosisOf(await made.run({ variables }));
    expect(code).toBe('CAVRA-E317');
    expect(log).toContain('set the input audience');
  });

  it('of an instance that is not pinned', async () => {
    const made = create({ issuer: '' });
    const { code, log } = diagnosisOf(await made.run({ variables: instance.jobVariables(made) }));
    expect(code).toBe('CAVRA-E211');
    expect(log).toContain('set the input issuer to the address of the instance');
  });

  it('of protected variables that an unprotected ref does not get', async () => {
    const made = create({});
    const variables = Object.fromEntries(
      Object.entries(instance.jobVariables(made, { refProtected: false })).filter(([name]) => !(name in EVIDENCE_KEY)),
    );
    const { code, log } = diagnosisOf(await made.run({ variables }));
    expect(code).toBe('CAVRA-E206');
    expect(log).toContain('GitLab gives protected variables to protected branches and tags only');
  });

  it('of a merge request that chooses what is trusted', async () => {
    const made = create({ rules: [{ when: 'on_success' }] });
    const variables = {
      ...instance.jobVariables(made, { pipelineSource: 'merge_request_event' }),
      CI_MERGE_REQUEST_IID: '5',
    };
    const { code, log } = diagnosisOf(await made.run({ variables }));
    expect(code).toBe('CAVRA-E212');
    expect(log).toContain('may not set issuer');
  });

  it('of a job that has no time left', async () => {
    const made = create({});
    instance.gitlab.fail({ kind: 'silent' });
    try {
      const variables = { ...instance.jobVariables(made), CI_JOB_TIMEOUT: '32' };
      const run = await made.run({ variables });
      expect(diagnosisOf(run).code).toMatch(/^CAVRA-E(314|504)$/);
      expect(run.jobLog(GATE)).toMatch(/the gate has [12] s, because the job’s own timeout/);
      expect(run.artifact(GATE, `${EVIDENCE}/release-governance-evidence-verification.json`)).toBeDefined();
    } finally {
      instance.gitlab.heal();
    }
  });
});
