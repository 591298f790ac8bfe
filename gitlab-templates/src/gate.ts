import { GATE_INPUTS } from './configuration/inputs.ts';
import { runGateJob } from './gate-job.ts';
import { program } from './main.ts';

/** The program of the gate's template. */
export const run = program('gate', GATE_INPUTS, runGateJob);
