import { rmSync } from 'node:fs';
import { camelCase } from '@cavra/release-governance-core';
import { FakeAgent, type Step } from '../../e2e/azure/agent.ts';
import { pins, startJob } from '../../e2e/azure/collection.ts';
import { createAuthority } from '../../fakes/authority.ts';
import { type AzureJobFacts, startAzureDevOps } from '../../fakes/azure.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from '../front-end.ts';
import { addExamples, EVIDENCE_KEY, newFolder } from './workspace.ts';

/** The task, as the agent runs it. */
export const azureTask: FrontEnd = {
  name: 'the Azure Pipelines task',
  provider: 'azure-pipelines',
  obeysEnvironment: false,
  expectsThisRun: true,
  needsToken: false,
  label: (setting) => `input ${camelCase(setting)}`,
  verifyLabel: (setting) => `input ${camelCase(setting)}`,
  open,
};

const FOREIGN = { claims: { rpo_id: 'mallory/repo', rpo_uri: 'https://github.com/mallory/repo' } };
const PULL_REQUEST = { ref: 'refs/pull/7/merge', reason: 'PullRequest' };

async function open(): Promise<Session> {
  const authority = createAuthority();
  const [collection, stranger] = await Promise.all([startAzureDevOps({ authority }), startAzureDevOps({ authority })]);

  const newJob = ({
    token = 'own',
    run,
    pullRequest,
    keys = EVIDENCE_KEY,
    environment,
    folder,
  }: JobFacts = {}): ContractJob => {
    const facts: AzureJobFacts = {
      ...azureRun(run),
      ...(token === 'foreign' ? FOREIGN : {}),
      ...(pullRequest ? PULL_REQUEST : {}),
    };
    const job = startJob(collection, facts);
    if (token === 'forged') {
      const oidcToken = stranger.mint(collection.startJob(facts).claims(), { kid: collection.keys.kid });
      collection.fail({ kind: 'body', body: JSON.stringify({ oidcToken }) }, undefined, 'oidctoken');
    }
    const path = newFolder();
    const agent = new FakeAgent({
      folder: path,
      authorities: authority.file,
      ...(folder === undefined ? {} : { sourcesName: folder }),
    });
    addExamples(agent.sources);
    const stepOf = (settings: Readonly<Record<string, string>>): Step => ({
      inputs: { ...pins(collection), ...spelled(settings) },
      variables: { ...job.variables, ...environment },
      secrets: keys,
      ...(token === 'none' ? {} : { accessToken: job.accessToken }),
    });
    return {
      workspace: agent.sources,
      proven: {
        repository: 'example-org/example-repo',
        ref: job.variables['BUILD_SOURCEBRANCH'] ?? '',
        sha: job.variables['BUILD_SOURCEVERSION'] ?? '',
        run_id: job.variables['BUILD_BUILDID'] ?? '',
      },
      run: async (settings) => {
        const step = await agent.run(stepOf(settings));
        const outputs = Object.entries(step.outputs).map(([name, text]) => [kebabCase(name), text]);
        const [artifact] = step.artifacts;
        return {
          passed: step.status === 0 && step.results[0]?.result !== 'Failed',
          outputs: Object.fromEntries(outputs),
          printed: step.output,
          // The task says its own by these, and neither a result nor an output of them comes from outside.
          commands: step.commands.map(({ name, properties }) =>
            name === 'task.complete' ? `${name} ${properties['result']}` : name,
          ),
          published: new Map([...(artifact?.files ?? [])].map(([name, bytes]) => [name, bytes.toString('utf8')])),
        };
      },
      verify: async (settings) => {
        const step = await agent.run(stepOf({ command: 'verify', ...settings }));
        return {
          passed: step.status === 0 && step.results[0]?.result === 'Succeeded',
          code: step.outputs['diagnosisCode'] ?? '',
          printed: step.output,
        };
      },
      dispose: () => rmSync(path, { recursive: true, force: true }),
    };
  };

  return {
    platform: collection,
    newJob,
    close: async () => {
      await Promise.all([collection.close(), stranger.close()]);
      authority.dispose();
    },
  };
}

/** Facts of another run, as Azure names them. */
function azureRun({ repository, ref, sha, runId }: NonNullable<JobFacts['run']> = {}): AzureJobFacts {
  return {
    ...(repository === undefined
      ? {}
      : {
          repositoryId: repository,
          repositoryName: repository,
          repositoryUri: `https://github.com/${repository}`,
        }),
    ...(ref === undefined ? {} : { ref: `refs/heads/${ref}` }),
    ...(sha === undefined ? {} : { sha }),
    ...(runId === undefined ? {} : { buildId: runId }),
  };
}

function spelled(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(settings).map(([name, text]) => [camelCase(name), text]));
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
