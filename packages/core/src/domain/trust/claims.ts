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
