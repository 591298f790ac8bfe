import { type Authority, createAuthority } from '../../fakes/authority.ts';
import { type GitLab, type GitLabJobFacts, startGitLab } from '../../fakes/gitlab.ts';
import type { Project } from './project.ts';

export const AUDIENCE = 'cavra-release-governance';

/** Keys as a project would have them in its CI/CD variables. */
export const EVIDENCE_KEY: Readonly<Record<string, string>> = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'evidence-key-of-the-test-0123456789abcdef',
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2099-q4',
};
export const RUNNER_KEY: Readonly<Record<string, string>> = {
  CAVRA_RUNNER_AUTH_HMAC_KEY: 'runner-key-of-the-test-0123456789abcdef',
  CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2099-q4',
};

/** A self-managed GitLab on the loopback interface, with TLS of an authority of its own. */
export interface Instance {
  readonly gitlab: GitLab;
  readonly authority: Authority;
  /** What GitLab, the runner and the project's settings put into a job's environment. */
  jobVariables(project: Project, facts?: GitLabJobFacts): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startInstance(): Promise<Instance> {
  const authority = createAuthority();
  const gitlab = await startGitLab({ authority });
  return {
    gitlab,
    authority,
    jobVariables: (project, facts = {}) => ({
      ...gitlab.startJob({
        projectPath: project.path,
        sha: project.sha,
        idTokens: { CAVRA_GITLAB_OIDC_TOKEN: AUDIENCE },
        ...facts,
      }).environment,
      CI_JOB_NAME: 'release-governance',
      CI_JOB_TIMEOUT: '3600',
      NODE_EXTRA_CA_CERTS: authority.file,
      ...EVIDENCE_KEY,
    }),
    close: async () => {
      await gitlab.close();
      authority.dispose();
    },
  };
}
