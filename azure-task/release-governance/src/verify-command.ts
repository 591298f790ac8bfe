import {
  asCavraError,
  type CavraError,
  reportLog,
  type VerificationReport,
  verificationMarkdown,
  verifyInJob,
} from '@cavra/release-governance-core';
import { gateEnvironment } from './agent/environment.ts';
import { agentNetwork } from './agent/network.ts';
import type { Completion, Task } from './agent/task.ts';
import { readTaskVerifyInputs, type VerifyInputs } from './inputs/verify-inputs.ts';
import { hint } from './log/hints.ts';
import { failureText } from './log/log-text.ts';
import { setVerifyOutputs } from './publication/outputs.ts';
import { attachSummary } from './publication/summary.ts';

const TITLE = 'CAVRA evidence';

/** Verifies the evidence of an earlier stage and expects it to be of this run, unless the inputs expect something else. */
export async function runVerifyCommand(task: Task): Promise<Completion> {
  const { report, failure, inputs } = await verify(task);
  if (report !== undefined) for (const line of reportLog(report)) task.agent.log(line);
  setVerifyOutputs(task.agent, report, failure);
  if (inputs?.summary !== false) await attachSummary(task, TITLE, verificationMarkdown(report, failure));
  if (failure === undefined) return { result: 'Succeeded', message: 'the evidence is valid and what was expected' };
  return { result: 'Failed', message: failureText(failure, hint(failure.code, task.environment)) };
}

interface Verified {
  readonly report: VerificationReport | undefined;
  readonly failure: CavraError | undefined;
  readonly inputs: VerifyInputs | undefined;
}

async function verify(task: Task): Promise<Verified> {
  let inputs: VerifyInputs | undefined;
  try {
    const { agent, workspace, now, randomBytes, version, program } = task;
    const environment = gateEnvironment(task.environment, agent);
    inputs = readTaskVerifyInputs(agent);
    const { jwksUrl } = inputs.settings.trust;
    const outcome = await verifyInJob({
      provider: 'azure-pipelines',
      settings: inputs.settings,
      environment,
      workingDirectory: workspace,
      program,
      now,
      randomBytes,
      version,
      network: () => agentNetwork(agent, environment, jwksUrl),
    });
    return { ...outcome, inputs };
  } catch (error) {
    return { report: undefined, failure: asCavraError(error), inputs };
  }
}
