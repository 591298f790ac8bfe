import { isMainThread, workerData } from 'node:worker_threads';
import type { AuditThreadData } from './audit/audit-threads.ts';
import type { PartThreadData } from './io/threads/part-threads.ts';

/**
 * What a program does whose first argument is THREAD_ARGUMENT: it serves the verification or audit that started it as a thread.
 *
 * @returns false when nobody did: it is a process, and the argument is just what somebody typed
 */
export async function runThread(): Promise<boolean> {
  if (isMainThread) return false;
  const data: PartThreadData | AuditThreadData = workerData;
  if (data.kind === 'parts') {
    const { servePartThread } = await import('./io/threads/part-threads.ts');
    servePartThread(data);
  } else {
    const { serveAuditThread } = await import('./audit/audit-threads.ts');
    serveAuditThread(data);
  }
  return true;
}
