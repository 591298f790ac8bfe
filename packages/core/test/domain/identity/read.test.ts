import { describe, expect, it } from '@jest/globals';
import { AuthenticationError } from '../../../src/domain/diagnosis.ts';
import { detectProvider } from '../../../src/domain/identity/detect.ts';
import { readIdentity } from '../../../src/domain/identity/read.ts';
import { sameRun } from '../../../src/domain/identity/same-run.ts';
import { refusalOf } from '../../support/refusal.ts';

/** Every column of wire-format.md section 2 at once, each variable with its own name as value. */
const VARIABLES = {
  'github-actions': {
    repository: 'GITHUB_REPOSITORY',
    workflow: 'GITHUB_WORKFLOW',
    run_id: 'GITHUB_RUN_ID',
    run_attempt: 'GITHUB_RUN_ATTEMPT',
    ref: 'GITHUB_REF',
    sha: 'GITHUB_SHA',
    actor: 'GITHUB_ACTOR',
    job: 'GITHUB_JOB',
    runner_name: 'RUNNER_NAME',
  },
  'gitlab-ci': {
    repository: 'CI_PROJECT_PATH',
    workflow: 'CI_PIPELINE_SOURCE',
    run_id: 'CI_PIPELINE_ID',
    run_attempt: 'CI_JOB_ID',
    ref: 'CI_COMMIT_REF_NAME',
    sha: 'CI_COMMIT_SHA',
    actor: 'GITLAB_USER_LOGIN',
    job: 'CI_JOB_NAME',
    runner_name: 'CI_RUNNER_DESCRIPTION',
  },
  'azure-pipelines': {
    repository: 'BUILD_REPOSITORY_NAME',
    workflow: 'BUILD_DEFINITIONNAME',
    run_id: 'BUILD_BUILDID',
    run_attempt: 'SYSTEM_JOBATTEMPT',
    ref: 'BUILD_SOURCEBRANCH',
    sha: 'BUILD_SOURCEVERSION',
    actor: 'BUILD_REQUESTEDFOR',
    job: 'SYSTEM_JOBDISPLAYNAME',
    runner_name: 'AGENT_NAME',
  },
} as const;
const MARKERS = {
  'github-actions': { GITHUB_ACTIONS: 'true' },
  'gitlab-ci': { GITLAB_CI: 'true' },
  'azure-pipelines': { TF_BUILD: 'True' },
} as const;
const ALL = Object.fromEntries(
  Object.values(VARIABLES)
    .flatMap((column) => Object.values(column))
    .map((name) => [name, name]),
);
const PLATFORMS = ['github-actions', 'gitlab-ci', 'azure-pipelines'] as const;

describe('readIdentity', () => {
  it.each(PLATFORMS)('reads the column of %s and no other', (platform) => {
    expect(readIdentity({ ...ALL, ...MARKERS[platform] })).toEqual({ provider: platform, ...VARIABLES[platform] });
  });

  it('is local where no platform is detected, whatever other variables say', () => {
    expect(readIdentity(ALL)).toEqual({ provider: 'local', repository: 'local', workflow: 'local' });
  });

  it('puts every override before the platform, and the caller before both', () => {
    const overrides = {
      CAVRA_RUNNER_REPOSITORY: 'o/r',
      CAVRA_RUNNER_WORKFLOW: 'w',
      CAVRA_RUNNER_RUN_ID: '1',
      CAVRA_RUNNER_RUN_ATTEMPT: '2',
      CAVRA_RUNNER_REF: 'ref',
      CAVRA_RUNNER_SHA: 'sha',
      CAVRA_RUNNER_ACTOR: 'me',
      CAVRA_RUNNER_JOB: 'j',
      CAVRA_RUNNER_NAME: 'n',
    };
    const identity = readIdentity({ ...ALL, ...MARKERS['gitlab-ci'], ...overrides }, { job: 'deploy', actor: '' });
    expect(identity).toEqual({
      provider: 'gitlab-ci',
      repository: 'o/r',
      workflow: 'w',
      run_id: '1',
      run_attempt: '2',
      ref: 'ref',
      sha: 'sha',
      actor: 'me',
      job: 'deploy',
      runner_name: 'n',
    });
  });

  it('reads the column of an overriding provider, so that no identity is mixed from two platforms', () => {
    const identity = readIdentity({
      ...ALL,
      ...MARKERS['github-actions'],
      CAVRA_RUNNER_PROVIDER: 'azure-pipelines',
    });
    expect(identity).toEqual({ provider: 'azure-pipelines', ...VARIABLES['azure-pipelines'] });
  });

  it('leaves out what the platform does not say', () => {
    expect(readIdentity({ GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'o/r', GITHUB_SHA: '' })).toEqual({
      provider: 'github-actions',
      repository: 'o/r',
    });
  });

  it.each([
    ['an unknown provider', { CAVRA_RUNNER_PROVIDER: 'jenkins', CAVRA_RUNNER_REPOSITORY: 'o/r' }, /provider/],
    ['an inherited name as provider', { CAVRA_RUNNER_PROVIDER: 'constructor' }, /provider/],
    ['no repository', { GITHUB_ACTIONS: 'true' }, /repository/],
    ['a line feed', { CAVRA_RUNNER_ACTOR: 'alice\njob=deploy' }, /actor .*line end/],
    ['a carriage return', { CAVRA_RUNNER_NAME: 'a\rb' }, /runner_name .*line end/],
    ['half of a surrogate pair', { CAVRA_RUNNER_ACTOR: 'a\ud800b' }, /actor .*Unicode/],
    ['two platforms', { ...ALL, GITHUB_ACTIONS: 'true', GITLAB_CI: 'true' }, /more than one CI platform/],
  ])('refuses %s', (_, env, message) => {
    const error = refusalOf(() => readIdentity(env));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'CAVRA-E302', message: expect.stringMatching(message) });
  });
});

describe('detectProvider', () => {
  it.each(PLATFORMS)('knows %s', (platform) => {
    expect(detectProvider(MARKERS[platform])).toBe(platform);
  });

  it('takes an empty marker for none', () => {
    expect(detectProvider({ GITHUB_ACTIONS: '' })).toBe('local');
  });
});

describe('sameRun', () => {
  const identity = {
    provider: 'github-actions',
    repository: 'o/r',
    run_id: '1',
    run_attempt: '1',
    job: 'gate',
    sha: 'a',
  };

  it('takes a job of the same attempt of the same run for the same', () => {
    expect(sameRun(identity, { ...identity, actor: 'someone', runner_name: 'other' })).toBe(true);
    expect(sameRun({ provider: 'local', repository: 'local' }, { provider: 'local', repository: 'local' })).toBe(true);
  });

  it.each(['provider', 'repository', 'run_id', 'run_attempt', 'job', 'ref', 'sha'] as const)(
    'tells another %s',
    (field) => {
      expect(sameRun(identity, { ...identity, [field]: 'other' })).toBe(false);
    },
  );

  it('never takes runs without an id for the same', () => {
    const nameless = { provider: 'github-actions', repository: 'o/r' };
    expect(sameRun(nameless, nameless)).toBe(false);
  });
});
