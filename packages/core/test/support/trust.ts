import { parseTrustPolicy } from '../../src/domain/trust/parse-policy.ts';
import type { AuthenticatedRunner } from '../../src/domain/trust/trust-decision.ts';
import type { TrustPolicy } from '../../src/domain/trust/trust-policy.ts';

/** Rules and claims of the platforms' real shapes, for tests that change one thing at a time. */

type Plain = Readonly<Record<string, unknown>>;

export const GITHUB_CLAIMS = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'cavra',
  sub: 'repo:octo-org/octo-repo:environment:production',
  jti: '5f2b8c1e',
  iat: 1_800_000_000,
  exp: 1_800_000_300,
  repository: 'octo-org/octo-repo',
  repository_id: '74',
  repository_owner: 'octo-org',
  repository_owner_id: '65',
  repository_visibility: 'private',
  actor: 'octocat',
  actor_id: '12',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  base_ref: '',
  head_ref: '',
  sha: 'ffac537e6cbbf934b08745a378932722df287a53',
  event_name: 'push',
  environment: 'production',
  workflow: 'release',
  workflow_ref: 'octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main',
  job_workflow_ref: 'octo-org/workflows/.github/workflows/gate.yml@refs/tags/v1',
  runner_environment: 'github-hosted',
  run_id: '1',
  run_attempt: '1',
};

export const GITLAB_CLAIMS = {
  iss: 'https://gitlab.com',
  aud: 'cavra',
  sub: 'project_path:my-group/my-project:ref_type:branch:ref:main',
  project_path: 'my-group/my-project',
  project_id: '22',
  namespace_path: 'my-group',
  namespace_id: '11',
  job_project_path: 'my-group/my-project',
  job_project_id: '22',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  pipeline_source: 'push',
  environment: 'production',
  environment_protected: 'true',
  deployment_tier: 'production',
  ci_config_ref_uri: 'gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main',
  runner_environment: 'gitlab-hosted',
  runner_id: 7,
  user_login: 'jane',
  user_id: '5',
  sha: 'ffac537e6cbbf934b08745a378932722df287a53',
};

export const AZURE_CLAIMS = {
  iss: 'https://vstoken.dev.azure.com/11111111-2222-3333-4444-555555555555',
  aud: 'api://AzureADTokenExchange',
  sub: 'p://org/project/pipeline',
  org_id: '11111111-2222-3333-4444-555555555555',
  prj_id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  def_id: '42',
  rpo_id: 'octo-org/octo-repo',
  rpo_uri: 'https://github.com/octo-org/octo-repo',
  rpo_ver: 'ffac537e6cbbf934b08745a378932722df287a53',
  rpo_ref: 'refs/heads/main',
  run_id: '9',
};

export function githubRunner(changes: Plain = {}): AuthenticatedRunner {
  const claims = { ...GITHUB_CLAIMS, ...changes };
  return oidcRunner('github-actions', claims.repository, claims);
}

export function gitlabRunner(changes: Plain = {}): AuthenticatedRunner {
  const claims = { ...GITLAB_CLAIMS, ...changes };
  return oidcRunner('gitlab-ci', claims.project_path, claims);
}

export function azureRunner(changes: Plain = {}): AuthenticatedRunner {
  const claims = { ...AZURE_CLAIMS, ...changes };
  return oidcRunner('azure-pipelines', claims.rpo_id, claims);
}

function oidcRunner(provider: string, repository: string, claims: Plain): AuthenticatedRunner {
  const identity = { provider, repository, job: 'gate' };
  return {
    method: 'oidc',
    identity,
    keyId: 'kid-1',
    verified: ['provider', 'repository'],
    unverified: ['job'],
    claims: Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)),
    notes: [],
  };
}

export function hmacRunner(
  changes: Partial<AuthenticatedRunner['identity']> = {},
  keyId = 'ci-1',
): AuthenticatedRunner {
  const identity = { provider: 'local', repository: 'octo-org/octo-repo', ...changes };
  const verified = (Object.keys(identity) as (keyof typeof identity)[]).filter((field) => Boolean(identity[field]));
  return { method: 'hmac', identity, keyId, verified, unverified: [], notes: [] };
}

/** A GitHub rule that the claims above meet; a member given as undefined is left out. */
export function githubRule(match: Plain = {}, members: Plain = {}): Plain {
  return rule({ provider: 'github-actions', match: { repository: 'octo-org/octo-repo', ...match }, ...members });
}

export function gitlabRule(match: Plain = {}, members: Plain = {}): Plain {
  return rule({ provider: 'gitlab-ci', match: { project_path: 'my-group/my-project', ...match }, ...members });
}

export function azureRule(match: Plain = {}, members: Plain = {}): Plain {
  return rule({ provider: 'azure-pipelines', match: { rpo_id: 'octo-org/octo-repo', ...match }, ...members });
}

function rule(members: Plain): Plain {
  const match = withoutUndefined(members['match'] as Plain);
  return withoutUndefined({ name: 'rule', ...members, match });
}

function withoutUndefined(members: Plain): Plain {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

export function policyDocument(...rules: readonly unknown[]): Plain {
  return { schema_version: 'cavra.release-governance.trust-policy.v1', rules };
}

export function policyOf(...rules: readonly unknown[]): TrustPolicy {
  return parseTrustPolicy(policyDocument(...rules));
}
