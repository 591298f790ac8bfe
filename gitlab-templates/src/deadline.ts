import type { Environment } from './configuration/environment.ts';
import { UPLOAD_RESERVE_SECONDS } from './configuration/limits.ts';

export interface RunDeadline {
  readonly seconds: number;
  /** Whether the job's timeout leaves less than was configured. */
  readonly shortened: boolean;
}

/**
 * The time that the gate may take: what is configured, or less where GitLab would end the job before. GitLab publishes no artifact of a
 * job that runs into its timeout, so the gate ends earlier, with evidence of a failure.
 *
 * @param now Unix ms
 */
export function runDeadline(configured: number, environment: Environment, now: number): RunDeadline {
  const left = secondsLeft(environment, now);
  if (left === undefined || left >= configured) return { seconds: configured, shortened: false };
  return { seconds: Math.max(1, left), shortened: true };
}

/** Seconds until the job's timeout, without those that the upload needs; undefined when GitLab does not say. */
function secondsLeft(environment: Environment, now: number): number | undefined {
  const timeout = environment['CI_JOB_TIMEOUT'] ?? '';
  if (!/^[1-9][0-9]{0,8}$/.test(timeout)) return undefined;
  const started = Date.parse(environment['CI_JOB_STARTED_AT'] ?? '');
  // A start in the future or none at all: as if the job had just started.
  const elapsed = Number.isNaN(started) ? 0 : Math.max(0, Math.ceil((now - started) / 1000));
  return Number(timeout) - elapsed - UPLOAD_RESERVE_SECONDS;
}
