import { rmSync } from 'node:fs';
import { camelCase } from '@cavra/release-governance-core';
import { FakeAgent } from '../../e2e/azure/agent.ts';
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
  label: (setting) => `input ${camelCase(setting)}`,
  open,
};

const FOREIGN = { claims: { rpo_id: 'mallory/repo', rpo_uri: 'https://github.com/mallory/repo' } };
const PULL_REQUEST = { ref: 'refs/pull/7/merge', reason: 'PullRequest' };

async function open(): Promise<Session> {
  const authority = createAuthority();
  const [collection, stranger] = await Promise.all([startAzureDevOps({ authority }), startAzureDevOps({ authority })]);

  const newJob = ({
    token = 'own',
    pullRequest,
    keys = EVIDENCE_KEY,
    environment,
    folder,
  }: JobFacts = {}): ContractJob => {
    const facts: AzureJobFacts = {
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
      machine: { NODE_EXTRA_CA_CERTS: authority.file },
      ...(folder === undefined ? {} : { sourcesName: folder }),
    });
    addExamples(agent.sources);
    return {
      workspace: agent.sources,
      proven: {
        repository: 'example-org/example-repo',
        sha: job.variables['BUILD_SOURCEVERSION'] ?? '',
        run_id: job.variables['BUILD_BUILDID'] ?? '',
      },
      run: async (settings) => {
        const inputs = Object.entries(settings).map(([name, text]) => [camelCase(name), text] as const);
        const step = await agent.run({
          inputs: { ...pins(collection), ...Object.fromEntries(inputs) },
          variables: { ...job.variables, ...environment },
          secrets: keys,
          ...(token === 'none' ? {} : { accessToken: job.accessToken }),
        });
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

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
