import { systemClock, systemRandomBytes } from '@cavra/release-governance-core';
import { runJob } from './run-job.ts';

/**
 * What the template's script calls once it has checked this program; the one place that touches the process.
 *
 * @param configuration the configuration block of the script
 * @param programSha256 of this program, lower-case hex
 */
export async function run(configuration: string, programSha256: string): Promise<void> {
  const status = await runJob({
    configuration,
    programSha256,
    environment: process.env,
    workspace: process.cwd(),
    now: systemClock,
    randomBytes: systemRandomBytes,
    version: __CAVRA_VERSION__,
    log: (lines) => {
      if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    },
  });
  // Whole: a pipe would lose what is left when the process ends.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  // A run that was given up at its deadline may have left sockets and timers behind; nothing waits for them.
  process.exit(status);
}
