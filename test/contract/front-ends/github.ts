import { type Platform as GitHubPlatform, startPlatform } from '../../e2e/github/harness.ts';
import { RunnerJob } from '../../e2e/github/runner.ts';
import { type GitHub, startGitHubDotCom } from '../../fakes/github.ts';
import { unzip } from '../../support/unzip.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from '../front-end.ts';
import { addExamples, EVIDENCE_KEY } from './workspace.ts';

/** The action, as the runner starts it. */
export const githubAction: FrontEnd = {
  name: 'the GitHub Action',
  provider: 'github-actions',
  obeysEnvironment: false,
  label: (setting) => `input ${setting}`,
  open,
};

export const GITHUB_FOREIGN = { claims: { repository: 'mallory/repo', repository_id: '666' } };
export const GITHUB_PULL_REQUEST = { event: 'pull_request', ref: 'refs/pull/7/merge' };

export function githubProven(environment: Readonly<Record<string, string>>): ContractJob['proven'] {
  return {
    repository: environment['GITHUB_REPOSITORY'] ?? '',
    sha: environment['GITHUB_SHA'] ?? '',
    run_id: environment['GITHUB_RUN_ID'] ?? '',
  };
}

async function open(): Promise<Session> {
  const platform = await startPlatform();
  const stranger = await startGitHubDotCom({ authority: platform.authority });
  return {
    platform: platform.dotCom,
    newJob: (facts) => newJob(platform, stranger, facts),
    close: async () => {
      await Promise.all([platform.close(), stranger.close()]);
    },
  };
}

let jobs = 0;

function newJob(
  { authority, dotCom, results, proxy }: GitHubPlatform,
  stranger: GitHub,
  { token = 'own', pullRequest, keys = EVIDENCE_KEY, environment, folder }: JobFacts = {},
): ContractJob {
  jobs += 1;
  const started = dotCom.startJob({
    mayAsk: token !== 'none',
    job: `gate-${jobs}`,
    ...(token === 'foreign' ? GITHUB_FOREIGN : {}),
    ...(pullRequest ? GITHUB_PULL_REQUEST : {}),
  });
  if (token === 'forged') {
    const value = stranger.mint(started.claims('cavra-release-governance'), { kid: dotCom.keys.kid });
    dotCom.fail({ kind: 'body', body: JSON.stringify({ value }) }, undefined, 'idtoken');
  }
  const network = { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1', NODE_EXTRA_CA_CERTS: authority.file };
  const job = new RunnerJob({ ...started.environment, ...results.environment, ...network }, folder);
  addExamples(job.workspace);
  return {
    workspace: job.workspace,
    proven: githubProven(started.environment),
    run: async (settings) => {
      const step = await job.main({ with: { ...settings }, env: { ...environment, ...keys } });
      const artifact = results.artifacts.find(({ id }) => String(id) === step.outputs['artifact-id']);
      const files = artifact === undefined ? [] : unzip(artifact.zip);
      return {
        passed: step.status === 0,
        outputs: step.outputs,
        // Masking a key means to print it once.
        printed: step.raw.replace(/^::add-mask::.*$/gm, ''),
        commands: step.commands.map(({ name }) => name),
        published: new Map(files.map(({ name, bytes }) => [name, bytes.toString('utf8')])),
      };
    },
    dispose: () => job.dispose(),
  };
}
