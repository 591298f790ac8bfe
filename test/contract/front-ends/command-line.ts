import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GATE_SETTINGS, type GateResult, gateOutputs } from '@cavra/release-governance-core';
import { createAuthority } from '../../fakes/authority.ts';
import { startGitHubEnterpriseServer } from '../../fakes/github.ts';
import { runCli } from '../../support/cli.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from '../front-end.ts';
import { GITHUB_FOREIGN, GITHUB_PULL_REQUEST, githubProven } from './github.ts';
import { addExamples, EVIDENCE_KEY, newFolder, readFolder } from './workspace.ts';

/** The command line, in a step of a job on a GitHub Enterprise Server. */
export const commandLine: FrontEnd = {
  name: 'the command line',
  provider: 'github-actions',
  obeysEnvironment: true,
  label: (setting) => (setting === 'request' ? 'REQUEST' : `--${optionOf(setting)}`),
  open,
};

const DEFAULT_FOLDER = '.cavra/go-daemon';

async function open(): Promise<Session> {
  const authority = createAuthority();
  const [server, stranger] = await Promise.all([
    startGitHubEnterpriseServer({ authority }),
    startGitHubEnterpriseServer({ authority }),
  ]);

  const newJob = ({
    token = 'own',
    pullRequest,
    keys = EVIDENCE_KEY,
    environment,
    folder,
  }: JobFacts = {}): ContractJob => {
    const facts = {
      mayAsk: token !== 'none',
      ...(token === 'foreign' ? GITHUB_FOREIGN : {}),
      ...(pullRequest ? GITHUB_PULL_REQUEST : {}),
    };
    const job = server.startJob(facts);
    if (token === 'forged') {
      const value = stranger.mint(job.claims('cavra-release-governance'), { kid: server.keys.kid });
      server.fail({ kind: 'body', body: JSON.stringify({ value }) }, undefined, 'idtoken');
    }
    const path = newFolder();
    const workspace = join(path, folder ?? 'workspace');
    addExamples(workspace);
    return {
      workspace,
      proven: githubProven(job.environment),
      run: async (settings) => {
        const { status, stdout, stderr } = await runCli(['gate', '--format', 'json', ...argumentsOf(settings)], {
          workingDirectory: workspace,
          environment: { ...job.environment, NODE_EXTRA_CA_CERTS: authority.file, ...keys, ...environment },
        });
        const result = stdout === '' ? undefined : (JSON.parse(stdout) as Partial<GateResult>);
        return {
          passed: status === 0,
          outputs: isWhole(result) ? gateOutputs(result) : { verdict: 'fail', 'diagnosis-code': codeIn(stderr) },
          printed: stdout + stderr,
          commands: commandsIn(stdout + stderr),
          published: readFolder(join(workspace, settings['evidence-dir'] ?? DEFAULT_FOLDER)),
        };
      },
      dispose: () => rmSync(path, { recursive: true, force: true }),
    };
  };

  return {
    platform: server,
    newJob,
    close: async () => {
      await Promise.all([server.close(), stranger.close()]);
      authority.dispose();
    },
  };
}

/** Some options are shorter than the settings. */
function optionOf(setting: string): string {
  return GATE_SETTINGS.find(({ name }) => name === setting)?.option ?? setting;
}

function argumentsOf({ request, ...settings }: Readonly<Partial<Record<string, string>>>): string[] {
  const options = Object.entries(settings).flatMap(([name, text = '']) =>
    name === 'allow-blocking-decision' ? (text === 'true' ? [`--${name}`] : []) : [`--${optionOf(name)}`, text],
  );
  return [...(request === undefined ? [] : request.split('\n')), ...options];
}

/** What is wrong with the command line itself has no result. */
function isWhole(result: Partial<GateResult> | undefined): result is GateResult {
  return result?.decisions !== undefined;
}

function codeIn(stderr: string): string {
  return /CAVRA-E\d+/.exec(stderr)?.[0] ?? '';
}

/** It runs anywhere: what any of the platforms would take for a command. */
function commandsIn(printed: string): readonly string[] {
  return [...printed.matchAll(/^\s*::([\w-]+)|##(?:vso)?\[([\w.-]+)|section_(?:start|end):\d+:\w+\r/gim)].map(
    ([found]) => found,
  );
}
