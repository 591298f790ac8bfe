import { stringClaim } from '../token/claims.ts';
import type { BindIdentity } from './binding.ts';
import { bindFields, checkFacts, contradiction, type FieldClaims } from './fields.ts';

/** The token names neither the job nor the runner. `workflow` is the caller's name, in a reusable workflow too. */
const FIELDS: FieldClaims = [
  ['repository', 'repository'],
  ['workflow', 'workflow'],
  ['run_id', 'run_id'],
  ['run_attempt', 'run_attempt'],
  ['ref', 'ref'],
  ['sha', 'sha'],
  ['actor', 'actor'],
];

/** Binds by the claims of GitHub Actions: github.com, ghe.com and GHES alike. */
export const bindGithub: BindIdentity = (identity, claims, facts) => {
  if (stringClaim(claims, 'repository') === undefined) {
    throw contradiction('the token does not prove the repository: it has no repository claim');
  }
  checkFacts(claims, [[facts.repositoryId, 'repository_id']], 'the repository id');
  return bindFields(identity, claims, FIELDS, ['provider']);
};
