import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { MAX_LOG_FILE_BYTES } from '../domain/limits.ts';
import { NO_FOLLOW } from './durable-file.ts';

/**
 * A log file that does not grow without end: when it is full it becomes `<path>.1`, in the place of the one before. A line that cannot
 * be written is lost, and nothing else is.
 *
 * @returns writes one line
 */
export function openRotatingLog(path: string, maxBytes = MAX_LOG_FILE_BYTES): (line: string) => void {
  let file = openLog(path);
  let size = fstatSync(file).size;
  return (line) => {
    try {
      const bytes = Buffer.from(line);
      if (size > 0 && size + bytes.length > maxBytes) {
        renameSync(path, `${path}.1`);
        const next = openLog(path);
        closeSync(file);
        file = next;
        size = 0;
      }
      size += writeSync(file, bytes);
    } catch {
      // A full disk must not stop a daemon that can still say no.
    }
  };
}

function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | NO_FOLLOW, 0o600);
}
