import { AuthenticationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { LocatedToken, NoToken } from './token-source.ts';
import { locatedInVariable } from './value.ts';

const LEGACY = 'CI_JOB_JWT_V2';

/** GitLab CI puts the token into the variable under which the job's `id_tokens` declares it. */
export async function locateGitLab(environment: Environment): Promise<LocatedToken | NoToken> {
  return (
    locatedInVariable(environment, 'CAVRA_GITLAB_OIDC_TOKEN', 'gitlab-variable') ??
    locatedInVariable(environment, 'GITLAB_OIDC_TOKEN', 'gitlab-variable') ??
    locatedInVariable(environment, LEGACY, 'gitlab-variable', [
      `the token comes from ${LEGACY}, which GitLab removed in 17.0; declare id_tokens for this job`,
    ]) ?? { source: 'none', reason: new AuthenticationError('CAVRA-E311', MISSING) }
  );
}

const MISSING =
  'this job declares no id_tokens named CAVRA_GITLAB_OIDC_TOKEN or GITLAB_OIDC_TOKEN (the id_tokens of a job replace the default ones), or the GitLab instance has no key to sign them with';
