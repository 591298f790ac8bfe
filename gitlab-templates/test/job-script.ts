import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const TEMPLATE = fileURLToPath(new URL('../release-governance.yml', import.meta.url));

/** The script of the gate's job, with inputs put in as GitLab does. */
export function jobScript(inputs: Readonly<Record<string, string>> = {}): string {
  const [header, content] = parseAllDocuments(readFileSync(TEMPLATE, 'utf8')).map((document) => document.toJS());
  const script: string = content['$[[ inputs.job_name ]]'].script[0];
  return script.replace(
    /\$\[\[ inputs\.(\w+) \]\]/g,
    (_, name: string) => inputs[name] ?? String(header.spec.inputs[name].default),
  );
}

export interface ScriptRun {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a script as the runner does: from standard input, with `errexit`. */
export function runScript(
  shell: readonly string[],
  script: string,
  {
    folder,
    environment,
    flags = '',
  }: { readonly folder: string; readonly environment: NodeJS.ProcessEnv; readonly flags?: string },
): ScriptRun {
  const [command = 'sh', ...args] = shell;
  const result = spawnSync(command, args, {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    input: `set -o errexit ${flags}\n: | eval '${script.replaceAll("'", "'\\''")}'\nexit 0\n`,
    maxBuffer: 2 ** 24,
  });
  return { status: result.status, output: result.stdout + result.stderr };
}
