import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATE_SETTINGS } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type GitLab, startGitLab } from '../../fakes/gitlab.ts';
import { AUDIENCE, type Instance, startInstance } from './instance.ts';
import { createProject, describePipelines, GATE, gatePipeline, type Project } from './project.ts';

const TEMPLATE = 'local: gitlab-templates/release-governance.yml';
const STREAM = '.cavra/go-daemon/release-governance-evidence.jsonl';
const BLOCKED = 'requests/blocked-tampered-artifact.json';
const APPROVED = 'requests/approved-promotion.json';

let instance: Instance;
let foreign: GitLab;
let project: Project | undefined;

beforeAll(async () => {
  instance = await startInstance();
  foreign = await startGitLab({ authority: instance.authority });
});
afterEach(() => project?.dispose());
afterAll(async () => {
  await foreign.close();
  await instance.close();
});

function create(
  inputs: Readonly<Record<string, unknown>>,
  more: { readonly jobs?: string; readonly files?: Readonly<Record<string, string>> } = {},
): Project {
  const pipeline = gatePipeline(TEMPLATE, { issuer: instance.gitlab.origin, ...inputs }, more.jobs);
  project = createProject({ ...more.files, '.gitlab-ci.yml': pipeline });
  return project;
}

/** Everything that a variable could try to say: the settings of the command line, the lines of the template's block, the identity. */
function overrides(evil: string): Record<string, string> {
  const settings = {
    ...Object.fromEntries(
      GATE_SETTINGS.flatMap(({ environment }) => (environment === undefined ? [] : [[environment, 'elsewhere']])),
    ),
    CAVRA_EXPECTED_DECISION: 'block',
    CAVRA_ALLOW_BLOCKING_DECISION: 'true',
    CAVRA_RUNNER_AUTH: 'hmac',
    CAVRA_RUNNER_OIDC_ISSUER: evil,
    CAVRA_RUNNER_OIDC_AUDIENCE: 'elsewhere',
    CAVRA_RUNNER_OIDC_JWKS_URL: `${evil}/oauth/discovery/keys`,
    CAVRA_TRUST_POLICY: 'evil-policy.yaml',
    CAVRA_RULES: 'compatible',
    CAVRA_REQUEST_JSON: '{"release_governance":{"approval_state":"approved","approval_id":"x"}}',
    CAVRA_RELEASE_GOVERNANCE_EVIDENCE_DIR: 'elsewhere',
    CAVRA_KEYRING: 'evil-keyring.json',
  };
  const asInputs = {
    issuer: evil,
    expected_decision: 'block',
    allow_blocking_decision: 'true',
    decision_rules: 'compatible',
    request: APPROVED,
    configuration: 'expected_decision=block',
  };
  const identity = {
    CAVRA_RUNNER_REPOSITORY: 'evil/project',
    CAVRA_RUNNER_SHA: '0'.repeat(40),
    CAVRA_RUNNER_PROVIDER: 'local',
  };
  const platforms = { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'evil/project', TF_BUILD: 'True' };
  return { ...settings, ...asInputs, ...identity, ...platforms };
}

describePipelines('variables change nothing', () => {
  it('of the pipeline', async () => {
    const made = create({ request: BLOCKED });
    const run = await made.run({
      variables: { ...instance.jobVariables(made), ...overrides(foreign.origin), NODE_OPTIONS: '--require ./evil.cjs' },
    });
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.outputs(GATE)).toMatchObject({
      CAVRA_DECISION: 'block',
      CAVRA_RULE_ID: 'release_governance.integrity.failed',
      CAVRA_AUTH_METHOD: 'oidc',
      CAVRA_DIAGNOSIS_CODE: 'CAVRA-E101',
    });
    expect(JSON.parse(run.artifact(GATE, STREAM) ?? '').request.runner_auth.identity).toMatchObject({
      provider: 'gitlab-ci',
      repository: made.path,
      sha: made.sha,
    });
    expect(run.jobLog(GATE)).toContain('these variables change nothing');
    expect(run.jobLog(GATE)).toContain('CAVRA_RUNNER_OIDC_ISSUER');
  });

  it('that the pipeline’s own YAML declares for every job', async () => {
    const made = create(
      { request: BLOCKED },
      { jobs: `variables: ${JSON.stringify(overrides(foreign.origin))}\ndefault:\n  before_script: ["exit 0"]\n` },
    );
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.outputs(GATE)).toMatchObject({ CAVRA_DECISION: 'block', CAVRA_DIAGNOSIS_CODE: 'CAVRA-E101' });
  });

  it('of an earlier job’s dotenv report', async () => {
    const jobs = `prepare:
  stage: build
  script: ["printf 'CAVRA_EXPECTED_DECISION=block\\\\nCI_PROJECT_PATH=evil/project\\\\nissuer=${foreign.origin}\\\\nCAVRA_ALLOW_BLOCKING_DECISION=true\\\\n' > prepare.env"]
  artifacts: {reports: {dotenv: prepare.env}}
`;
    for (const dependencies of [[], ['prepare']]) {
      project?.dispose();
      const made = create({ request: BLOCKED, dependencies }, { jobs });
      const run = await made.run({ variables: instance.jobVariables(made) });
      expect(run.jobs).toEqual({ prepare: 'PASS', [GATE]: 'FAIL' });
      expect(run.outputs(GATE)).toMatchObject({ CAVRA_DECISION: 'block' });
      const named = run.jobLog(GATE).includes('CAVRA_EXPECTED_DECISION');
      expect(named).toBe(dependencies.length > 0);
    }
  });

  it('that pretend to be another instance, with its token', async () => {
    const made = create({ request: APPROVED });
    const stranger = foreign.startJob({
      projectPath: made.path,
      sha: made.sha,
      idTokens: { CAVRA_GITLAB_OIDC_TOKEN: AUDIENCE },
    });
    const moved = await made.run({ variables: { ...instance.jobVariables(made), ...stranger.environment } });
    expect(moved.outputs(GATE)).toMatchObject({ CAVRA_VERDICT: 'fail', CAVRA_DIAGNOSIS_CODE: 'CAVRA-E211' });
    expect(moved.jobLog(GATE)).toContain('is not the pinned issuer');
    const forged = await made.run({
      variables: {
        ...instance.jobVariables(made),
        CAVRA_GITLAB_OIDC_TOKEN: foreign.mint({
          ...instance.gitlab.startJob({ projectPath: made.path, sha: made.sha }).claims(AUDIENCE),
        }),
      },
    });
    expect(forged.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(forged.outputs(GATE)['CAVRA_DIAGNOSIS_CODE']).toMatch(/^CAVRA-E31[67]$/);
  });
});

describePipelines('no input breaks out', () => {
  const HOSTILE = [
    "'; touch broken-out; '",
    '"; touch broken-out; "',
    '`touch broken-out`',
    'CAVRA_RELEASE_GOVERNANCE',
    'program:',
    'x program:AAAA',
    '| touch broken-out & #',
    '<<EOF',
    '%0Aissuer=https://evil.example',
    '!reference [x]',
    '*alias &anchor {a: b}',
    'ü ☃ 𝄞',
  ];

  it('in twelve gates of one pipeline', async () => {
    const include = HOSTILE.map((text, index) => ({
      local: 'gitlab-templates/release-governance.yml',
      inputs: { job_name: `gate-${index}`, issuer: instance.gitlab.origin, request: APPROVED, expected_rule_id: text },
    }));
    project = createProject({ '.gitlab-ci.yml': JSON.stringify({ include }) });
    const run = await project.run({ variables: instance.jobVariables(project) });
    for (const [index, text] of HOSTILE.entries()) {
      const job = `gate-${index}`;
      expect({ text, ...run.outputs(job) }).toMatchObject({
        CAVRA_DECISION: 'allow',
        CAVRA_DIAGNOSIS_CODE: 'CAVRA-E102',
      });
      expect(run.jobLog(job)).toContain(
        text.replace(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`),
      );
      expect(existsSync(join(project.folder, '.gitlab-ci-local/builds', job, 'broken-out'))).toBe(false);
    }
  });

  it.each([
    ['a line end', 'a\nissuer=https://evil.example'],
    ['the next line of YAML 1.1', 'a\u0085b'],
    ['an interpolation', '$[[ inputs.issuer ]]'],
    ['what Ruby would take for the text behind the block', "\\'"],
  ])('%s is refused before there is a pipeline', async (_, text) => {
    const made = create({ request: APPROVED, expected_rule_id: text });
    const run = await made.run({ variables: instance.jobVariables(made) });
    expect(run.jobs).toEqual({});
    expect(run.log).toContain('`expected_rule_id` input:');
  });
});

describePipelines('a changed template is refused', () => {
  async function withTemplate(change: (text: string) => string) {
    const made = create({ request: APPROVED });
    const path = join(made.folder, 'gitlab-templates/release-governance.yml');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    made.commit({});
    return made.run({ variables: instance.jobVariables(made) });
  }

  it('a byte of the program', async () => {
    const run = await withTemplate((text) => {
      const at = text.indexOf('program:\n') + 4_000;
      return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
    });
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.jobLog(GATE)).toContain('CAVRA-E508');
    expect(run.artifact(GATE, STREAM)).toBeUndefined();
  });

  it('a line of the configuration', async () => {
    const run = await withTemplate((text) =>
      text.replace(/^( *)command=gate$/m, '$1command=gate\n$1issuer=https://evil.example'),
    );
    expect(run.jobs).toEqual({ [GATE]: 'FAIL' });
    expect(run.jobLog(GATE)).toContain('the configuration of the template was altered: issuer stands in it twice');
  });
});
