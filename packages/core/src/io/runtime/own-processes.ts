import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The processes that run one program, told by the program's own path: in a private folder with a name that nobody ever used, nothing
 * else can run it. Numbers in files are never believed, since a number may belong to another process by now (weakness row 27).
 *
 * @param program absolute, without links
 */
export function processesOf(program: string): readonly number[] {
  return process.platform === 'linux' ? fromProc(program) : fromPs(program);
}

/** Sends a signal to each of them; who is gone already is no error. */
export function signalProcesses(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

function fromProc(program: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .filter((pid) => runs(pid, program))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

/** By its executable; of a script, which runs in its interpreter, by the path that this was given. */
function runs(pid: string, program: string): boolean {
  const executable = orEmpty(() => readlinkSync(`/proc/${pid}/exe`));
  if (executable === program || executable === `${program} (deleted)`) return true;
  const [first, second, third] = orEmpty(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return first === program || second === program || third === program;
}

const PS_MS = 5_000;

/** macOS and others have no /proc. Windows has no ps either: there nothing is found, and the program's own stop must do. */
function fromPs(program: string): number[] {
  if (process.platform === 'win32') return [];
  const options = { encoding: 'utf8', timeout: PS_MS, maxBuffer: 16 * 1024 * 1024 } as const;
  const lines = orEmpty(() => execFileSync('ps', ['-axww', '-o', 'pid=,args='], options)).split('\n');
  return lines.flatMap((line) => {
    const [, pid, args] = /^\s*([0-9]+)\s+(.*)$/.exec(line) ?? [];
    const isOurs = args?.split(' ').slice(0, 3).includes(program) === true && Number(pid) !== process.pid;
    return isOurs ? [Number(pid)] : [];
  });
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
