import { fileURLToPath } from 'node:url';
import { systemClock } from '@cavra/release-governance-core';
import { drained, failClosed } from '../../shared/src/process.ts';
import { run } from './run.ts';

/** What the runner starts for the step; only here is the process touched. */
const code = await failClosed(() =>
  run({
    environment: process.env,
    workspace: process.env['GITHUB_WORKSPACE'] ?? process.cwd(),
    now: systemClock,
    version: __CAVRA_VERSION__,
    program: fileURLToPath(import.meta.url),
  }),
);
await drained(process.stdout);
process.exit(code);
