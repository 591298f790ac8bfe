import {
  asCavraError,
  type CavraError,
  type Clock,
  ConfigurationError,
  DIAGNOSES,
  type RandomBytes,
  reportLog,
  type VerificationReport,
  verificationMarkdown,
  verifyInJob,
} from '@cavra/release-governance-core';
import { type Environment, gateEnvironment, secretValues } from '../../shared/src/environment.ts';
import { whyNoSecrets } from '../../shared/src/without-secrets.ts';
import { addSummary, annotate, log, maskSecrets, setOutputs } from '../../shared/src/workflow.ts';
import { readInputs, type VerifyActionInputs } from './inputs.ts';

/** The process around the action; only the entry file makes one from the real process. */
export interface VerifyJob {
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  /** Absolute path of the program's entry file. */
  readonly program: string;
}

/** The outputs, for the test that holds action.yml against them. */
export const VERIFY_OUTPUTS = ['valid', 'record-count', 'head-hash', 'diagnosis-code'] as const;

interface Verification {
  readonly report: VerificationReport | undefined;
  readonly failure: CavraError | undefined;
  readonly summary: boolean;
}

/** Verifies evidence that another job has left, and fails unless it is valid and what was expected. */
export async function run(job: VerifyJob): Promise<0 | 1> {
  maskSecrets(secretValues(job.environment));
  const { report, failure, summary } = await verify(job);
  tell(report, failure);
  if (summary) await addSummary(verificationMarkdown(report, failure));
  return failure === undefined ? 0 : 1;
}

async function verify(job: VerifyJob): Promise<Verification> {
  let inputs: VerifyActionInputs | undefined;
  try {
    inputs = readInputs(job.environment);
    const { environment, workspace: workingDirectory, ...process } = job;
    const outcome = await verifyInJob({
      ...process,
      provider: 'github-actions',
      settings: inputs.settings,
      environment: gateEnvironment(environment),
      workingDirectory,
    });
    return { ...outcome, summary: inputs.summary };
  } catch (error) {
    return { report: undefined, failure: await explained(error, job), summary: inputs?.summary ?? true };
  }
}

/** A key that is not there is most often one that this run may not have. */
async function explained(error: unknown, { environment }: VerifyJob): Promise<CavraError> {
  const failure = asCavraError(error);
  const why = failure.code === 'CAVRA-E215' ? await whyNoSecrets(environment) : undefined;
  return why === undefined
    ? failure
    : new ConfigurationError('CAVRA-E215', `${failure.message}; ${why}`, { cause: error });
}

function tell(report: VerificationReport | undefined, failure: CavraError | undefined): void {
  log(report === undefined ? ['CAVRA evidence: NOT ACCEPTED'] : reportLog(report));
  setOutputs({
    valid: String(failure === undefined),
    'record-count': String(report?.records ?? 0),
    'head-hash': report?.head_hash ?? '',
    'diagnosis-code': failure?.code ?? '',
  });
  if (failure === undefined) return;
  const title = `CAVRA evidence: ${DIAGNOSES[failure.code].title}`;
  annotate([{ level: 'error', title, message: `${failure.code}: ${failure.message}. What to do: ${failure.action}` }]);
}
