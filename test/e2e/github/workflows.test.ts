import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readRepositoryFile, repositoryFiles } from '../../support/repository.ts';
import { documentedWorkflows, PLACEHOLDER, stepsOf, type WorkflowText } from './documented-workflows.ts';

/** Every workflow that the documentation shows, and every one that the repository runs. */
const all: readonly WorkflowText[] = [
  ...documentedWorkflows(),
  ...repositoryFiles()
    .filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path))
    .map((path) => ({ name: path, text: readRepositoryFile(path) })),
];

/** What GitHub's own parser and schema say against a workflow. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const { context, value } = parseWorkflow({ name: 'workflow.yml', content: text }, new NoOperationTraceWriter());
  const problems = context.errors.getErrors().map(({ message }) => message);
  if (value === undefined || problems.length > 0) return problems;
  const template = await convertWorkflowTemplate(context, value);
  return (template.errors ?? []).map(({ Message }) => Message);
}

const ACTIONS: Readonly<Record<string, string>> = {
  'cavra/release-governance': 'action.yml',
  'cavra/release-governance/actions/verify': 'actions/verify/action.yml',
};
it('every kind of use is shown', () => {
  const text = all.map(({ name }) => name).join('\n');
  for (const title of ['Release', 'Promote', 'Deploy', 'Release gate', 'all regions', 'Check requests', 'HMAC']) {
    expect(text).toContain(title);
  }
});

describe.each(all)('$name', (workflow) => {
  it('is a workflow by GitHub’s own schema', async () => {
    expect(await problemsOf(workflow.text)).toEqual([]);
  });

  it('pins every action by its commit', () => {
    const uses = stepsOf(workflow).flatMap((step) => (step.uses === undefined ? [] : [step.uses]));
    const pinned = (use: string) =>
      use.startsWith('./') || /@[0-9a-f]{40}$/.test(use) || /^(cavra|example-org)\/.*@<sha>$/.test(use);
    expect(uses.filter((use) => !pinned(use))).toEqual([]);
  });

  it('gives our actions only inputs that they declare', () => {
    for (const { uses = '', with: inputs = {} } of stepsOf(workflow)) {
      const file = ACTIONS[uses.replace(`@${PLACEHOLDER}`, '')];
      if (file === undefined) continue;
      const declared = (parse(readRepositoryFile(file)) as { readonly inputs: Readonly<Record<string, unknown>> })
        .inputs;
      expect(Object.keys(declared)).toEqual(expect.arrayContaining(Object.keys(inputs)));
    }
  });
});

describe('the lint catches', () => {
  const good = 'name: X\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: "true"\n';

  const expression = (text: string) => `\${{ ${text} }}`;

  it('nothing in a good workflow', async () => {
    expect(await problemsOf(good)).toEqual([]);
  });

  it.each([
    ['an unknown key', good.replace('runs-on', 'run-on')],
    ['an unknown event', good.replace('on: push', 'on: pushed')],
    ['an expression that does not parse', good.replace('"true"', expression('github.'))],
    ['a context that is not there', good.replace('runs-on: ubuntu-24.04', `runs-on: ${expression('secrets.X')}`)],
    ['a wrong permission', good.replace('jobs:', 'permissions:\n  id-token: yes please\njobs:')],
    ['a job that needs another one that is not there', good.replace('    steps', '    needs: b\n    steps')],
  ])('%s', async (_, text) => {
    expect(await problemsOf(text)).not.toEqual([]);
  });
});
