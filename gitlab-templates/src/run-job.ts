import { asCavraError, type CavraError } from '@cavra/release-governance-core';
import { type Configuration, parseConfiguration } from './configuration/configuration.ts';
import { GATE_INPUTS } from './configuration/inputs.ts';
import type { TemplateInput } from './configuration/template-input.ts';
import { runGateJob } from './gate-job.ts';
import type { Job, Runner } from './job.ts';
import { failureLog } from './log.ts';

const RUNNERS: Readonly<Record<Configuration['command'], Runner>> = {
  gate: runGateJob,
  verify: async (job, configuration) => {
    const { runVerifyJob } = await import('./verify-job.ts');
    return runVerifyJob(job, configuration);
  },
};

/** Runs what the template was included for; returns the exit status (README.md#exit-status). Never throws. */
export async function runJob(job: Job): Promise<number> {
  try {
    const configuration = parseConfiguration(job.configuration, await inputsOf(job.configuration));
    return await RUNNERS[configuration.command](job, configuration);
  } catch (error) {
    return fail(job, asCavraError(error));
  }
}

/** What only the verifying job may be given is loaded there alone. */
async function inputsOf(block: string): Promise<readonly TemplateInput[]> {
  if (!/^command=verify$/m.test(block)) return GATE_INPUTS;
  return (await import('./configuration/verify-inputs.ts')).VERIFY_INPUTS;
}

function fail(job: Job, failure: CavraError): number {
  job.log(failureLog(failure, job.environment));
  return failure.exitStatus;
}
