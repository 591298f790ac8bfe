import {
  asCavraError,
  type Clock,
  createGate,
  failureResult,
  type GateOutcome,
  type GateResult,
  gateOutputs,
  gateResult,
  type RandomBytes,
  summaryMarkdown,
} from '@cavra/release-governance-core';
import { type Environment, gateEnvironment, secretValues } from '../../shared/src/environment.ts';
import { whyNoSecrets } from '../../shared/src/without-secrets.ts';
import { addSummary, annotate, log, maskSecrets, setOutputs } from '../../shared/src/workflow.ts';
import { gateAnnotations, uploadAnnotation } from './annotations.ts';
import { type ActionInputs, readInputs } from './inputs.ts';
import { gateLog } from './log-text.ts';
import { type Publication, publishEvidence } from './publish.ts';
import { publicationRemarks } from './remarks.ts';
import { savePublicationState } from './state.ts';

/** The process around the action; only the entry files make one from the real process. */
export interface Job {
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  /** Absolute path of the program's entry file. */
  readonly program: string;
}

/** The runner knows success and failure; the diagnosis code tells failures apart. */
export type ExitCode = 0 | 1;

/** Decides, tells the workflow, and publishes the evidence of every outcome. What becomes of the publication changes no verdict. */
export async function run(job: Job): Promise<ExitCode> {
  maskSecrets(secretValues(job.environment));
  const inputs = inputsOf(job);
  if ('failure' in inputs) return tellFailure(inputs.failure, job);
  const outcome = await runGate(job, inputs);
  const result = await explained(gateResult(outcome), job);
  tellDecision(result, job);
  const publication = await publish(job, inputs, outcome, result);
  tellPublication(publication, inputs, result);
  if (inputs.summary) await addSummary(summaryMarkdown(result, publicationRemarks(publication, outcome.guard)));
  return result.verdict === 'pass' && !failsTheJob(publication, inputs) ? 0 : 1;
}

function inputsOf({ environment }: Job): ActionInputs | { readonly failure: GateResult } {
  try {
    return readInputs(environment);
  } catch (error) {
    return { failure: failureResult(asCavraError(error)) };
  }
}

function runGate({ environment, ...job }: Job, { settings }: ActionInputs): Promise<GateOutcome> {
  return createGate({ ...job, settings, environment: gateEnvironment(environment) }).run();
}

/** A key that is not there is most often one that this run may not have. */
async function explained(result: GateResult, { environment }: Job): Promise<GateResult> {
  if (result.diagnosis?.code !== 'CAVRA-E206') return result;
  const why = await whyNoSecrets(environment);
  return why === undefined
    ? result
    : { ...result, diagnosis: { ...result.diagnosis, message: `${result.diagnosis.message}; ${why}` } };
}

/** The gate never came to run. */
async function tellFailure(result: GateResult, job: Job): Promise<ExitCode> {
  tellDecision(result, job);
  savePublicationState('done');
  await addSummary(summaryMarkdown(result));
  return 1;
}

/** Before the upload: a job that is cancelled while it uploads has its outputs. */
function tellDecision(result: GateResult, { workspace }: Job): void {
  log(gateLog(result));
  annotate(gateAnnotations(result, workspace));
  setOutputs({ ...gateOutputs(result), 'artifact-name': '', 'artifact-id': '', 'artifact-url': '' });
}

function publish(
  { environment }: Job,
  { publication: inputs, settings }: ActionInputs,
  { guard, evidenceDir }: GateOutcome,
  { evidence }: GateResult,
): Promise<Publication> {
  return publishEvidence({
    inputs,
    files: guard?.files ?? [],
    headHash: evidence?.head_hash ?? '',
    evidenceDir: evidenceDir ?? '',
    environment,
    timeoutSeconds: settings.timeoutSeconds,
  });
}

function tellPublication(publication: Publication, inputs: ActionInputs, { verdict }: GateResult): void {
  savePublicationState(publication.state === 'failed' ? 'failed' : 'done');
  switch (publication.state) {
    case 'published':
      log([`  published  as artifact ${publication.name}`]);
      setOutputs({
        'artifact-name': publication.name,
        'artifact-id': publication.id,
        'artifact-url': publication.url,
      });
      return;
    case 'kept':
      log([`  published  no: ${publication.reason}`]);
      return;
    case 'failed': {
      const fatal = failsTheJob(publication, inputs);
      annotate([uploadAnnotation(publication.failure, fatal ? 'error' : 'warning')]);
      if (fatal && verdict === 'pass') setOutputs({ 'diagnosis-code': publication.failure.code });
    }
  }
}

function failsTheJob(publication: Publication, inputs: ActionInputs): boolean {
  return publication.state === 'failed' && inputs.publication.failOnUploadError;
}
