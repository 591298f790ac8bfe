import { claimText } from '../../trust/subject.ts';
import type { AuthenticatedRunner } from '../../trust/trust-decision.ts';
import type { Provider } from '../../wire/messages.ts';
import type { ApprovedRun, People } from './facts.ts';

interface RunClaims {
  readonly repositoryId: string;
  readonly commit: string;
  readonly runId: string;
  /** Who started the run; null: the token names nobody. */
  readonly starter: string | null;
}

const CLAIMS: Readonly<Record<Exclude<Provider, 'local'>, RunClaims>> = {
  'github-actions': { repositoryId: 'repository_id', commit: 'sha', runId: 'run_id', starter: 'actor_id' },
  'gitlab-ci': { repositoryId: 'project_id', commit: 'sha', runId: 'pipeline_id', starter: 'user_id' },
  'azure-pipelines': { repositoryId: 'rpo_id', commit: 'rpo_ver', runId: 'run_id', starter: null },
};

const GIT_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;

/** The run as the runner's proof has it. An HMAC proves none of it: what the job says stands there, and is marked. */
export function approvedRun(runner: AuthenticatedRunner): ApprovedRun {
  const provider = runner.identity.provider as Provider;
  const repository = runner.identity.repository ?? '';
  const claims = claimsOf(runner);
  if (claims === undefined) return assertedRun(runner, provider, repository);
  const commit = claimText(runner, claims.commit);
  return {
    provider,
    repository,
    issuer: claimText(runner, 'iss'),
    repositoryId: claimText(runner, claims.repositoryId),
    commit: commit !== null && GIT_COMMIT.test(commit) ? commit : null,
    runId: claimText(runner, claims.runId),
    asserted: [],
  };
}

/** Who started the run, by its token alone. */
export function provenStarters(runner: AuthenticatedRunner): People {
  const claim = claimsOf(runner)?.starter;
  if (claim === undefined) return { unresolved: 'an HMAC proves nobody' };
  const id = claim === null ? null : claimText(runner, claim);
  return id === null ? { unresolved: `the token of ${runner.identity.provider} names nobody` } : { ids: [id] };
}

function claimsOf({ method, identity }: AuthenticatedRunner): RunClaims | undefined {
  const provider = identity.provider as Provider;
  return method === 'hmac' || provider === 'local' ? undefined : CLAIMS[provider];
}

function assertedRun({ identity }: AuthenticatedRunner, provider: Provider, repository: string): ApprovedRun {
  const { sha = '', run_id = '' } = identity;
  const commit = GIT_COMMIT.test(sha) ? sha : null;
  const runId = run_id || null;
  return {
    provider,
    repository,
    issuer: null,
    repositoryId: null,
    commit,
    runId,
    asserted: [
      'repository',
      ...(commit === null ? [] : (['commit'] as const)),
      ...(runId === null ? [] : (['run_id'] as const)),
    ],
  };
}
