import { runThread } from '@cavra/release-governance-core';

/** This program as a thread of a large verification or audit; a file of its own, so that nothing of it is loaded otherwise. */
export function beThread(): Promise<boolean> {
  return runThread();
}
