import { describe, expect, it } from '@jest/globals';
import type { BindingFacts } from '../../../../src/domain/auth/oidc/bind/binding.ts';
import { readBindingFacts } from '../../../../src/domain/auth/oidc/bind/facts.ts';
import { BINDERS } from '../../../../src/domain/auth/oidc/bind/index.ts';
import { AuthenticationError } from '../../../../src/domain/diagnosis.ts';
import type { Platform } from '../../../../src/domain/identity/sources.ts';
import { parseStrictJson } from '../../../../src/domain/json/parse.ts';
import { JsonObject } from '../../../../src/domain/json/value.ts';
import { refusalOf } from '../../../support/refusal.ts';
import {
  AZURE_CLAIMS,
  AZURE_IDENTITY,
  AZURE_ORGANISATION,
  GITHUB_CLAIMS,
  GITHUB_IDENTITY,
  GITLAB_CLAIMS,
  GITLAB_IDENTITY,
} from '../../../support/tokens.ts';

const PLATFORMS = {
  'github-actions': { claims: GITHUB_CLAIMS, identity: GITHUB_IDENTITY },
  'gitlab-ci': { claims: GITLAB_CLAIMS, identity: GITLAB_IDENTITY },
  'azure-pipelines': { claims: AZURE_CLAIMS, identity: AZURE_IDENTITY },
} as const;

function bind(
  platform: Platform,
  changes: { claims?: object; identity?: object; facts?: BindingFacts; organisationId?: string } = {},
) {
  const { claims, identity } = PLATFORMS[platform];
  const text = Buffer.from(JSON.stringify({ ...claims, ...changes.claims }));
  const object = parseStrictJson(text, { maxBytes: text.length });
  if (!(object instanceof JsonObject)) {
    throw new Error('claims are an object');
  }
  return BINDERS[platform]({ ...identity, ...changes.identity }, object, changes.facts ?? {}, {
    provider: platform,
    issuer: claims.iss,
    audience: claims.aud,
    algorithms: ['RS256'],
    maxTokenAgeSeconds: 900,
    requiredClaims: [],
    organisationId: changes.organisationId ?? AZURE_ORGANISATION,
  });
}

function refusal(...bound: Parameters<typeof bind>): AuthenticationError {
  const error = refusalOf(() => bind(...bound));
  expect(error).toBeInstanceOf(AuthenticationError);
  if (!(error instanceof AuthenticationError)) {
    throw error;
  }
  return error;
}

describe('what a token proves', () => {
  it.each<[Platform, readonly string[], readonly string[]]>([
    [
      'github-actions',
      ['provider', 'repository', 'workflow', 'run_id', 'run_attempt', 'ref', 'sha', 'actor'],
      ['job', 'runner_name'],
    ],
    [
      'gitlab-ci',
      ['provider', 'repository', 'workflow', 'run_id', 'run_attempt', 'ref', 'sha', 'actor'],
      ['job', 'runner_name'],
    ],
    [
      'azure-pipelines',
      ['provider', 'repository', 'run_id', 'ref', 'sha'],
      ['workflow', 'run_attempt', 'actor', 'job', 'runner_name'],
    ],
  ])('%s', (platform, verified, unverified) => {
    expect(bind(platform)).toEqual({ verified, unverified });
  });

  it('lists what the identity leaves out neither way', () => {
    const identity = { workflow: '', run_attempt: undefined, actor: undefined, job: undefined, runner_name: undefined };
    expect(bind('github-actions', { identity })).toEqual({
      verified: ['provider', 'repository', 'run_id', 'ref', 'sha'],
      unverified: [],
    });
  });

  it('is less when the token says less', () => {
    const claims = { workflow: undefined, ref: '', actor: undefined };
    expect(bind('github-actions', { claims }).unverified).toEqual(['workflow', 'ref', 'actor', 'job', 'runner_name']);
  });
});

const BOUND_FIELDS: readonly (readonly [Platform, string, string])[] = [
  ['github-actions', 'repository', 'repository'],
  ['github-actions', 'workflow', 'workflow'],
  ['github-actions', 'run_id', 'run_id'],
  ['github-actions', 'run_attempt', 'run_attempt'],
  ['github-actions', 'ref', 'ref'],
  ['github-actions', 'sha', 'sha'],
  ['github-actions', 'actor', 'actor'],
  ['gitlab-ci', 'repository', 'project_path'],
  ['gitlab-ci', 'workflow', 'pipeline_source'],
  ['gitlab-ci', 'run_id', 'pipeline_id'],
  ['gitlab-ci', 'run_attempt', 'job_id'],
  ['gitlab-ci', 'ref', 'ref'],
  ['gitlab-ci', 'sha', 'sha'],
  ['gitlab-ci', 'actor', 'user_login'],
  ['azure-pipelines', 'run_id', 'run_id'],
  ['azure-pipelines', 'ref', 'rpo_ref'],
  ['azure-pipelines', 'sha', 'rpo_ver'],
];

describe('a contradiction', () => {
  it.each(BOUND_FIELDS)('on %s of %s with the claim %s is refused, without its values', (platform, field, claim) => {
    const error = refusal(platform, { identity: { [field]: 'something-else' } });
    expect(error).toMatchObject({
      code: 'CAVRA-E319',
      message: `${field} of the identity is not the ${claim} of the token`,
    });
  });

  it.each(BOUND_FIELDS)('by letter case on %s of %s is one as well', (platform, field) => {
    const value = `${Reflect.get(PLATFORMS[platform].identity, field)}A`;
    expect(refusal(platform, { identity: { [field]: value } }).code).toBe('CAVRA-E319');
  });

  it.each(BOUND_FIELDS)('on %s of %s cannot be hidden by another type of %s', (platform, _, claim) => {
    for (const value of [7, null, true, ['x'], {}]) {
      expect(refusal(platform, { claims: { [claim]: value } }).code).toBe('CAVRA-E315');
    }
  });

  it.each<[Platform, BindingFacts]>([
    ['github-actions', { repositoryId: '9999' }],
    ['gitlab-ci', { repositoryId: '9999' }],
    ['azure-pipelines', { repositoryId: '9999' }],
    ['azure-pipelines', { repositoryUri: 'https://dev.azure.com/example/Payments/_git/other' }],
    ['azure-pipelines', { repositoryId: '9999', repositoryUri: 'https://dev.azure.com/example/Payments/_git/other' }],
  ])('of the environment of %s is refused: %j', (platform, facts) => {
    expect(refusal(platform, { facts }).code).toBe('CAVRA-E319');
  });

  it('is none when one of the facts agrees, in any letter case', () => {
    const facts = { repositoryId: AZURE_CLAIMS.rpo_id.toUpperCase(), repositoryUri: 'https://example@dev.azure.com/x' };
    expect(bind('azure-pipelines', { facts }).verified).toContain('repository');
    expect(bind('github-actions', { facts: { repositoryId: '2002' } }).verified).toContain('repository');
  });
});

describe('a token that does not prove the repository', () => {
  it.each<[Platform, object]>([
    ['github-actions', { repository: undefined }],
    ['github-actions', { repository: '' }],
    ['gitlab-ci', { project_path: undefined }],
    ['azure-pipelines', { rpo_uri: undefined }],
    ['azure-pipelines', { rpo_uri: undefined, rpo_id: undefined }],
    ['azure-pipelines', { rpo_uri: 'no address' }],
    ['azure-pipelines', { rpo_uri: 'https://dev.azure.com/%' }],
  ])('is refused on %s: %j', (platform, claims) => {
    expect(refusal(platform, { claims })).toMatchObject({
      code: 'CAVRA-E319',
      message: expect.stringContaining('does not prove the repository'),
    });
  });

  it('is that of an Azure service connection', () => {
    const claims = { sub: 'sc://example/Payments/connection' };
    expect(refusal('azure-pipelines', { claims })).toMatchObject({
      code: 'CAVRA-E319',
      message: expect.stringContaining('service connection'),
    });
  });
});

describe('GitLab', () => {
  it.each<[string, object]>([
    ['id', { job_project_id: '99', job_project_path: undefined }],
    ['path', { job_project_id: undefined, job_project_path: 'parent/project' }],
    ['both', { job_project_id: '99', job_project_path: 'parent/project' }],
    ['no project id', { project_id: undefined }],
  ])('refuses the token of a fork’s merge-request pipeline, told by %s', (_, claims) => {
    expect(refusal('gitlab-ci', { claims })).toMatchObject({
      code: 'CAVRA-E319',
      message: expect.stringContaining('fork'),
    });
  });

  it('accepts a token of an older instance, without job_project claims', () => {
    const claims = { job_project_id: undefined, job_project_path: undefined };
    expect(bind('gitlab-ci', { claims }).verified).toContain('repository');
  });

  it('refuses a job project of another type', () => {
    expect(refusal('gitlab-ci', { claims: { job_project_id: 22 } }).code).toBe('CAVRA-E315');
  });
});

describe('Azure', () => {
  it.each<[string, object]>([
    ['payments api', {}],
    ['repo', { rpo_uri: 'https://dev.azure.com/example/_git/repo' }],
    ['repo', { rpo_uri: 'https://example@dev.azure.com/example/Payments/_git/repo' }],
    ['repo', { rpo_uri: 'https://example.visualstudio.com/DefaultCollection/Payments/_git/repo' }],
    ['owner/name', { rpo_id: 'owner/name', rpo_uri: 'https://github.com/owner/name' }],
    ['owner/name', { rpo_id: 'owner/name', rpo_uri: 'https://github.com/owner/name.git' }],
    ['owner/name', { rpo_id: 'owner/name', rpo_uri: undefined }],
  ])('proves the repository %s by %j', (repository, claims) => {
    expect(bind('azure-pipelines', { identity: { repository }, claims }).verified).toContain('repository');
  });

  it.each<[string, object]>([
    ['other', {}],
    ['Payments', {}],
    ['_git/payments api', {}],
    ['payments%20api', {}],
    ['name', { rpo_id: 'owner/name', rpo_uri: 'https://github.com/owner/name' }],
    ['example/_git', { rpo_uri: 'https://dev.azure.com/example/_git/repo' }],
  ])('does not prove the repository %s by %j', (repository, claims) => {
    expect(refusal('azure-pipelines', { identity: { repository }, claims }).code).toBe('CAVRA-E319');
  });

  it('does not take the environment’s word for the name, whatever its ids say', () => {
    const facts = { repositoryId: AZURE_CLAIMS.rpo_id, repositoryUri: AZURE_CLAIMS.rpo_uri };
    expect(refusal('azure-pipelines', { identity: { repository: 'trusted' }, facts }).code).toBe('CAVRA-E319');
  });

  it('refuses the token of another organisation, whose keys are the same', () => {
    const organisationId = '99999999-2222-3333-4444-555555555555';
    expect(refusal('azure-pipelines', { organisationId }).message).toContain('org_id');
    expect(refusal('azure-pipelines', { claims: { org_id: undefined } }).message).toContain('org_id');
  });
});

describe('readBindingFacts', () => {
  const env = {
    GITHUB_REPOSITORY_ID: '1',
    CI_PROJECT_ID: '2',
    BUILD_REPOSITORY_ID: '3',
    BUILD_REPOSITORY_URI: 'https://dev.azure.com/x',
  };

  it('reads the variables of one platform', () => {
    expect(readBindingFacts('github-actions', env)).toEqual({ repositoryId: '1', repositoryUri: undefined });
    expect(readBindingFacts('gitlab-ci', env)).toEqual({ repositoryId: '2', repositoryUri: undefined });
    expect(readBindingFacts('azure-pipelines', env)).toEqual({
      repositoryId: '3',
      repositoryUri: 'https://dev.azure.com/x',
    });
    expect(readBindingFacts('gitlab-ci', { CI_PROJECT_ID: '' })).toEqual({});
  });
});
