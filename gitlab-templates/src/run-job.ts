import { asCavraError, type CavraError } from '@cavra/release-governance-core';
import { parseConfiguration } from './configuration/configuration.ts';
import type { TemplateCommand, TemplateInput } from './configuration/template-input.ts';
import type { Job, Runner } from './job.ts';
import { failureLog } from './log.ts';

/** Runs what the template was included for; returns the exit status (README.md#exit-status). Never throws. */
export async function runJob(
  job: Job,
  command: TemplateCommand,
  inputs: readonly TemplateInput[],
  runner: Runner,
): Promise<number> {
  try {
    return await runner(job, parseConfiguration(job.configuration, command, inputs));
  } catch (error) {
    return fail(job, asCavraError(error));
  }
}

function fail(job: Job, failure: CavraError): number {
  job.log(failureLog(failure, job.environment));
  return failure.exitStatus;
}
