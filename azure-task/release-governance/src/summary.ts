import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asCavraError } from '@cavra/release-governance-core';
import { temporaryFolder } from './publish.ts';
import type { Task } from './task.ts';

/** The agent takes the file's name for the title of the section on the run's page. */
const TITLE = 'CAVRA release gate.md';

/** Shows Markdown on the run's page. That it cannot is a line in the log and changes nothing else. */
export async function attachSummary({ agent, environment }: Task, markdown: string): Promise<void> {
  try {
    const path = join(await mkdtemp(join(temporaryFolder(environment), 'cavra-summary-')), TITLE);
    await writeFile(path, markdown, { flag: 'wx', mode: 0o644 });
    agent.uploadSummary(path);
  } catch (error) {
    agent.log(`the summary cannot be shown: ${asCavraError(error).message}`);
  }
}
