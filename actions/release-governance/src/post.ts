import { fileURLToPath } from 'node:url';
import { systemClock, systemRandomBytes } from '@cavra/release-governance-core';
import { drained, failClosed } from '../../shared/src/process.ts';
import { runPost } from './run-post.ts';

/** What the runner starts when the job ends, whatever became of the step. */
const code = await failClosed(() =>
  runPost({
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
