import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EvaluateRequest } from '../../src/domain/wire/messages.ts';
import { APPROVED, type DaemonFiles, exchange, IDENTITY, proven } from './harness.ts';

/** Load on a daemon in a process of its own. */

const BUNDLE = fileURLToPath(new URL('../../../cli/dist/cavra-release-governance.mjs', import.meta.url));

export interface DaemonChild {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

/** @param shell what a shell does before it becomes the daemon, for example a limit */
export async function spawnDaemon(files: DaemonFiles, shell = ''): Promise<DaemonChild> {
  const args = [BUNDLE, 'daemon', 'run', '--config', files.configuration];
  const child = spawn('sh', ['-c', `${shell} exec "$@"`, 'sh', process.execPath, ...args], {
    env: { PATH: process.env['PATH'], ...files.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.includes('"event":"started"')) return;
      text += chunk;
      if (text.includes('"event":"started"')) resolve();
    });
    child.on('close', () => reject(new Error(`the daemon did not start: ${text}`)));
  });
  return { pid: child.pid ?? 0, kill: (signal) => child.kill(signal), ended };
}

/** What a client was told. */
export interface Acknowledged {
  readonly recordId: string;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly acknowledged: readonly Acknowledged[];
  /** Requests that were not answered by a decision. */
  readonly failed: number;
}

export interface LoadOptions {
  readonly clients: number;
  /** Of all clients together. */
  readonly requests: number;
  /** Runs among which the clients are divided; each has a stream. */
  readonly runs?: number;
  /** Asked before each request, with how many were acknowledged so far. */
  readonly goOn?: (acknowledged: number) => boolean;
  readonly request?: EvaluateRequest;
}

/** Clients that each ask one request after the other, every one on a connection of its own and with a proof of its own. */
export async function load(socket: string, options: LoadOptions): Promise<LoadResult> {
  const { clients, requests, runs = clients, goOn = () => true, request = APPROVED } = options;
  const acknowledged: Acknowledged[] = [];
  let [asked, failed] = [0, 0];
  const client = async (number: number) => {
    const identity = { ...IDENTITY, run_id: `run-${number % runs}` };
    while (asked < requests && goOn(acknowledged.length)) {
      asked += 1;
      const start = performance.now();
      const answer = await exchange(socket, `${JSON.stringify(proven(request, { identity }))}\n`).catch(() => '');
      const recordId = /go-daemon-evidence:\/\/([0-9a-f]{24})"\]/.exec(answer)?.[1];
      if (recordId !== undefined && answer.includes('"decision":"allow"') && answer.endsWith('\n')) {
        acknowledged.push({ recordId, milliseconds: performance.now() - start });
      } else {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return { acknowledged, failed };
}
