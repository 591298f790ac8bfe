import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The command line of every process of this machine, its arguments apart by blanks. Small Linux systems have no `ps`. */
export function commandLines(): readonly string[] {
  if (process.platform !== 'linux') {
    return execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLineOf);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
