import {
  asCavraError,
  type CavraError,
  ConfigurationError,
  createVerifier,
  type Decision,
  describeFinding,
  type EvidenceExpectations,
  type VerificationReport,
} from '@cavra/release-governance-core';
import { type Environment, gateEnvironment } from './environment.ts';
import { hint } from './hints.ts';
import { failureText, row } from './log-text.ts';
import { setVerifyOutputs } from './outputs.ts';
import type { Completion, Task } from './task.ts';
import { readVerifyInputs, type VerifyInputs } from './verify-inputs.ts';

const MOST_FINDINGS = 20;

/** Verifies the evidence of an earlier stage and expects it to be of this run, unless the inputs expect something else. */
export async function runVerifyCommand(task: Task): Promise<Completion> {
  const { report, failure } = await verify(task);
  if (report !== undefined) for (const line of reportLog(report)) task.agent.log(line);
  setVerifyOutputs(task.agent, report, failure);
  if (failure !== undefined)
    return { result: 'Failed', message: failureText(failure, hint(failure.code, task.environment)) };
  return {
    result: 'Succeeded',
    message: `the evidence is valid and what was expected: ${report?.records ?? 0} records`,
  };
}

interface Verified {
  readonly report: VerificationReport | undefined;
  readonly failure: CavraError | undefined;
}

async function verify(task: Task): Promise<Verified> {
  try {
    const { agent, workspace, now, version } = task;
    const environment = gateEnvironment(task.environment, agent);
    const inputs = readVerifyInputs(agent);
    const verifier = createVerifier({
      environment,
      workingDirectory: workspace,
      keyring: inputs.keyring,
      now,
      version,
    });
    return await verifier.verify({
      path: inputs.path,
      integrityOnly: inputs.integrityOnly,
      expectations: expectationsOf(inputs, environment),
    });
  } catch (error) {
    return { report: undefined, failure: asCavraError(error) };
  }
}

/** Where an expectation comes from when its input is not given: this run. */
const THIS_RUN = {
  repository: 'BUILD_REPOSITORY_NAME',
  ref: 'BUILD_SOURCEBRANCH',
  sha: 'BUILD_SOURCEVERSION',
  run_id: 'BUILD_BUILDID',
} as const;

/** @throws ConfigurationError CAVRA-E201 an expectation would be none */
function expectationsOf(inputs: VerifyInputs, environment: Environment): Required<EvidenceExpectations> {
  const expected = (field: keyof typeof THIS_RUN): string => {
    const value = inputs.expected[field] ?? environment[THIS_RUN[field]];
    if (value) return value;
    throw new ConfigurationError('CAVRA-E201', `nothing says which ${field} to expect: ${THIS_RUN[field]} is not set`);
  };
  return {
    provider: inputs.provider,
    repository: expected('repository'),
    ref: expected('ref'),
    sha: expected('sha'),
    run_id: expected('run_id'),
    decision: inputs.decision satisfies Decision,
    max_age_seconds: inputs.maxAgeSeconds,
  };
}

function reportLog(report: VerificationReport): string[] {
  const shown = report.findings.slice(0, MOST_FINDINGS);
  const more = report.findings.length - shown.length + report.findings_omitted;
  return [
    `CAVRA evidence: ${report.valid ? 'VALID' : 'NOT VALID'}`,
    row(
      'stream',
      `${report.records} records, ${report.signed_records} signed, signatures ${report.signatures}, tail ${report.tail}`,
    ),
    ...report.keys.map(({ key_id: id, records, status }) => row('key', `${id}: ${records} records, ${status}`)),
    ...Object.entries(report.expectations ?? {}).map(([name, value]) => row('expected', `${name} ${value}`)),
    ...shown.map((finding) => row(finding.severity, `${finding.code}: ${describeFinding(finding)}`)),
    ...(more > 0 ? [row('', `and ${more} more`)] : []),
    row('head', report.head_hash),
  ];
}
