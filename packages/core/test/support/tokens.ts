import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Jwks, type JwksSource, parseJwks } from '../../src/domain/auth/oidc/token/jwks.ts';

/** An issuer's signing key with its public half as a JSON Web Key. */
export interface TestKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function rsaKey(kid: string, modulusLength = 2048, publicExponent = 65_537): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

export function ecKey(kid: string, namedCurve = 'P-256'): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } };
}

export function jwksBytes(...keys: readonly unknown[]): Uint8Array {
  return Buffer.from(JSON.stringify({ keys }));
}

/** A source that counts how often it was asked to refresh, and then has other keys. */
export function jwksSource(first: Uint8Array, afterRefresh = first): JwksSource & { readonly refreshes: number } {
  let refreshes = 0;
  return {
    get refreshes() {
      return refreshes;
    },
    async get({ refresh }): Promise<Jwks> {
      refreshes += refresh ? 1 : 0;
      return parseJwks(refreshes === 0 ? first : afterRefresh);
    },
  };
}

/** Signs a token as written: header and payload may be objects or any text, valid or not. */
export function token(
  key: TestKey,
  payload: unknown,
  header: unknown = { alg: 'RS256', kid: key.kid, typ: 'JWT' },
): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signature(key.privateKey, input).toString('base64url')}`;
}

export function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function signature(privateKey: KeyObject, input: string): Buffer {
  const options =
    privateKey.asymmetricKeyType === 'ec'
      ? { dsaEncoding: 'ieee-p1363' as const }
      : { padding: constants.RSA_PKCS1_PADDING };
  return sign('sha256', Buffer.from(input), { key: privateKey, ...options });
}

/** 2026-11-20T12:00:00Z in Unix seconds: when the tokens below are issued. */
export const ISSUED_AT = 1_795_176_000;

const TIMES = { iat: ISSUED_AT, nbf: ISSUED_AT - 5, exp: ISSUED_AT + 300 };

/** The claims that the platforms send (facts of GitHub, GitLab and Azure), with the times above. */
export const GITHUB_CLAIMS = {
  ...TIMES,
  jti: '6f2a1b7c-0000-4000-8000-000000000001',
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'cavra-release-governance',
  sub: 'repo:example-org@1001/example-repo@2002:ref:refs/heads/main',
  repository: 'example-org/example-repo',
  repository_id: '2002',
  repository_owner: 'example-org',
  repository_owner_id: '1001',
  repository_visibility: 'private',
  actor: 'release-bot',
  actor_id: '3003',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  base_ref: '',
  head_ref: '',
  sha: '0123456789abcdef0123456789abcdef01234567',
  event_name: 'push',
  workflow: 'Release',
  workflow_ref: 'example-org/example-repo/.github/workflows/release.yml@refs/heads/main',
  job_workflow_ref: 'example-org/shared/.github/workflows/gate.yml@refs/tags/v1',
  run_id: '9000000001',
  run_number: '17',
  run_attempt: '1',
  runner_environment: 'github-hosted',
} as const;

export const GITHUB_IDENTITY = {
  provider: 'github-actions',
  repository: 'example-org/example-repo',
  workflow: 'Release',
  run_id: '9000000001',
  run_attempt: '1',
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  actor: 'release-bot',
  job: 'gate',
  runner_name: 'runner-7',
} as const;

export const GITLAB_CLAIMS = {
  ...TIMES,
  exp: ISSUED_AT + 3_600,
  jti: '6f2a1b7c-0000-4000-8000-000000000002',
  iss: 'https://gitlab.com',
  aud: 'cavra-release-governance',
  sub: 'project_path:group/sub/project:ref_type:branch:ref:main',
  project_id: '22',
  project_path: 'group/sub/project',
  namespace_id: '7',
  namespace_path: 'group/sub',
  job_project_id: '22',
  job_project_path: 'group/sub/project',
  user_id: '42',
  user_login: 'dev',
  user_email: 'dev@example.org',
  pipeline_id: '77',
  pipeline_source: 'push',
  job_id: '88',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  sha: 'abcdef0123456789abcdef0123456789abcdef01',
  runner_id: 5,
  runner_environment: 'self-hosted',
} as const;

export const GITLAB_IDENTITY = {
  provider: 'gitlab-ci',
  repository: 'group/sub/project',
  workflow: 'push',
  run_id: '77',
  run_attempt: '88',
  ref: 'main',
  sha: 'abcdef0123456789abcdef0123456789abcdef01',
  actor: 'dev',
  job: 'gate',
  runner_name: 'runner 5',
} as const;

export const AZURE_ORGANISATION = '11111111-2222-3333-4444-555555555555';

export const AZURE_CLAIMS = {
  ...TIMES,
  jti: '6f2a1b7c-0000-4000-8000-000000000003',
  iss: `https://vstoken.dev.azure.com/${AZURE_ORGANISATION}`,
  aud: 'api://AzureADTokenExchange',
  sub: 'p://example/Payments/release',
  org_id: AZURE_ORGANISATION,
  prj_id: '66666666-2222-3333-4444-555555555555',
  def_id: '12',
  rpo_id: '77777777-2222-3333-4444-555555555555',
  rpo_uri: 'https://dev.azure.com/example/Payments/_git/payments%20api',
  rpo_ver: 'fedcba9876543210fedcba9876543210fedcba98',
  rpo_ref: 'refs/heads/main',
  run_id: '501',
} as const;

export const AZURE_IDENTITY = {
  provider: 'azure-pipelines',
  repository: 'payments api',
  workflow: 'release',
  run_id: '501',
  run_attempt: '1',
  ref: 'refs/heads/main',
  sha: 'fedcba9876543210fedcba9876543210fedcba98',
  actor: 'Dev Eloper',
  job: 'gate',
  runner_name: 'Azure Pipelines 3',
} as const;
