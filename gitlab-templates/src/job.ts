import { asCavraError, type CavraError, type Clock, type RandomBytes } from '@cavra/release-governance-core';
import { type Configuration, parseConfiguration } from './configuration/configuration.ts';
import type { Environment } from './configuration/environment.ts';
import { runGateJob } from './gate-job.ts';
import { failureLog } from './log.ts';
import { runVerifyJob } from './verify-job.ts';

/** The process around the job; only main.ts makes one from the real process. */
export interface Job {
  /** The configuration block of the template, as it stands in the script. */
  readonly configuration: string;
  readonly environment: Environment;
  /** Absolute: the project's folder. */
  readonly workspace: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  /** SHA-256 of this program, as the template checked it. */
  readonly programSha256: string;
  /** Writes lines to the job's log. */
  readonly log: (lines: readonly string[]) => void;
}

export type Runner = (job: Job, configuration: Configuration) => Promise<number>;

const RUNNERS: Readonly<Record<Configuration['command'], Runner>> = { gate: runGateJob, verify: runVerifyJob };

/** Runs what the template was included for; returns the exit status (interfaces.md). Never throws. */
export async function runJob(job: Job): Promise<number> {
  try {
    const configuration = parseConfiguration(job.configuration);
    return await RUNNERS[configuration.command](job, configuration);
  } catch (error) {
    return fail(job, asCavraError(error));
  }
}

function fail(job: Job, failure: CavraError): number {
  job.log(failureLog(failure, job.environment));
  return failure.exitStatus;
}
