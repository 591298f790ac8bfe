import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asCavraError } from '@cavra/release-governance-core';
import type { Task } from '../agent/task.ts';
import { temporaryFolder } from './publish.ts';

/**
 * Shows Markdown on the run's page. That it cannot is a line in the log and changes nothing else.
 *
 * @param title of the section; the agent takes the file's name for it
 */
export async function attachSummary({ agent, environment }: Task, title: string, markdown: string): Promise<void> {
  try {
    const path = join(await mkdtemp(join(temporaryFolder(environment), 'cavra-summary-')), `${title}.md`);
    await writeFile(path, markdown, { flag: 'wx', mode: 0o644 });
    agent.uploadSummary(path);
  } catch (error) {
    agent.log(`the summary cannot be shown: ${asCavraError(error).message}`);
  }
}
