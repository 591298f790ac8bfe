import {
  asCavraError,
  type CavraError,
  type Clock,
  ConfigurationError,
  createVerifier,
  DIAGNOSES,
  type VerificationReport,
  verificationMarkdown,
} from '@cavra/release-governance-core';
import { type Environment, gateEnvironment, secretValues } from '../../shared/src/environment.ts';
import { whyNoSecrets } from '../../shared/src/without-secrets.ts';
import { addSummary, annotate, log, maskSecrets, setOutputs } from '../../shared/src/workflow.ts';
import { readVerifyInputs, type VerifyInputs } from './inputs.ts';

/** The process around the action; only the entry file makes one from the real process. */
export interface VerifyJob {
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly now: Clock;
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
  let inputs: VerifyInputs | undefined;
  try {
    inputs = readVerifyInputs(job.environment);
    const verifier = createVerifier({
      environment: gateEnvironment(job.environment),
      workingDirectory: job.workspace,
      keyring: inputs.keyring,
      publicKeys: inputs.publicKeys,
      now: job.now,
      version: job.version,
      program: job.program,
    });
    return { ...(await verifier.verify(inputs.question)), summary: inputs.summary };
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
  const records = report?.records ?? 0;
  const head = report?.head_hash ?? '';
  log([
    `CAVRA evidence: ${failure === undefined ? 'valid' : 'NOT ACCEPTED'}`,
    `  records    ${records}, signatures ${report?.signatures ?? 'not checked'}`,
    `  head       ${head}, checkpoint ${report?.checkpoint ?? 'not checked'}, tail ${report?.tail ?? 'not checked'}`,
    ...Object.entries(report?.expectations ?? {}).map(([name, value]) => `  expected   ${name}: ${value}`),
    ...(report?.errors ?? []).slice(0, MAX_LOGGED_ERRORS).map((error) => `  wrong      ${error}`),
  ]);
  setOutputs({
    valid: String(failure === undefined),
    'record-count': String(records),
    'head-hash': head,
    'diagnosis-code': failure?.code ?? '',
  });
  if (failure === undefined) return;
  const title = `CAVRA evidence: ${DIAGNOSES[failure.code].title}`;
  annotate([{ level: 'error', title, message: `${failure.code}: ${failure.message}. What to do: ${failure.action}` }]);
}

const MAX_LOGGED_ERRORS = 20;
