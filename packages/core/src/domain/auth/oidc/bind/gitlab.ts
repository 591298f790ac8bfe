import type { JsonObject } from '../../../json/value.ts';
import { stringClaim } from '../token/claims.ts';
import type { BindIdentity } from './binding.ts';
import { bindFields, checkFacts, contradiction, type FieldClaims } from './fields.ts';

/** GitLab's attempt is the job's id (wire-format.md section 2). The token names neither the job's name nor the runner's. */
const FIELDS: FieldClaims = [
  ['repository', 'project_path'],
  ['workflow', 'pipeline_source'],
  ['run_id', 'pipeline_id'],
  ['run_attempt', 'job_id'],
  ['ref', 'ref'],
  ['sha', 'sha'],
  ['actor', 'user_login'],
];

/** Binds by the claims of a GitLab ID token. */
export const bindGitlab: BindIdentity = (identity, claims, facts) => {
  if (stringClaim(claims, 'project_path') === undefined) {
    throw contradiction('the token does not prove the repository: it has no project_path claim');
  }
  refuseForkPipeline(claims);
  checkFacts(claims, [[facts.repositoryId, 'project_id']], 'the project id');
  return bindFields(identity, claims, FIELDS, ['provider']);
};

/**
 * In a fork's merge-request pipeline that runs in the parent project, `project_*` names the fork and `job_project_*` the parent. Such
 * a token speaks for neither.
 */
function refuseForkPipeline(claims: JsonObject): void {
  for (const [project, jobProject] of [
    ['project_id', 'job_project_id'],
    ['project_path', 'job_project_path'],
  ] as const) {
    const running = stringClaim(claims, jobProject);
    if (running !== undefined && running !== stringClaim(claims, project)) {
      throw contradiction(
        `${project} of the token is not its ${jobProject}: this is the merge-request pipeline of a fork, which may not pass`,
      );
    }
  }
}
