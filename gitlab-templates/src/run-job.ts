import { asCavraError, type CavraError } from '@cavra/release-governance-core';
import { type Configuration, parseConfiguration } from './configuration/configuration.ts';
import { runGateJob } from './gate-job.ts';
import type { Job, Runner } from './job.ts';
import { failureLog } from './log.ts';
import { runVerifyJob } from './verify-job.ts';

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
