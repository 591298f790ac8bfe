import { isMainThread, workerData } from 'node:worker_threads';
import { type AuditThreadData, serveAuditThread } from './audit/audit-threads.ts';
import { type PartThreadData, servePartThread } from './io/threads/part-threads.ts';

/**
 * What a program does whose first argument is THREAD_ARGUMENT: it serves the verification or audit that started it as a thread.
 *
 * @returns false when nobody did: it is a process, and the argument is just what somebody typed
 */
export function runThread(): boolean {
  if (isMainThread) return false;
  const data: PartThreadData | AuditThreadData = workerData;
  if (data.kind === 'parts') {
    servePartThread(data);
  } else {
    serveAuditThread(data);
  }
  return true;
}
