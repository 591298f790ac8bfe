import { systemClock, systemRandomBytes } from '@cavra/release-governance-core';
import type { TemplateCommand, TemplateInput } from './configuration/template-input.ts';
import type { Runner } from './job.ts';
import { runJob } from './run-job.ts';

/**
 * The one place that touches the process. Makes what the template's script calls once it has checked the program: with the configuration
 * block of the script, and the SHA-256 of the program in lower-case hex.
 */
export function program(command: TemplateCommand, inputs: readonly TemplateInput[], runner: Runner) {
  return async (configuration: string, programSha256: string): Promise<void> => {
    const job = {
      configuration,
      programSha256,
      environment: process.env,
      workspace: process.cwd(),
      now: systemClock,
      randomBytes: systemRandomBytes,
      version: __CAVRA_VERSION__,
      log: (lines: readonly string[]) => {
        if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
      },
    };
    const status = await runJob(job, command, inputs, runner);
    // Whole: a pipe would lose what is left when the process ends.
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    // A run that was given up at its deadline may have left sockets and timers behind; nothing waits for them.
    process.exit(status);
  };
}
