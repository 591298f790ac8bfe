import { PROVIDERS } from '../identity/sources.ts';
import type { Provider } from '../wire/messages.ts';

export { PROVIDERS };

/**
 * What a rule of the trust policy may match, by the platform's own claim names. The parser, the published JSON Schema, the linter
 * and the documentation's tables all follow these tables.
 */

/**
 * `id`: a string of digits; `guid`: compared without letter case; `flag`: true or false; `path`: exact, or a glob by segments;
 * `text`: exact only.
 */
export type ClaimKind = 'id' | 'guid' | 'flag' | 'path' | 'text';

/**
 * What the claim says of the job. `repository`: names one repository; `owner`: names a whole group of them; `ref`, `event`,
 * `environment`: what the linter and the built-in conditions look at; `other`: the rest.
 */
export type ClaimRole = 'repository' | 'owner' | 'ref' | 'event' | 'environment' | 'other';

export interface ClaimDefinition {
  readonly name: string;
  readonly kind: ClaimKind;
  readonly role: ClaimRole;
  /** Every value that the platform documents; another one is not refused but named by the linter. */
  readonly values?: readonly string[];
  /** The claim with the numeric id of what this claim names. */
  readonly id?: string;
}

export type TrustMethod = 'oidc' | 'hmac';

export const METHODS = ['oidc', 'hmac'] as const satisfies TrustMethod[];

type Extra = Partial<Pick<ClaimDefinition, 'values' | 'id'>>;

function claim(name: string, kind: ClaimKind, role: ClaimRole = 'other', extra: Extra = {}): ClaimDefinition {
  return { name, kind, role, ...extra };
}

const REF_TYPES = { values: ['branch', 'tag'] };
const VISIBILITIES = { values: ['public', 'internal', 'private'] };

const GITHUB: readonly ClaimDefinition[] = [
  claim('repository', 'path', 'repository', { id: 'repository_id' }),
  claim('repository_id', 'id', 'repository'),
  claim('repository_owner', 'text', 'owner', { id: 'repository_owner_id' }),
  claim('repository_owner_id', 'id', 'owner'),
  claim('repository_visibility', 'text', 'other', VISIBILITIES),
  claim('enterprise', 'text', 'owner', { id: 'enterprise_id' }),
  claim('enterprise_id', 'id', 'owner'),
  claim('ref', 'path', 'ref'),
  claim('ref_type', 'text', 'other', REF_TYPES),
  claim('ref_protected', 'flag'),
  claim('base_ref', 'path'),
  claim('head_ref', 'path'),
  claim('sha', 'text'),
  claim('environment', 'path', 'environment'),
  claim('event_name', 'text', 'event'),
  claim('workflow', 'text'),
  claim('workflow_ref', 'path'),
  claim('workflow_sha', 'text'),
  claim('job_workflow_ref', 'path'),
  claim('job_workflow_sha', 'text'),
  claim('runner_environment', 'text', 'other', { values: ['github-hosted', 'self-hosted'] }),
  claim('actor', 'text', 'other', { id: 'actor_id' }),
  claim('actor_id', 'id'),
];

const GITLAB: readonly ClaimDefinition[] = [
  claim('project_path', 'path', 'repository', { id: 'project_id' }),
  claim('project_id', 'id', 'repository'),
  claim('project_visibility', 'text', 'other', VISIBILITIES),
  claim('namespace_path', 'path', 'owner', { id: 'namespace_id' }),
  claim('namespace_id', 'id', 'owner'),
  claim('job_project_path', 'path', 'other', { id: 'job_project_id' }),
  claim('job_project_id', 'id'),
  claim('ref', 'path', 'ref'),
  claim('ref_path', 'path', 'ref'),
  claim('ref_type', 'text', 'other', REF_TYPES),
  claim('ref_protected', 'flag'),
  claim('sha', 'text'),
  claim('environment', 'path', 'environment'),
  claim('environment_protected', 'flag'),
  claim('deployment_tier', 'text', 'other', {
    values: ['production', 'staging', 'testing', 'development', 'other'],
  }),
  claim('pipeline_source', 'text', 'event'),
  claim('ci_config_ref_uri', 'path'),
  claim('ci_config_sha', 'text'),
  claim('runner_environment', 'text', 'other', { values: ['gitlab-hosted', 'self-hosted'] }),
  claim('runner_id', 'id'),
  claim('user_login', 'text', 'other', { id: 'user_id' }),
  claim('user_id', 'id'),
  claim('user_access_level', 'text', 'other', {
    values: ['guest', 'planner', 'reporter', 'developer', 'maintainer', 'owner'],
  }),
];

const AZURE: readonly ClaimDefinition[] = [
  claim('org_id', 'guid', 'owner'),
  claim('prj_id', 'guid', 'owner'),
  claim('def_id', 'id'),
  claim('rpo_id', 'path', 'repository'),
  claim('rpo_uri', 'path', 'repository'),
  claim('rpo_ref', 'path', 'ref'),
  claim('rpo_ver', 'text'),
];

/** What an HMAC covers: the identity's own fields, as the runner states them, and the key that signed. */
const HMAC: readonly ClaimDefinition[] = [
  claim('repository', 'path', 'repository'),
  claim('key_id', 'text', 'repository'),
  claim('workflow', 'text'),
  claim('ref', 'path', 'ref'),
  claim('sha', 'text'),
  claim('actor', 'text'),
  claim('job', 'text'),
  claim('runner_name', 'text'),
];

const OIDC: Readonly<Record<Provider, readonly ClaimDefinition[]>> = {
  'github-actions': GITHUB,
  'gitlab-ci': GITLAB,
  'azure-pipelines': AZURE,
  // There is no token service beside a platform.
  local: [],
};

export function claimsOf(provider: Provider, method: TrustMethod): readonly ClaimDefinition[] {
  return method === 'oidc' ? OIDC[provider] : HMAC;
}

/** The claims that a rule may match: those that every one of its methods can prove. */
export function matchableClaims(provider: Provider, methods: readonly TrustMethod[]): readonly ClaimDefinition[] {
  const [first, ...rest] = methods.map((method) => claimsOf(provider, method));
  return (first ?? []).filter(({ name }) => rest.every((table) => table.some((other) => other.name === name)));
}

export function findClaim(
  provider: Provider,
  methods: readonly TrustMethod[],
  name: string,
): ClaimDefinition | undefined {
  return matchableClaims(provider, methods).find((definition) => definition.name === name);
}

/** Each names something else: the form of `sub` can be changed by its users, and the rest is new in every token. */
export const UNMATCHABLE_CLAIMS = ['sub', 'jti', 'iat', 'nbf', 'exp', 'auth_time'] as const;
/** What a claim that is in none of the tables may be called. */
export const CLAIM_NAME_FORM = /^[A-Za-z][A-Za-z0-9_.$#:/-]{0,127}$/;

/** Signed claims that no table names because hardly any rule matches them; the linter takes none for a misspelling. */
const OTHER_SIGNED: Readonly<Record<Provider, readonly string[]>> = {
  'github-actions': ['run_id', 'run_number', 'run_attempt', 'check_run_id'],
  'gitlab-ci': [
    ...['pipeline_id', 'job_id', 'job_source', 'job_config', 'user_email', 'job_namespace_id', 'job_namespace_path'],
    ...['groups_direct', 'environment_action', 'target_ref', 'target_ref_path', 'user_identities'],
  ],
  'azure-pipelines': ['run_id'],
  local: [],
};
const OF_EVERY_ISSUER = ['iss', 'aud'];

/**
 * The claim of this name that a rule may match: of an OIDC token any that it has, those of the tables by their kind; undefined: none.
 * A name that no token has can only refuse.
 */
export function matchableClaim(
  provider: Provider,
  methods: readonly TrustMethod[],
  name: string,
): ClaimDefinition | undefined {
  return findClaim(provider, methods, name) ?? (isOpen(provider, methods, name) ? claim(name, 'path') : undefined);
}

function isOpen(provider: Provider, methods: readonly TrustMethod[], name: string): boolean {
  const isOidcOnly = methods.every((method) => method === 'oidc') && provider !== 'local';
  const isReserved = UNMATCHABLE_CLAIMS.some((other) => other === name) || name in Object.prototype;
  return isOidcOnly && CLAIM_NAME_FORM.test(name) && !isReserved && !foreignClaims(provider).includes(name);
}

/** Claims that only other platforms are known to sign. */
export function foreignClaims(provider: Provider): readonly string[] {
  const own = new Set([...OIDC[provider].map(({ name }) => name), ...OTHER_SIGNED[provider]]);
  const others = PROVIDERS.flatMap((other) => OIDC[other].map(({ name }) => name));
  return [...new Set(others)].filter((name) => !own.has(name));
}

/** Whether the platform, or every issuer, is known to sign a claim of this name. */
export function isDocumentedClaim(provider: Provider, name: string): boolean {
  const names = [...OIDC[provider].map((definition) => definition.name), ...OTHER_SIGNED[provider], ...OF_EVERY_ISSUER];
  return names.includes(name) || name.startsWith('repo_property_');
}

/** The claims, at least one of which a rule must match, so that it does not trust everybody that the issuer vouches for. */
export function anchorClaims(provider: Provider, methods: readonly TrustMethod[]): readonly string[] {
  return matchableClaims(provider, methods)
    .filter(({ role }) => role === 'repository' || role === 'owner')
    .map(({ name }) => name);
}

/** Fields of a request that a rule may be scoped to; `path` allows a glob. */
export const REQUEST_FIELDS = [
  { name: 'metadata_kind', kind: 'text' },
  { name: 'target', kind: 'path' },
  { name: 'release_channel', kind: 'path' },
] as const satisfies readonly { readonly name: string; readonly kind: ClaimKind }[];

export type RequestField = (typeof REQUEST_FIELDS)[number]['name'];
