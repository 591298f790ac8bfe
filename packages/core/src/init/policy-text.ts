import { type InitQuestion, type PolicyQuestion, UNKNOWN_ISSUER } from './question.ts';

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';
const GITLAB_ISSUER = 'https://gitlab.com';

/** A trust policy in YAML: releases of this repository, from tags that begin with `v`, for this target only (docs/trust-policy.md). */
export function trustPolicyText(question: InitQuestion, policy: PolicyQuestion): string {
  return `# Who may pass the release gate, and for what. Change it only by review: the pipeline pins it by its SHA-256.
schema_version: cavra.release-governance.trust-policy.v1
rules:
  - name: releases
${RULES[question.platform](question, policy)}
    requests:
      metadata_kind: [rollout-promotion-execution, rollout-rollback-execution]
      target: ${question.target}
`;
}

type Rule = (question: InitQuestion, policy: PolicyQuestion) => string;

const RULES: Readonly<Record<InitQuestion['platform'], Rule>> = {
  github: ({ issuer, environment }, { repository, repositoryId }) => `    provider: github-actions
    issuer: ${issuer ?? GITHUB_ISSUER}
    match:
      repository: ${repository}
      repository_id: '${repositoryId}'
      ref:
        glob: refs/tags/v*
      event_name: push${environment === undefined ? '' : `\n      environment: ${environment}`}`,
  gitlab: ({ issuer, environment }, { repository, repositoryId }) => `    provider: gitlab-ci
    issuer: ${issuer ?? GITLAB_ISSUER}
    match:
      project_path: ${repository}
      project_id: '${repositoryId}'
      ref_path:
        glob: refs/tags/v*
      ref_protected: true
      pipeline_source: [push, web]${environment === undefined ? '' : `\n      environment: ${environment}\n      environment_protected: true`}`,
  azure: ({ issuer = UNKNOWN_ISSUER }, { repositoryId }) => `    provider: azure-pipelines
    issuer: ${issuer}
    match:
      org_id: ${issuer.slice(issuer.lastIndexOf('/') + 1)}
      prj_id: ${repositoryId.toLowerCase()}
      rpo_ref: refs/heads/main`,
};
