import { randomBytes, randomUUID } from 'node:crypto';
import type { Answer } from './faults.ts';
import { json, text } from './json.ts';
import { type FakeJob, type Platform, type PlatformOptions, startIssuer } from './platform.ts';
import type { SeenRequest } from './server.ts';

/** What a job runs for. Everything has a default. */
export interface AzureJobFacts {
  readonly project?: string;
  readonly pipeline?: string;
  readonly definitionId?: string;
  /** `owner/name` for a repository on GitHub, a UUID for one in Azure Repos. */
  readonly repositoryId?: string;
  readonly repositoryName?: string;
  readonly repositoryUri?: string;
  readonly ref?: string;
  readonly sha?: string;
  readonly buildId?: string;
  readonly reason?: string;
  readonly requestedFor?: string;
  /** Whether the step maps `$(System.AccessToken)`; true by default. */
  readonly mapsAccessToken?: boolean;
  /** The service connections that the pipeline may use: id to name. */
  readonly connections?: Readonly<Record<string, string>>;
  /** Claims in place of, or besides, the real ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface AzureOptions extends PlatformOptions {
  /** In place of an issuer on the fake's own origin; `{orgId}` stands for the organisation's id. */
  readonly issuer?: string;
}

export interface AzureDevOps extends Platform {
  readonly organizationId: string;
  readonly organization: string;
  /** The collection's URI, with its final slash. */
  readonly collectionUri: string;
  /** A job, with an access token of its own. */
  startJob(facts?: AzureJobFacts): FakeJob;
}

interface RunningJob {
  readonly accessToken: string;
  readonly connections: Readonly<Record<string, string>>;
  readonly claims: (connection?: string) => Readonly<Record<string, unknown>>;
}

const ORGANIZATION = 'example-org';
const AUDIENCE = 'api://AzureADTokenExchange';
const TOKEN_LIFETIME_SECONDS = 600;

/** An Azure DevOps collection, and on the same server the issuer of its OIDC tokens. */
export async function startAzureDevOps(options: AzureOptions): Promise<AzureDevOps> {
  const jobs = new Map<string, RunningJob>();
  const organizationId = randomUUID();
  const now = options.now ?? Date.now;
  const platform = await startIssuer(
    options,
    '/vstoken/.well-known/jwks',
    (origin) => (options.issuer ?? `${origin}/vstoken/{orgId}`).replace('{orgId}', organizationId),
    (request, keys) => {
      const job = jobs.get(request.path);
      return job === undefined ? undefined : answerTokenRequest(request, job, (claims) => keys.token(claims));
    },
  );
  const collectionUri = `${platform.origin}/${ORGANIZATION}/`;
  return Object.assign(platform, {
    organizationId,
    organization: ORGANIZATION,
    collectionUri,
    startJob: (facts: AzureJobFacts = {}): FakeJob => {
      const projectId = randomUUID();
      const path = `/${ORGANIZATION}/${projectId}/_apis/distributedtask/hubs/build/plans/${randomUUID()}/jobs/${randomUUID()}/oidctoken`;
      const accessToken = randomBytes(32).toString('base64url');
      const claims = () => pipelineClaims(facts, platform.issuer, organizationId, projectId, now());
      const connectionClaims = (name: string) => ({
        ...envelope(platform.issuer, now()),
        sub: `sc://${ORGANIZATION}/${facts.project ?? 'example-project'}/${name}`,
        ...facts.claims,
      });
      jobs.set(path, {
        accessToken,
        connections: facts.connections ?? {},
        claims: (connection) => (connection === undefined ? claims() : connectionClaims(connection)),
      });
      const environment = {
        ...environmentOf(facts, collectionUri, projectId),
        SYSTEM_COLLECTIONID: organizationId,
        SYSTEM_OIDCREQUESTURI: `${platform.origin}${path}`,
        ...(facts.mapsAccessToken === false ? {} : { SYSTEM_ACCESSTOKEN: accessToken }),
      };
      return { claims, environment };
    },
  });
}

/** The rules of the real service, in its order. */
function answerTokenRequest(
  request: SeenRequest,
  job: RunningJob,
  sign: (claims: Readonly<Record<string, unknown>>) => string,
): Answer {
  const ids = { 'x-vss-e2eid': randomUUID(), 'x-msedge-ref': `Ref A: ${randomBytes(16).toString('hex')}` };
  if (request.headers.authorization !== `Bearer ${job.accessToken}`) {
    return request.headers['x-tfs-fedauthredirect'] === 'Suppress'
      ? text(401, 'unauthorized', ids)
      : text(302, '', { ...ids, location: 'https://login.example.com/_signin' });
  }
  if (request.method !== 'POST') return text(405, 'method not allowed', ids);
  if (!request.query.has('api-version', '7.1')) return json(400, { message: 'no api-version' }, ids);
  if (request.headers['content-type'] !== 'application/json' || request.body !== '') {
    return json(400, { message: 'expects an empty JSON request' }, ids);
  }
  const connectionId = request.query.get('serviceConnectionId');
  const connection = connectionId === null ? undefined : job.connections[connectionId];
  if (connectionId !== null && connection === undefined) return json(404, { message: 'no such connection' }, ids);
  return json(200, { oidcToken: sign(job.claims(connection)) }, ids);
}

function envelope(issuer: string, now: number): Readonly<Record<string, unknown>> {
  const seconds = Math.floor(now / 1000);
  return {
    jti: randomUUID(),
    iss: issuer,
    aud: AUDIENCE,
    iat: seconds,
    nbf: seconds,
    exp: seconds + TOKEN_LIFETIME_SECONDS,
  };
}

/** The claims that a real pipeline's token has. */
function pipelineClaims(
  facts: AzureJobFacts,
  issuer: string,
  organizationId: string,
  projectId: string,
  now: number,
): Readonly<Record<string, unknown>> {
  const { project, pipeline, definitionId, repositoryId, repositoryUri, ref, sha, buildId } = namesOf(facts);
  return {
    ...envelope(issuer, now),
    sub: `p://${ORGANIZATION}/${project}/${pipeline}`,
    org_id: organizationId,
    prj_id: projectId,
    def_id: definitionId,
    rpo_id: repositoryId,
    rpo_uri: repositoryUri,
    rpo_ver: sha,
    rpo_ref: ref,
    run_id: buildId,
    ...facts.claims,
  };
}

function environmentOf(facts: AzureJobFacts, collectionUri: string, projectId: string): Record<string, string> {
  const { project, pipeline, definitionId, repositoryId, repositoryUri, ref, sha, buildId } = namesOf(facts);
  return {
    TF_BUILD: 'True',
    SYSTEM_COLLECTIONURI: collectionUri,
    SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: collectionUri,
    SYSTEM_TEAMPROJECT: project,
    SYSTEM_TEAMPROJECTID: projectId,
    SYSTEM_DEFINITIONID: definitionId,
    SYSTEM_HOSTTYPE: 'build',
    SYSTEM_JOBATTEMPT: '1',
    SYSTEM_JOBDISPLAYNAME: 'Gate',
    BUILD_BUILDID: buildId,
    BUILD_DEFINITIONNAME: pipeline,
    BUILD_REASON: facts.reason ?? 'IndividualCI',
    BUILD_REPOSITORY_ID: repositoryId,
    BUILD_REPOSITORY_NAME: facts.repositoryName ?? 'example-org/example-repo',
    BUILD_REPOSITORY_URI: repositoryUri,
    BUILD_REQUESTEDFOR: facts.requestedFor ?? 'Release Bot',
    BUILD_SOURCEBRANCH: ref,
    BUILD_SOURCEVERSION: sha,
    AGENT_NAME: 'agent-7',
  };
}

function namesOf(facts: AzureJobFacts) {
  return {
    project: facts.project ?? 'example-project',
    pipeline: facts.pipeline ?? 'Release',
    definitionId: facts.definitionId ?? '12',
    repositoryId: facts.repositoryId ?? 'example-org/example-repo',
    repositoryUri: facts.repositoryUri ?? 'https://github.com/example-org/example-repo',
    ref: facts.ref ?? 'refs/heads/main',
    sha: facts.sha ?? '0123456789abcdef0123456789abcdef01234567',
    buildId: facts.buildId ?? '901',
  };
}
