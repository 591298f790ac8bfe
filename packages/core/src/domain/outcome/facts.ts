import { repositoryNames } from '../auth/oidc/bind/azure.ts';
import type { AuthenticatedRunner } from '../trust/trust-decision.ts';
import type { RunnerIdentity } from '../wire/messages.ts';
import type { OutcomeRunner } from './outcome.ts';

/** What of a token is no fact about its job, or would not mean anything later. */
const NO_FACTS: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti']);

/**
 * Who asked, and what of it is proven. Lists and e-mail addresses of a token are left out.
 *
 * @param runner undefined: nobody proved who they are
 */
export function outcomeRunner(identity: RunnerIdentity, runner: AuthenticatedRunner | undefined): OutcomeRunner {
  const provider = identity.provider ?? '';
  if (runner === undefined) {
    return {
      provider,
      method: 'none',
      issuer: null,
      key_id: null,
      key_pinned: null,
      proven: {},
      asserted: fieldsOf(identity),
    };
  }
  const { method, keyId, claims = {}, verified, unverified } = runner;
  if (method === 'oidc') {
    const { iss } = claims;
    return {
      provider,
      method,
      issuer: typeof iss === 'string' ? iss : null,
      key_id: keyId,
      key_pinned: null,
      proven: publicClaims(claims),
      asserted: fieldsOf(identity, unverified),
    };
  }
  return {
    provider,
    method,
    issuer: null,
    key_id: keyId,
    key_pinned: runner.keyPinned === true,
    proven: fieldsOf(identity, verified),
    asserted: fieldsOf(identity, unverified),
  };
}

function publicClaims(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const facts = Object.entries(claims).filter(([name]) => !NO_FACTS.has(name) && !/e_?mail/i.test(name));
  return Object.fromEntries(facts.flatMap(([name, value]) => (isFact(value) ? [[name, String(value)]] : [])));
}

function isFact(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

function fieldsOf(
  identity: RunnerIdentity,
  names: readonly (keyof RunnerIdentity)[] = Object.keys(identity) as (keyof RunnerIdentity)[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (identity[name] ? [[name, identity[name]]] : [])));
}

/** What can be asked of who ran the gate. */
export type RunnerFact = 'repository' | 'ref' | 'sha' | 'run_id' | 'environment' | 'event';

/** The claims of each platform's token that say it; one of them is enough. */
const CLAIMS: Readonly<Record<string, Readonly<Partial<Record<RunnerFact, readonly string[]>>>>> = {
  'github-actions': {
    repository: ['repository'],
    ref: ['ref'],
    sha: ['sha'],
    run_id: ['run_id'],
    environment: ['environment'],
    event: ['event_name'],
  },
  'gitlab-ci': {
    repository: ['project_path'],
    ref: ['ref', 'ref_path'],
    sha: ['sha'],
    run_id: ['pipeline_id'],
    environment: ['environment'],
    event: ['pipeline_source'],
  },
  'azure-pipelines': { ref: ['rpo_ref'], sha: ['rpo_ver'], run_id: ['run_id'] },
};

/** The values that are proven of a fact; none: nothing proves it. */
export function provenValues({ provider, method, proven }: OutcomeRunner, fact: RunnerFact): readonly string[] {
  if (method === 'hmac') return valuesOf(proven, [fact]);
  if (method === 'none') return [];
  // The token of Azure Pipelines has the repository's address and not its name.
  if (provider === 'azure-pipelines' && fact === 'repository') {
    return repositoryNames(proven['rpo_id'], proven['rpo_uri']);
  }
  return valuesOf(proven, CLAIMS[provider]?.[fact] ?? []);
}

/** The values that the holder of an HMAC key asserts. */
export function assertedValues({ method, asserted }: OutcomeRunner, fact: RunnerFact): readonly string[] {
  return method === 'hmac' ? valuesOf(asserted, [fact]) : [];
}

function valuesOf(facts: Readonly<Record<string, string>>, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => (Object.hasOwn(facts, name) ? [facts[name] ?? ''] : []));
}
