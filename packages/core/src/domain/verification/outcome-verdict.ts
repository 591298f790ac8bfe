import type { CheckpointReport, OutcomeVerdict } from './report.ts';

/** Evidence of version 0.1.0 has no outcome; a valid checkpoint stands for it. */
export function outcomeOfSeal(seal: CheckpointReport | undefined): OutcomeVerdict {
  if (seal?.checkpoint !== 'valid' || seal.details === undefined) return 'unknown';
  return seal.details.result === 'PASSED' ? 'pass' : 'fail';
}
