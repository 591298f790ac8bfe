import { writeFile } from 'node:fs/promises';
import { ConfigurationError, systemClock, systemRandomBytes, THREAD_ARGUMENT } from '@cavra/release-governance-core';
import { runProgram } from './program.ts';

/** The one place of the command line that touches the process: arguments, environment, streams and exit status. */

/** Writes whole and waits for the reader: a pipe would lose what is left when the process ends. A closed pipe is no error. */
function writer(stream: NodeJS.WriteStream): { write: (text: string) => void; drained: () => Promise<void> } {
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  stream.on('error', () => {
    closed = true;
  });
  return {
    write: (text) => {
      if (closed) return;
      last = new Promise((resolve) => stream.write(text, () => resolve()));
    },
    drained: () => last,
  };
}

function onSignal(signal: (name: 'stop' | 'reload') => void): () => void {
  const stop = () => signal('stop');
  const reload = () => signal('reload');
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', reload);
  return () => process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', reload);
}

async function main(): Promise<void> {
  const out = writer(process.stdout);
  const err = writer(process.stderr);
  const status = await runProgram(process.argv.slice(2), {
    environment: process.env,
    workingDirectory: process.cwd(),
    now: systemClock,
    randomBytes: systemRandomBytes,
    out: out.write,
    err: err.write,
    writeFile: async (path, text) => {
      try {
        await writeFile(path, text);
      } catch (error) {
        const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw new ConfigurationError('CAVRA-E219', `${JSON.stringify(path)} cannot be written (${reason})`, {
          cause: error,
        });
      }
    },
    colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
    isTerminal: process.stdout.isTTY === true,
    // Never in the log of a job, even where a job has a terminal.
    progress:
      process.stderr.isTTY === true &&
      process.env['CI'] === undefined &&
      process.env['TF_BUILD'] === undefined &&
      process.env['TERM'] !== 'dumb',
    version: __CAVRA_VERSION__,
    nodeVersion: process.version,
    program: [process.execPath, ...process.argv.slice(1, 2)],
    pid: process.pid,
    platform: process.platform,
    arch: process.arch,
    threadProgram: new URL(import.meta.url),
    onSignal,
  });
  await Promise.all([out.drained(), err.drained()]);
  // A run that was given up at its deadline may have left sockets and timers behind; nothing waits for them.
  process.exit(status);
}

/** True where this is a thread of a large verification or audit. */
async function isThread(): Promise<boolean> {
  if (process.argv[2] !== THREAD_ARGUMENT) return false;
  const { beThread } = await import('./thread.ts');
  return beThread();
}

if (!(await isThread())) await main();
