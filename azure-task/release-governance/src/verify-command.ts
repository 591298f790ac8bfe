import {
  asCavraError,
  type CavraError,
  createVerifier,
  describeFinding,
  type VerificationReport,
  verificationMarkdown,
} from '@cavra/release-governance-core';
import { gateEnvironment } from './agent/environment.ts';
import type { Completion, Task } from './agent/task.ts';
import { readVerifyInputs, type VerifyInputs } from './inputs/verify-inputs.ts';
import { hint } from './log/hints.ts';
import { failureText, row } from './log/log-text.ts';
import { setVerifyOutputs } from './publication/outputs.ts';
import { attachSummary } from './publication/summary.ts';

const TITLE = 'CAVRA evidence';
const MOST_FINDINGS = 20;

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
    const { agent, workspace, now, version, program } = task;
    const environment = gateEnvironment(task.environment, agent);
    inputs = readVerifyInputs(agent, environment);
    const { path, keyring, publicKeys, subjects, against, integrityOnly, expectations } = inputs;
    const verifier = createVerifier({
      environment,
      workingDirectory: workspace,
      keyring,
      publicKeys,
      program,
      now,
      version,
    });
    return { ...(await verifier.verify({ path, integrityOnly, subjects, against, expectations })), inputs };
  } catch (error) {
    return { report: undefined, failure: asCavraError(error), inputs };
  }
}

function reportLog(report: VerificationReport): string[] {
  const shown = report.findings.slice(0, MOST_FINDINGS);
  const more = report.findings.length - shown.length + report.findings_omitted;
  return [
    `CAVRA evidence: ${report.valid ? 'VALID' : 'NOT VALID'}`,
    row('stream', `${report.records} records, ${report.signed_records} signed, signatures ${report.signatures}`),
    row('tail', `${report.tail}, checkpoint ${report.checkpoint}`),
    ...report.keys.map(({ key_id: id, records, status }) => row('key', `${id}: ${records} records, ${status}`)),
    ...Object.entries(report.expectations ?? {}).map(([name, value]) => row('expected', `${name} ${value}`)),
    ...shown.map((finding) => row(finding.severity, `${finding.code}: ${describeFinding(finding)}`)),
    ...(more > 0 ? [row('', `and ${more} more`)] : []),
    row('head', report.head_hash),
  ];
}
