import { randomBytes, randomUUID } from 'node:crypto';
import type { Answer } from './faults.ts';
import { json, text } from './json.ts';
import { type FakeJob, type Platform, type PlatformOptions, startIssuer } from './platform.ts';
import type { SeenRequest } from './server.ts';

/** What a workflow's job runs for. Everything has a default. */
export interface GitHubJobFacts {
  readonly repository?: string;
  readonly repositoryId?: string;
  readonly ownerId?: string;
  readonly ref?: string;
  readonly sha?: string;
  readonly event?: string;
  readonly headRef?: string;
  readonly baseRef?: string;
  readonly actor?: string;
  readonly workflow?: string;
  readonly runId?: string;
  readonly runAttempt?: string;
  readonly job?: string;
  readonly deploymentEnvironment?: string;
  /** Whether the job has `permissions: id-token: write`; true by default. */
  readonly mayAsk?: boolean;
  /** Claims in place of, or besides, the real ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface GitHub extends Platform {
  /** A job, with a credential of its own for the token service. */
  startJob(facts?: GitHubJobFacts): FakeJob;
}

const TOKEN_LIFETIME_SECONDS = 300;
const ISSUER_PATH = '/_services/token';
const PUBLIC_ISSUER = 'https://token.actions.githubusercontent.com';

interface RunningJob {
  readonly credential: string;
  readonly claims: (audience?: string) => Readonly<Record<string, unknown>>;
}

/** A GitHub Enterprise Server: its token service, which is also the issuer of its OIDC tokens. */
export function startGitHubEnterpriseServer(options: PlatformOptions): Promise<GitHub> {
  return startGitHub(options, {
    jwksPath: `${ISSUER_PATH}/.well-known/jwks`,
    issuerOf: (origin) => `${origin}${ISSUER_PATH}`,
    serverUrlOf: (origin) => origin,
  });
}

/**
 * github.com with its fixed names: its certificate is for token.actions.githubusercontent.com, and a fake proxy's `route` leads there.
 */
export function startGitHubDotCom(options: PlatformOptions): Promise<GitHub> {
  const names = [new URL(PUBLIC_ISSUER).hostname, ...(options.names ?? [])];
  return startGitHub(
    { ...options, names },
    { jwksPath: '/.well-known/jwks', issuerOf: () => PUBLIC_ISSUER, serverUrlOf: () => 'https://github.com' },
  );
}

interface Layout {
  readonly jwksPath: string;
  readonly issuerOf: (origin: string) => string;
  readonly serverUrlOf: (origin: string) => string;
}

async function startGitHub(options: PlatformOptions, { jwksPath, issuerOf, serverUrlOf }: Layout): Promise<GitHub> {
  const jobs = new Map<string, RunningJob>();
  const now = options.now ?? Date.now;
  const platform = await startIssuer(options, jwksPath, issuerOf, (request, keys) => {
    const job = jobs.get(request.path);
    return job === undefined ? undefined : answerTokenRequest(request, job, (claims) => keys.token(claims));
  });
  return Object.assign(platform, {
    startJob: (facts: GitHubJobFacts = {}): FakeJob => {
      const serverUrl = serverUrlOf(platform.origin);
      const claims = (audience?: string) => claimsOf(facts, platform.issuer, serverUrl, audience, now());
      const credential = randomBytes(32).toString('base64url');
      const path = `/_services/pipelines/${randomUUID()}/_apis/distributedtask/hubs/Actions/plans/${randomUUID()}/jobs/${randomUUID()}/idtoken`;
      if (facts.mayAsk === false) return { claims, environment: environmentOf(facts, serverUrl) };
      jobs.set(path, { credential, claims });
      const environment = {
        ...environmentOf(facts, serverUrl),
        ACTIONS_ID_TOKEN_REQUEST_URL: `${platform.origin}${path}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: credential,
      };
      return { claims, environment };
    },
  });
}

function answerTokenRequest(
  request: SeenRequest,
  job: RunningJob,
  sign: (claims: Readonly<Record<string, unknown>>) => string,
): Answer {
  if (request.headers.authorization !== `Bearer ${job.credential}`) return text(401, 'unauthorized');
  if (request.method !== 'GET') return text(405, 'method not allowed');
  const [audience, ...further] = request.query.getAll('audience');
  if (further.length > 0 || !request.query.has('api-version', '2.0')) return text(400, 'bad request');
  const value = sign(job.claims(audience));
  return json(200, { count: value.length, value });
}

/** The claims of facts that a real token has. All are strings but the times. */
function claimsOf(
  facts: GitHubJobFacts,
  issuer: string,
  serverUrl: string,
  audience: string | undefined,
  now: number,
): Readonly<Record<string, unknown>> {
  const { repository, owner, ref, sha, workflow } = namesOf(facts);
  const seconds = Math.floor(now / 1000);
  const subject =
    facts.deploymentEnvironment === undefined ? `ref:${ref}` : `environment:${facts.deploymentEnvironment}`;
  const workflowRef = `${repository}/.github/workflows/release.yml@${ref}`;
  return {
    iss: issuer,
    aud: audience ?? `${serverUrl}/${owner}`,
    sub: `repo:${repository}:${facts.event === 'pull_request' ? 'pull_request' : subject}`,
    jti: randomUUID(),
    iat: seconds,
    nbf: seconds - 5,
    exp: seconds + TOKEN_LIFETIME_SECONDS,
    repository,
    repository_id: facts.repositoryId ?? '74112233',
    repository_owner: owner,
    repository_owner_id: facts.ownerId ?? '9919',
    repository_visibility: 'private',
    actor: facts.actor ?? 'release-bot',
    actor_id: '1234567',
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: 'true',
    base_ref: facts.baseRef ?? '',
    head_ref: facts.headRef ?? '',
    sha,
    event_name: facts.event ?? 'push',
    workflow,
    workflow_ref: workflowRef,
    workflow_sha: sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: sha,
    run_id: facts.runId ?? '7788990011',
    run_number: '42',
    run_attempt: facts.runAttempt ?? '1',
    runner_environment: 'self-hosted',
    ...(facts.deploymentEnvironment === undefined ? {} : { environment: facts.deploymentEnvironment }),
    ...facts.claims,
  };
}

function environmentOf(facts: GitHubJobFacts, serverUrl: string): Record<string, string> {
  const { repository, owner, ref, sha, workflow } = namesOf(facts);
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: serverUrl,
    GITHUB_API_URL: serverUrl === 'https://github.com' ? 'https://api.github.com' : `${serverUrl}/api/v3`,
    GITHUB_REPOSITORY: repository,
    GITHUB_REPOSITORY_ID: facts.repositoryId ?? '74112233',
    GITHUB_REPOSITORY_OWNER: owner,
    GITHUB_REPOSITORY_OWNER_ID: facts.ownerId ?? '9919',
    GITHUB_REF: ref,
    GITHUB_REF_NAME: ref.replace(/^refs\/[^/]+\//, ''),
    GITHUB_SHA: sha,
    GITHUB_EVENT_NAME: facts.event ?? 'push',
    GITHUB_HEAD_REF: facts.headRef ?? '',
    GITHUB_BASE_REF: facts.baseRef ?? '',
    GITHUB_ACTOR: facts.actor ?? 'release-bot',
    GITHUB_WORKFLOW: workflow,
    GITHUB_WORKFLOW_REF: `${repository}/.github/workflows/release.yml@${ref}`,
    GITHUB_RUN_ID: facts.runId ?? '7788990011',
    GITHUB_RUN_NUMBER: '42',
    GITHUB_RUN_ATTEMPT: facts.runAttempt ?? '1',
    GITHUB_JOB: facts.job ?? 'gate',
    RUNNER_NAME: 'runner-7',
    RUNNER_ENVIRONMENT: 'self-hosted',
  };
}

function namesOf(facts: GitHubJobFacts) {
  const repository = facts.repository ?? 'example-org/example-repo';
  return {
    repository,
    owner: repository.slice(0, repository.indexOf('/')),
    ref: facts.ref ?? 'refs/heads/main',
    sha: facts.sha ?? '0123456789abcdef0123456789abcdef01234567',
    workflow: facts.workflow ?? 'Release',
  };
}
