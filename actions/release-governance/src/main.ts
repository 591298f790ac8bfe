import { fileURLToPath } from 'node:url';
import { systemClock, systemRandomBytes } from '@cavra/release-governance-core';
import { drained, failClosed } from '../../shared/src/process.ts';
import { run } from './run.ts';

/** What the runner starts for the step; only here and in post.ts is the process touched. */
const code = await failClosed(() =>
  run({
    environment: process.env,
    workspace: process.env['GITHUB_WORKSPACE'] ?? process.cwd(),
    now: systemClock,
    randomBytes: systemRandomBytes,
    version: __CAVRA_VERSION__,
    program: fileURLToPath(import.meta.url),
  }),
);
await drained(process.stdout);
// A run that was given up at its deadline may have left sockets and timers behind; nothing waits for them.
process.exit(code);
