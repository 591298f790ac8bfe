import { randomUUID } from 'node:crypto';
import { json } from './json.ts';
import { type FakeJob, type Platform, type PlatformOptions, startIssuer } from './platform.ts';

/** What a job runs for. Everything has a default. */
export interface GitLabJobFacts {
  readonly projectPath?: string;
  readonly projectId?: string;
  /** The project in which the job runs, where that is another one: the parent in a fork's merge-request pipeline. */
  readonly jobProjectPath?: string;
  readonly jobProjectId?: string;
  readonly ref?: string;
  readonly refType?: 'branch' | 'tag';
  readonly refProtected?: boolean;
  readonly sha?: string;
  readonly pipelineId?: string;
  readonly pipelineSource?: string;
  readonly jobId?: string;
  readonly jobName?: string;
  readonly user?: string;
  readonly deploymentEnvironment?: string;
  /** Seconds until the job's time-out, which is when its token expires. */
  readonly timeoutSeconds?: number;
  /** The names under `id_tokens` with their audiences. */
  readonly idTokens?: Readonly<Record<string, string | readonly string[]>>;
  /** Claims in place of, or besides, the real ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface GitLab extends Platform {
  /** A job, with the tokens that its `id_tokens` declare in its environment. */
  startJob(facts?: GitLabJobFacts): FakeJob;
}

const NOT_BEFORE_SECONDS = 5;

/** A self-managed GitLab: its URL is the issuer of its OIDC tokens. */
export async function startGitLab(options: PlatformOptions): Promise<GitLab> {
  const now = options.now ?? Date.now;
  const jwksPath = '/oauth/discovery/keys';
  const platform = await startIssuer(
    options,
    jwksPath,
    (origin) => origin,
    (request) => {
      if (request.path !== '/.well-known/openid-configuration') return undefined;
      const issuer = `https://${request.headers.host}`;
      return json(200, { issuer, jwks_uri: `${issuer}${jwksPath}`, id_token_signing_alg_values_supported: ['RS256'] });
    },
  );
  return Object.assign(platform, {
    startJob: (facts: GitLabJobFacts = {}): FakeJob => {
      const claims = (audience: string | readonly string[] = platform.origin) =>
        claimsOf(facts, platform.issuer, audience, now());
      const tokens = Object.entries(facts.idTokens ?? {}).map(
        ([name, audience]) => [name, platform.mint(claims(audience))] as const,
      );
      return { claims, environment: { ...environmentOf(facts, platform), ...Object.fromEntries(tokens) } };
    },
  });
}

/** The claims that a real token has. Ids and booleans are strings; `runner_id` is a number. */
function claimsOf(
  facts: GitLabJobFacts,
  issuer: string,
  audience: string | readonly string[],
  now: number,
): Readonly<Record<string, unknown>> {
  const { projectPath, projectId, namespace, ref, refType, sha, user } = namesOf(facts);
  const seconds = Math.floor(now / 1000);
  const jobProjectPath = facts.jobProjectPath ?? projectPath;
  const configuration = `${new URL(issuer).host}/${jobProjectPath}//.gitlab-ci.yml@refs/heads/${ref}`;
  return {
    namespace_id: '72',
    namespace_path: namespace,
    project_id: projectId,
    project_path: projectPath,
    project_visibility: 'private',
    job_namespace_id: '72',
    job_namespace_path: jobProjectPath.slice(0, jobProjectPath.lastIndexOf('/')),
    job_project_id: facts.jobProjectId ?? projectId,
    job_project_path: jobProjectPath,
    user_id: '1',
    user_login: user,
    user_email: `${user}@example.com`,
    user_access_level: 'maintainer',
    pipeline_id: facts.pipelineId ?? '1212',
    pipeline_source: facts.pipelineSource ?? 'push',
    job_id: facts.jobId ?? '45678',
    ref,
    ref_type: refType,
    ref_path: `refs/${refType === 'tag' ? 'tags' : 'heads'}/${ref}`,
    ref_protected: String(facts.refProtected ?? true),
    sha,
    runner_id: 7,
    runner_environment: 'self-hosted',
    ci_config_ref_uri: configuration,
    ci_config_sha: sha,
    job_source: facts.pipelineSource ?? 'push',
    ...(facts.deploymentEnvironment === undefined
      ? {}
      : {
          environment: facts.deploymentEnvironment,
          environment_protected: 'true',
          deployment_tier: 'production',
          environment_action: 'start',
        }),
    jti: randomUUID(),
    iss: issuer,
    iat: seconds,
    nbf: seconds - NOT_BEFORE_SECONDS,
    exp: seconds + (facts.timeoutSeconds ?? 3_600),
    sub: `project_path:${projectPath}:ref_type:${refType}:ref:${ref}`,
    aud: audience,
    ...facts.claims,
  };
}

function environmentOf(facts: GitLabJobFacts, { origin, port }: Platform): Record<string, string> {
  const { projectPath, projectId, namespace, ref, refType, sha, user } = namesOf(facts);
  return {
    CI: 'true',
    GITLAB_CI: 'true',
    CI_SERVER_URL: origin,
    CI_SERVER_HOST: 'localhost',
    CI_SERVER_PORT: String(port),
    CI_API_V4_URL: `${origin}/api/v4`,
    CI_PROJECT_PATH: projectPath,
    CI_PROJECT_ID: projectId,
    CI_PROJECT_NAMESPACE: namespace,
    CI_PIPELINE_ID: facts.pipelineId ?? '1212',
    CI_PIPELINE_SOURCE: facts.pipelineSource ?? 'push',
    CI_JOB_ID: facts.jobId ?? '45678',
    CI_JOB_NAME: facts.jobName ?? 'gate',
    CI_COMMIT_REF_NAME: ref,
    CI_COMMIT_REF_PROTECTED: String(facts.refProtected ?? true),
    CI_COMMIT_SHA: sha,
    CI_RUNNER_ID: '7',
    CI_RUNNER_DESCRIPTION: 'runner-7',
    GITLAB_USER_LOGIN: user,
    ...(refType === 'tag' ? { CI_COMMIT_TAG: ref } : { CI_COMMIT_BRANCH: ref }),
    ...(facts.deploymentEnvironment === undefined ? {} : { CI_ENVIRONMENT_NAME: facts.deploymentEnvironment }),
  };
}

function namesOf(facts: GitLabJobFacts) {
  const projectPath = facts.projectPath ?? 'example-group/example-project';
  return {
    projectPath,
    projectId: facts.projectId ?? '20',
    namespace: projectPath.slice(0, projectPath.lastIndexOf('/')),
    ref: facts.ref ?? 'main',
    refType: facts.refType ?? 'branch',
    sha: facts.sha ?? '0123456789abcdef0123456789abcdef01234567',
    user: facts.user ?? 'release-bot',
  };
}
