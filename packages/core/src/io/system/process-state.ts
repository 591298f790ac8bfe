import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './system-error.ts';

/** Whether a process that left its mark somewhere still runs, asked from another process. */

/** Where process numbers mean the same process: one boot of one machine, and one pid namespace of it. */
export interface ProcessPlace {
  readonly host: string;
  /** As Linux names it; the empty string elsewhere. */
  readonly pidNamespace: string;
  /** 16 hex digits, different for every place. */
  readonly digest: string;
}

/** `uncertain`: a process of that number runs, but it may be another one. */
export type ProcessState = 'running' | 'gone' | 'uncertain';

/** Stands for a start time that the system does not tell. */
export const UNKNOWN_START = '0';

interface ProcessStatus {
  readonly state: string;
  readonly threads: number;
  /** Clock ticks since boot: with the number it names one process. */
  readonly startTime: string;
}

/** The place of this process. */
export function currentPlace(): ProcessPlace {
  const host = hostname();
  const boot = readIfThere(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  const pidNamespace = readIfThere(() => readlinkSync('/proc/self/ns/pid'));
  const digest = createHash('sha256').update(JSON.stringify([process.platform, host, boot, pidNamespace]));
  return { host, pidNamespace, digest: digest.digest('hex').slice(0, 16) };
}

/** When this process started, as text without spaces; UNKNOWN_START where there is no /proc. */
export function currentStartTime(): string {
  return statusOf(process.pid)?.startTime ?? UNKNOWN_START;
}

/** Whether the process `pid` of this place that started at `startTime` still runs. */
export function processState(pid: number, startTime: string): ProcessState {
  const status = startTime === UNKNOWN_START ? undefined : statusOf(pid);
  if (status !== undefined) {
    return status.startTime === startTime && !hasEnded(status) ? 'running' : 'gone';
  }
  try {
    process.kill(pid, 0);
    return 'uncertain';
  } catch (error) {
    // EPERM: it runs for another user.
    return errorCode(error) === 'ESRCH' ? 'gone' : 'uncertain';
  }
}

/** A zombie has ended, unless other threads of it are still in a system call. */
function hasEnded({ state, threads }: ProcessStatus): boolean {
  return (state === 'Z' || state === 'X') && threads <= 1;
}

function statusOf(pid: number): ProcessStatus | undefined {
  const text = readIfThere(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The name in the second field may hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]];
  if (!state || threads === undefined || startTime === undefined) {
    return undefined;
  }
  return { state, threads: Number(threads), startTime };
}

function readIfThere(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
