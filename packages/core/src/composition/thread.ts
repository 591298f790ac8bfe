import { workerData } from 'node:worker_threads';
import type { PartThreadData } from '../io/part-threads.ts';
import type { AuditThreadData } from './audit-threads.ts';

/** What a program does that was started as a thread by a verification or an audit; its main thread never calls this. */
export async function runThread(): Promise<void> {
  const data: PartThreadData | AuditThreadData = workerData;
  if (data.kind === 'parts') {
    const { servePartThread } = await import('../io/part-threads.ts');
    servePartThread(data);
  } else {
    const { serveAuditThread } = await import('./audit-threads.ts');
    serveAuditThread(data);
  }
}
