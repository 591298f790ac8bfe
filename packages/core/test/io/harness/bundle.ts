import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild');

const children: ChildProcess[] = [];

// A test that fails half-way leaves nothing running.
afterAll(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

/** Bundles a program of this folder into `folder`; returns the path of a file that node can run. */
export function bundleProgram(name: string, folder: string): string {
  const source = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const outfile = join(folder, `${name}.mjs`);
  const args = [source, '--bundle', '--platform=node', '--format=esm', `--outfile=${outfile}`, '--log-level=error'];
  const { status, stderr } = spawnSync(esbuild, args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`esbuild failed: ${stderr}`);
  }
  return outfile;
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once stdout holds `text` at or after `from`; rejects when the program ends without it. */
  printed(text: string, from?: number): Promise<void>;
  printedSoFar(): string;
}

export interface StartOptions {
  /** A shell command line that ends by `exec "$@"`. */
  readonly shell?: string;
  readonly uid?: number;
}

/** Starts a program and collects what it prints. */
export function start(program: string, args: readonly string[], { shell, uid }: StartOptions = {}): Running {
  const command = [process.execPath, program, ...args];
  const [file, ...rest] = shell === undefined ? command : ['/bin/sh', '-c', shell, 'sh', ...command];
  const child = spawn(file ?? '', rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const waiting: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of waiting) {
      look();
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ stdout, stderr, status, signal }));
  });
  const printed = (text: string, from = 0) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text, from)) {
          resolve();
        }
      };
      waiting.push(look);
      look();
      ended.then(() => reject(new Error(`ended without printing ${text}: ${stderr}`)), reject);
    });
  return { child, ended, printed, printedSoFar: () => stdout };
}
