import { CavraError } from '../domain/diagnosis.ts';
import { type Preparation, prepareRun } from '../gate/preparation.ts';
import { type DoctorReport, type Examination, ok } from './check.ts';
import { folderCheck } from './folder-check.ts';
import {
  attestationCheck,
  authenticationCheck,
  choicesCheck,
  eventCheck,
  identityCheck,
  keyChecks,
  networkCheck,
  policyCheck,
  requestsCheck,
  runtimeCheck,
  tlsCheck,
} from './job-checks.ts';
import type { DoctorOptions } from './options.ts';
import { found, type Taken, takeEveryStep } from './steps.ts';

/**
 * Tells what this job offers the gate and what is missing. It takes the steps that the gate takes before it asks anybody anything, and
 * goes on where the gate would end. Nothing is written, and no token is asked for; a resident daemon is asked to show its key, and for
 * nothing else.
 */
export async function examineJob(options: DoctorOptions): Promise<DoctorReport> {
  const preparation = prepareRun(options);
  const taken = await takeEveryStep(preparation);
  const { identity, authentication } = taken;
  const examinations = [
    ok('node', options.nodeVersion),
    ...jobChecks(taken, options, preparation),
    ...(await runtimeChecks(options, taken)),
    folderCheck(options),
    ...authenticationCheck(taken),
    ...eventCheck(preparation.context, taken),
  ];
  const failure = examinations.find((each) => each.failure !== undefined)?.failure;
  return {
    ready: failure === undefined,
    provider: found(identity)?.provider ?? 'unknown',
    method: found(authentication)?.method ?? 'none',
    exit_code: failure?.exitStatus ?? 0,
    checks: examinations.map(({ failure: _, ...check }) => check),
  };
}

/** In the order of the gate's steps, so that the first failure is the one that the gate ends with. */
function jobChecks(taken: Taken, { environment }: DoctorOptions, { context }: Preparation): readonly Examination[] {
  const isDaemons = found(taken.runtime)?.kind === 'daemon';
  return [
    tlsCheck(taken.tls),
    ...(isDaemons ? [] : policyCheck(taken.trust)),
    choicesCheck(taken.choices, context),
    ...networkCheck(taken.network),
    ...runtimeCheck(taken.runtime, environment),
    ...(isDaemons ? [] : keyChecks(taken.keys)),
    ...(isDaemons ? [] : attestationCheck(taken)),
    requestsCheck(taken.requests),
    ...identityCheck(taken.identity),
  ];
}

/** What depends on who answers. */
async function runtimeChecks(
  options: DoctorOptions,
  { runtime, authentication }: Taken,
): Promise<readonly Examination[]> {
  const choice = found(runtime);
  if (choice?.kind === 'daemon' || choice?.kind === 'plain-daemon') {
    const { examineDaemon, examinePlainDaemon } = await import('./doctor-daemon.ts');
    return choice.kind === 'daemon' ? examineDaemon(options, choice) : examinePlainDaemon(choice.socket);
  }
  if (choice?.kind !== 'external' || authentication instanceof CavraError) return [];
  const { examineProgram } = await import('./doctor-program.ts');
  return examineProgram(options);
}
