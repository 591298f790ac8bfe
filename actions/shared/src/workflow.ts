import { endGroup, error, info, setOutput, setSecret, startGroup, summary, warning } from '@actions/core';
import { logLine, printable } from '@cavra/release-governance-core';

/** What the workflow is told, by way of the toolkit; nothing from outside passes here as a command. */

/** A message that GitHub shows on the run's page, and in the file where it names one. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  /** From the workspace's root, with forward slashes. */
  readonly file?: string;
}

/** GitHub keeps no more than this many of each level per step. */
const MAX_ANNOTATIONS = 10;

export function annotate(annotations: readonly Annotation[]): void {
  for (const { level, title, message, file } of annotations.slice(0, MAX_ANNOTATIONS)) {
    const properties = { title: printable(title), ...(file === undefined ? {} : { file }) };
    const report = level === 'error' ? error : warning;
    report(printable(message), properties);
  }
}

export function log(lines: readonly string[]): void {
  for (const line of lines) info(logLine(line));
}

/** Folds away what `work` prints. */
export async function folded<T>(title: string, work: () => Promise<T>): Promise<T> {
  startGroup(title);
  try {
    return await work();
  } finally {
    endGroup();
  }
}

/** @param outputs by name; each is one line */
export function setOutputs(outputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value);
}

/** Where the runner shows no summaries, or cannot take this one, a warning says so; the result is the same. */
export async function addSummary(markdown: string): Promise<void> {
  try {
    await summary.addRaw(markdown).write();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    annotate([{ level: 'warning', title: 'CAVRA: the summary cannot be written', message }]);
  }
}

/** Shorter lines, such as `{` or `--`, would blank out half of the log and protect nothing. */
const MIN_MASKED_LINE = 4;

/** Keeps secrets out of the log: each as a whole, and each line of one that has several. */
export function maskSecrets(secrets: readonly string[]): void {
  for (const secret of secrets) {
    const lines = secret.split(/[\r\n]+/).map((line) => line.trim());
    for (const text of new Set([secret, ...lines])) {
      if (text.length >= MIN_MASKED_LINE) setSecret(text);
    }
  }
}
