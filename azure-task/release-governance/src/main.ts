import { fileURLToPath } from 'node:url';
import { asCavraError, logLine, systemClock, systemRandomBytes } from '@cavra/release-governance-core';
import { openAgent } from './agent/task-lib-agent.ts';
import { runTask } from './run-task.ts';

/** What the agent starts for the step; only here is the process touched. */

/** Fails the step where even the task library is of no help. */
function failClosed(error: unknown): void {
  const { code, message } = asCavraError(error);
  process.stdout.write(`##vso[task.complete result=Failed;]${logLine(`${code}: ${message}`)}\n`);
}

/** Waits until all that was written is with the agent: where a pipe is asynchronous, the end of the process would lose it. */
async function exit(): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  // The agent takes any other status for a broken machine. And a run that was given up at its deadline may have left sockets and
  // timers behind; nothing waits for them.
  process.exit(0);
}

try {
  const agent = await openAgent(process.stdout);
  process.on('uncaughtException', (error) => {
    failClosed(error);
    void exit();
  });
  await runTask({
    agent,
    environment: process.env,
    workspace: process.cwd(),
    now: systemClock,
    randomBytes: systemRandomBytes,
    version: __CAVRA_VERSION__,
    program: fileURLToPath(import.meta.url),
  });
} catch (error) {
  failClosed(error);
}
await exit();
