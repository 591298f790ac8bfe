import { VERIFY_INPUTS } from './configuration/verify-inputs.ts';
import { program } from './main.ts';
import { runVerifyJob } from './verify-job.ts';

/** The program of the template that verifies, without all that only the gate needs. */
export const run = program('verify', VERIFY_INPUTS, runVerifyJob);
