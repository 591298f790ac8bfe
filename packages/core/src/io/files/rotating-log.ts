import { closeSync, constants, fstatSync, lstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { MAX_LOG_FILE_BYTES } from '../../domain/limits.ts';
import { NO_FOLLOW } from './durable-file.ts';

/**
 * A log file that does not grow without end: when it is full it becomes `<path>.1`, in the place of the one before. When somebody else
 * moves it away or removes it, a new one is begun. Lines that cannot be written are lost, and nothing else is.
 *
 * @returns writes one or more whole lines
 */
export function openRotatingLog(path: string, maxBytes = MAX_LOG_FILE_BYTES): (lines: string) => void {
  let file = openLog(path);
  const reopen = () => {
    const next = openLog(path);
    closeSync(file);
    file = next;
  };
  return (lines) => {
    try {
      const bytes = Buffer.from(lines);
      if (!names(path, file)) {
        reopen();
      }
      const { size } = fstatSync(file);
      if (size > 0 && size + bytes.length > maxBytes) {
        renameSync(path, `${path}.1`);
        reopen();
      }
      writeSync(file, bytes);
    } catch {
      // A full disk must not stop a daemon that can still say no.
    }
  };
}

/** Whether the path is still that of the open file. */
function names(path: string, file: number): boolean {
  const [found, open] = [lstatSync(path, { bigint: true, throwIfNoEntry: false }), fstatSync(file, { bigint: true })];
  return found?.ino === open.ino && found.dev === open.dev;
}

function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | NO_FOLLOW, 0o600);
}
