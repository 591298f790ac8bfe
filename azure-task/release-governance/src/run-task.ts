import { asCavraError, failureResult } from '@cavra/release-governance-core';
import { refuseShadows } from './agent/environment.ts';
import type { Completion, Task } from './agent/task.ts';
import { runGateCommand } from './gate-command.ts';
import { GATE_INPUT_NAMES, readCommand } from './inputs/inputs.ts';
import { VERIFY_INPUT_NAMES } from './inputs/verify-inputs.ts';
import { failureText } from './log/log-text.ts';
import { setOutputs } from './publication/outputs.ts';
import { runVerifyCommand } from './verify-command.ts';

/** Every input that is read, for the test that holds task.json against it. */
export const INPUT_NAMES: readonly string[] = ['command', ...GATE_INPUT_NAMES, ...VERIFY_INPUT_NAMES];

/** Runs the task and reports its result, once and in any case. Never throws. */
export async function runTask(task: Task): Promise<void> {
  const { result, message } = await completionOf(task);
  task.agent.complete(result, message);
}

async function completionOf(task: Task): Promise<Completion> {
  try {
    refuseShadows(task.agent.variables(), INPUT_NAMES);
    return readCommand(task.agent) === 'gate' ? await runGateCommand(task) : await runVerifyCommand(task);
  } catch (error) {
    const failure = asCavraError(error);
    setOutputs(task.agent, failureResult(failure), '');
    return { result: 'Failed', message: failureText(failure, '') };
  }
}
