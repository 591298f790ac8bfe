// How long a job waits for the gate: each front end's committed bundle, started as its platform starts it, in turn with a process of
// Node that does nothing.
import { spawn } from 'node:child_process';
import type { Session } from '../contract/front-end.ts';
import { azureTask } from '../contract/front-ends/azure.ts';
import { commandLine } from '../contract/front-ends/command-line.ts';
import { githubAction } from '../contract/front-ends/github.ts';
import { gitlabTemplate } from '../contract/front-ends/gitlab.ts';
import { EVIDENCE_KEY } from '../contract/front-ends/workspace.ts';
import { createAuthority } from '../fakes/authority.ts';
import { HMAC_ENVIRONMENT } from '../support/cli.ts';

const FRONT_ENDS = [
  { frontEnd: commandLine, inputs: {} },
  // It uploads by itself, which is after the verdict; the others leave that to their platform.
  { frontEnd: githubAction, inputs: { 'upload-artifact': 'false' } },
  { frontEnd: gitlabTemplate, inputs: {} },
  { frontEnd: azureTask, inputs: {} },
];
const METHODS = ['hmac', 'oidc'] as const;

export interface FrontEndTimes {
  readonly frontEnd: string;
  readonly method: (typeof METHODS)[number];
  /** Seconds of each run, and of the yardstick beside it. */
  readonly pairs: readonly { readonly measured: number; readonly yardstick: number }[];
}

/** @param count pairs to count, after one that is not counted */
export async function timeFrontEnds(count: number): Promise<readonly FrontEndTimes[]> {
  const times = [];
  for (const { frontEnd, inputs } of FRONT_ENDS) {
    const session = await frontEnd.open();
    try {
      for (const method of METHODS) {
        times.push({
          frontEnd: frontEnd.name,
          method,
          pairs: await timePairs(() => timeGate(session, method, inputs), count),
        });
      }
    } finally {
      await session.close();
    }
  }
  return times;
}

async function timePairs(gate: () => Promise<number>, count: number) {
  // Node reads the authorities at its start when there is one more, as the front ends' platforms have.
  const authority = createAuthority();
  try {
    const pairs = [];
    for (let round = 0; round <= count; round += 1) {
      pairs.push({ measured: await gate(), yardstick: await timeNode(authority.file) });
    }
    return pairs.slice(1);
  } finally {
    authority.dispose();
  }
}

async function timeGate(session: Session, method: (typeof METHODS)[number], inputs: object): Promise<number> {
  const job = session.newJob(
    method === 'oidc' ? { keys: EVIDENCE_KEY } : { token: 'none', keys: { ...HMAC_ENVIRONMENT } },
  );
  try {
    const start = process.hrtime.bigint();
    const { passed, printed } = await job.run({ request: 'examples/approved-promotion.json', auth: method, ...inputs });
    const seconds = secondsSince(start);
    if (!passed) throw new Error(`the gate did not pass: ${printed}`);
    return seconds;
  } finally {
    job.dispose();
  }
}

function timeNode(authorities: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(process.execPath, ['-e', '0'], {
      env: { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: authorities },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.on('error', reject);
    child.on('close', () => resolve(secondsSince(start)));
  });
}

function secondsSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e9;
}
