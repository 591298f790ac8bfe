import type { Provider, RunnerIdentity } from '../wire/messages.ts';
import type { AuthenticatedRunner } from './trust-decision.ts';

type Claims = Readonly<Record<string, unknown>>;

/** The claims that name the repository, by which a platform's tokens are told apart. */
const REPOSITORY_CLAIMS: readonly (readonly [claim: string, provider: Provider])[] = [
  ['project_path', 'gitlab-ci'],
  ['rpo_uri', 'azure-pipelines'],
  ['rpo_id', 'azure-pipelines'],
  ['repository', 'github-actions'],
];

/**
 * The runner that a verified token with these claims would stand for, to explain a policy by. Nothing is verified here.
 *
 * @returns undefined: the claims are of no platform's token
 */
export function runnerFromClaims(claims: Claims): AuthenticatedRunner | undefined {
  const found = REPOSITORY_CLAIMS.find(([claim]) => textOf(claims, claim) !== '');
  if (found === undefined) {
    return undefined;
  }
  const [claim, provider] = found;
  const identity: RunnerIdentity = { provider, repository: textOf(claims, claim) };
  return {
    method: 'oidc',
    identity,
    keyId: '',
    verified: ['provider', 'repository'],
    unverified: [],
    claims,
    notes: [],
  };
}

/** The runner that an HMAC over this identity would stand for. Nothing is verified here. */
export function runnerFromIdentity(identity: RunnerIdentity, keyId: string): AuthenticatedRunner {
  const verified = (Object.keys(identity) as (keyof RunnerIdentity)[]).filter((field) => Boolean(identity[field]));
  return { method: 'hmac', identity, keyId, verified, unverified: [], notes: [] };
}

function textOf(claims: Claims, name: string): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' ? value : '';
}
