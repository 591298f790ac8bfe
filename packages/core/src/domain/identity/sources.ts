import type { Provider, RunnerIdentity } from '../wire/messages.ts';

/** Environment variables by name, as an entry file passes them on. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type IdentityField = keyof RunnerIdentity;
export type Platform = Exclude<Provider, 'local'>;

/** The ten fields in the order of the wire (wire-format.md section 2). */
export const IDENTITY_FIELDS = [
  'provider',
  'repository',
  'workflow',
  'run_id',
  'run_attempt',
  'ref',
  'sha',
  'actor',
  'job',
  'runner_name',
] as const satisfies readonly IdentityField[];

export const PROVIDERS = [
  'github-actions',
  'gitlab-ci',
  'azure-pipelines',
  'local',
] as const satisfies readonly Provider[];

/** The variable whose presence tells that a job runs on this platform. */
export const DETECTED_BY: Readonly<Record<Platform, string>> = {
  'github-actions': 'GITHUB_ACTIONS',
  'gitlab-ci': 'GITLAB_CI',
  'azure-pipelines': 'TF_BUILD',
};

/** An override stands before whatever the platform says. */
export const OVERRIDES: Readonly<Record<IdentityField, string>> = {
  provider: 'CAVRA_RUNNER_PROVIDER',
  repository: 'CAVRA_RUNNER_REPOSITORY',
  workflow: 'CAVRA_RUNNER_WORKFLOW',
  run_id: 'CAVRA_RUNNER_RUN_ID',
  run_attempt: 'CAVRA_RUNNER_RUN_ATTEMPT',
  ref: 'CAVRA_RUNNER_REF',
  sha: 'CAVRA_RUNNER_SHA',
  actor: 'CAVRA_RUNNER_ACTOR',
  job: 'CAVRA_RUNNER_JOB',
  runner_name: 'CAVRA_RUNNER_NAME',
};

type Row = readonly [field: Exclude<IdentityField, 'provider'>, github: string, gitlab: string, azure: string];

/** Where each field comes from: the table of wire-format.md section 2. */
const ROWS: readonly Row[] = [
  ['repository', 'GITHUB_REPOSITORY', 'CI_PROJECT_PATH', 'BUILD_REPOSITORY_NAME'],
  ['workflow', 'GITHUB_WORKFLOW', 'CI_PIPELINE_SOURCE', 'BUILD_DEFINITIONNAME'],
  ['run_id', 'GITHUB_RUN_ID', 'CI_PIPELINE_ID', 'BUILD_BUILDID'],
  ['run_attempt', 'GITHUB_RUN_ATTEMPT', 'CI_JOB_ID', 'SYSTEM_JOBATTEMPT'],
  ['ref', 'GITHUB_REF', 'CI_COMMIT_REF_NAME', 'BUILD_SOURCEBRANCH'],
  ['sha', 'GITHUB_SHA', 'CI_COMMIT_SHA', 'BUILD_SOURCEVERSION'],
  ['actor', 'GITHUB_ACTOR', 'GITLAB_USER_LOGIN', 'BUILD_REQUESTEDFOR'],
  ['job', 'GITHUB_JOB', 'CI_JOB_NAME', 'SYSTEM_JOBDISPLAYNAME'],
  ['runner_name', 'RUNNER_NAME', 'CI_RUNNER_DESCRIPTION', 'AGENT_NAME'],
];

const COLUMNS = { 'github-actions': 1, 'gitlab-ci': 2, 'azure-pipelines': 3 } as const;

/** What the platform's own environment says: field and value, absent ones left out. Only this platform's column is read. */
export function platformFields(platform: Platform, env: Environment): Map<IdentityField, string> {
  const fields = new Map<IdentityField, string>();
  for (const row of ROWS) {
    const value = env[row[COLUMNS[platform]]];
    if (value) {
      fields.set(row[0], value);
    }
  }
  return fields;
}
