import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import { systemSleep } from '../system/system.ts';
import { processesOf, signalProcesses } from './own-processes.ts';
import type { PrivateCopy } from './private-copy.ts';
import { runProgram } from './program-run.ts';

/** A daemon of an external program that this run started, and that ends with it. */
export interface ExternalDaemon {
  readonly socket: string;
  /** Ends it, and takes its folder away. Never touches another process. */
  stop(): Promise<void>;
}

export interface ExternalDaemonOptions {
  readonly copy: PrivateCopy;
  /** Absolute. */
  readonly evidenceLog: string;
  /** Options of `--lifecycle start` beside socket and log. */
  readonly options: readonly string[];
  /** All that the program gets; keys reach it only so. */
  readonly environment: Environment;
  /** What the program says may hold a key: it is not shown then. */
  readonly searcher: SecretSearcher;
}

const GRACE_MS = 3_000;
const POLL_MS = 30;

/**
 * Starts the program's daemon on a socket in the program's private folder (wire-format.md section 8).
 *
 * @throws RuntimeFailure CAVRA-E524
 */
export async function startExternalDaemon(options: ExternalDaemonOptions): Promise<ExternalDaemon> {
  const { copy, evidenceLog, environment, searcher } = options;
  const socket = join(copy.folder, 's');
  const place = ['--socket', socket, '--evidence-log', evidenceLog];
  const release = endWithProcess(copy);
  const stop = async () => {
    await endProcesses(copy, ['--lifecycle', 'stop', ...place], environment);
    release();
    await copy.remove();
  };
  try {
    const run = await runProgram(copy, ['--lifecycle', 'start', ...place, ...options.options], environment);
    if (run.status !== 0) {
      const isSafe = searcher.find(Buffer.from(run.said)).length === 0;
      const said = run.said === '' ? 'nothing' : isSafe ? run.said : 'something that holds a secret';
      throw new RuntimeFailure('CAVRA-E524', `the runtime did not start (status ${run.status}); it said: ${said}`);
    }
    return { socket, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Ends every process of the program. They are known by the program's path, so its own `stop`, which believes a number in a file, is
 * asked only where they cannot be known.
 */
async function endProcesses(copy: PrivateCopy, stopCommand: readonly string[], environment: Environment) {
  if (process.platform === 'win32') {
    await runProgram(copy, stopCommand, environment).catch(() => undefined);
    return;
  }
  signalProcesses(processesOf(copy.program), 'SIGTERM');
  for (let waited = 0; waited < GRACE_MS; waited += POLL_MS) {
    if (processesOf(copy.program).length === 0) return;
    await systemSleep(POLL_MS);
  }
  signalProcesses(processesOf(copy.program), 'SIGKILL');
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Whatever ends this process in an orderly way, a signal included, ends the program first. Returns what ends that. */
function endWithProcess({ program, folder }: PrivateCopy): () => void {
  const end = () => {
    signalProcesses(processesOf(program), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = (signal: NodeJS.Signals) => {
    release();
    end();
    // As if nobody had listened.
    process.kill(process.pid, signal);
  };
  const release = () => {
    process.off('exit', end);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', end);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return release;
}
