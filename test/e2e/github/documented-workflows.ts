import { parse } from 'yaml';
import { readRepositoryFile, repositoryFiles } from '../../support/repository.ts';

/** A workflow as its text. */
export interface WorkflowText {
  readonly name: string;
  readonly text: string;
}

export interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job extends Step {
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

/** What stands for a commit of this repository, and of the reader's own. */
export const PLACEHOLDER = '<sha>';

/** Every workflow that the documentation shows. */
export function documentedWorkflows(): readonly WorkflowText[] {
  return repositoryFiles()
    .filter((path) => /\.md$/.test(path))
    .flatMap((path) =>
      [...readRepositoryFile(path).matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)]
        .map(([, text = '']) => text)
        .filter((text) => /^on:/m.test(text) && /^jobs:/m.test(text))
        .map((text) => ({ name: `${path}: ${/^name: *(.*)$/m.exec(text)?.[1]}`, text })),
    );
}

export function jobsOf({ text }: WorkflowText): Readonly<Record<string, Job>> {
  // As GitHub gives them to actions: every scalar is a text.
  return (parse(text, { schema: 'failsafe' }) as { readonly jobs: Readonly<Record<string, Job>> }).jobs;
}

export function stepsOf(workflow: WorkflowText): readonly Step[] {
  return Object.values(jobsOf(workflow)).flatMap((job) => [job, ...(job.steps ?? [])]);
}
