import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { startServer } from '../../fakes/server.ts';
import { readRepositoryFile } from '../../support/repository.ts';
import { EVIDENCE_KEY, type Instance, RUNNER_KEY, startInstance } from './instance.ts';
import { createProject, describePipelines, GATE, gatePipeline, type Project } from './project.ts';

const EVIDENCE = '.cavra/go-daemon';
const STREAM = `${EVIDENCE}/release-governance-evidence.jsonl`;

const FORMS = [
  { form: 'template', include: 'local: gitlab-templates/release-governance.yml' },
  {
    form: 'component',
    include: 'component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/release-governance@$CI_COMMIT_SHA',
  },
] as const;

let instance: Instance;
let project: Project | undefined;

beforeAll(async () => {
  instance = await startInstance();
});
afterEach(() => project?.dispose());
afterAll(() => instance.close());

function create(include: string, inputs: Readonly<Record<string, unknown>>): Project {
  project = createProject({ '.gitlab-ci.yml': gatePipeline(include, { issuer: instance.gitlab.origin, ...inputs }) });
  return project;
}

describePipelines.each(FORMS)('as a $form', ({ form, include }) => {
  it('passes an approved promotion by OIDC, and hands the outputs on', async () => {
    const made = create(include, { request: 'requests/approved-promotion.json' });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    expect(run.jobLog(GATE)).toContain('CAVRA release gate: PASS');
    expect(run.jobLog('release')).toContain('released: pass allow release_governance.approval.approved 1');
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_VERDICT: 'pass',
      CAVRA_AUTH_METHOD: 'oidc',
      CAVRA_EVIDENCE_DIR: EVIDENCE,
      CAVRA_EVIDENCE_VALID: 'true',
      CAVRA_DIAGNOSIS_CODE: '',
    });
    const record = JSON.parse(run.artifact(GATE, STREAM) ?? '');
    expect(record.request.runner_auth).toMatchObject({
      algorithm: 'OIDC-JWT',
      identity: { provider: 'gitlab-ci', repository: made.path, sha: made.sha, run_id: '1212' },
      signature: '<redacted-oidc-jwt>',
    });
    const facts = JSON.parse(run.artifact(GATE, `${EVIDENCE}/release-governance-run.json`) ?? '');
    expect(facts).toMatchObject(
      form === 'component'
        ? { front_end: 'gitlab-component', component_name: 'release-governance', component_sha: made.sha }
        : { front_end: 'gitlab-template' },
    );
    expect(facts.program_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('stops at a block, and publishes the evidence of it', async () => {
    const made = create(include, { request: 'requests/blocked-tampered-artifact.json' });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.status).not.toBe(0);
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.jobLog(GATE)).toContain('CAVRA-E101: the decision is not the expected one');
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_VERDICT: 'fail',
      CAVRA_DECISION: 'block',
      CAVRA_DIAGNOSIS_CODE: 'CAVRA-E101',
    });
    expect(JSON.parse(run.artifact(GATE, STREAM) ?? '').response.decision).toBe('block');
    expect(run.artifact(GATE, `${EVIDENCE}/release-governance-evidence-verification.json`)).toContain('"valid": true');
  });

  it('fails on a request that is not there, and says so in the outputs', async () => {
    const made = create(include, { request: 'requests/none.json' });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.jobLog(GATE)).toContain('CAVRA-E203');
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_VERDICT: 'fail',
      CAVRA_DECISION: '',
      CAVRA_DIAGNOSIS_CODE: 'CAVRA-E203',
    });
  });

  it('answers several requests; the worst counts', async () => {
    const made = create(include, {
      request: 'requests/approved-promotion.json; requests/pending-*.json',
      expected_decision: 'require_approval',
    });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_DECISION: 'require_approval',
      CAVRA_RECORD_COUNT: '2',
      CAVRA_DIAGNOSIS_CODE: 'CAVRA-E101',
    });
    expect(run.artifact(GATE, `${EVIDENCE}/release-governance-responses.jsonl`)?.trim().split('\n')).toHaveLength(2);
  });

  it('authenticates by HMAC', async () => {
    const made = create(include, {
      issuer: '',
      auth: 'hmac',
      request_json:
        '{"release_governance":{"metadata_kind":"release-channel-promotion-request","approval_state":"approved","approval_id":"CHG \\"7\\" $5"}}',
    });
    const run = await made.run({ variables: { ...EVIDENCE_KEY, ...RUNNER_KEY } });
    expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
    expect(run.outputs(GATE)['CAVRA_AUTH_METHOD']).toBe('hmac');
    const record = JSON.parse(run.artifact(GATE, STREAM) ?? '');
    expect(record.request.release_governance.approval_id).toBe('CHG "7" $5');
    expect(record.signature.key_id).toBe(EVIDENCE_KEY['CAVRA_DAEMON_EVIDENCE_KEY_ID']);
  });

  it('is refused with an input of the wrong form', async () => {
    // What each input accepts is tested with the template; here, that it is asked.
    const wrong: Readonly<Record<string, unknown>>[] = [
      { expected_decision: 'maybe' },
      { timeout_seconds: 'soon' },
      { request: 'a\nissuer=https://evil.example' },
    ];
    for (const inputs of wrong) {
      project?.dispose();
      const made = create(include, { request: 'requests/approved-promotion.json', ...inputs });
      const run = await made.run({ variables: instance.jobVariables(made) });
      const [name = ''] = Object.keys(inputs);
      expect({ name, status: run.status, jobs: run.jobs }).toEqual({ name, status: 1, jobs: {} });
      expect(run.log).toContain(name);
    }
  });
});

describePipelines('as a remote file', () => {
  it('passes', async () => {
    const text = readRepositoryFile('gitlab-templates/release-governance.yml');
    const server = await startServer({ authority: instance.authority }, ({ path }) =>
      path === '/release-governance.yml' ? { status: 200, body: text } : { status: 404 },
    );
    try {
      const made = create(`remote: ${server.origin}/release-governance.yml`, {
        request: 'requests/approved-promotion.json',
      });
      const run = await made.run({ variables: instance.jobVariables(made), authority: instance.authority.file });
      expect(run.jobs).toEqual({ [GATE]: 'PASS', release: 'PASS' });
      expect(server.requests).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});
