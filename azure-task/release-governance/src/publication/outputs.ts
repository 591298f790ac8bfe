import {
  type CavraError,
  camelCase,
  GATE_OUTPUTS,
  type GateResult,
  gateOutputs,
  type VerificationReport,
} from '@cavra/release-governance-core';
import type { Agent } from '../agent/agent.ts';

const ARTIFACT_NAME = 'artifactName';

/** The output variables of the task: name, and what it holds. */
export const TASK_OUTPUTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(GATE_OUTPUTS).map(([name, description]) => [camelCase(name), description])),
  [ARTIFACT_NAME]: 'name of the artifact with the evidence; empty when there is none',
};

/** Sets every output, so that none of an earlier gate in the same job is left over. */
export function setOutputs(agent: Agent, result: GateResult, artifactName: string): void {
  for (const [name, value] of Object.entries(gateOutputs(result))) agent.setOutput(camelCase(name), value);
  agent.setOutput(ARTIFACT_NAME, artifactName);
}

/** The same outputs for evidence that was verified; what only a gate knows is empty. */
export function setVerifyOutputs(
  agent: Agent,
  report: VerificationReport | undefined,
  failure: CavraError | undefined,
): void {
  const known: Readonly<Record<string, string>> = {
    verdict: failure === undefined ? 'pass' : 'fail',
    evidenceValid: String(report !== undefined && failure?.code !== 'CAVRA-E401'),
    recordCount: String(report?.records ?? 0),
    headHash: report?.head_hash ?? '',
    diagnosisCode: failure?.code ?? '',
  };
  for (const name of Object.keys(TASK_OUTPUTS)) agent.setOutput(name, known[name] ?? '');
}
