import {
  asCavraError,
  type CavraError,
  type GateOutcome,
  gateResult,
  publicationMarkdown,
  recoverEvidence,
  summaryMarkdown,
} from '@cavra/release-governance-core';
import { gateEnvironment, secretValues } from '../../shared/src/environment.ts';
import { addSummary, annotate, log, maskSecrets } from '../../shared/src/workflow.ts';
import { uploadAnnotation } from './annotations.ts';
import { type ActionInputs, readInputs } from './inputs.ts';
import { type Publication, publishEvidence } from './publish.ts';
import { publicationRemarks } from './remarks.ts';
import type { ExitCode, Job } from './run.ts';
import { type PublicationState, publicationState } from './state.ts';

/**
 * Publishes what `main` could not: it was cancelled, it crashed, or the artifact service was down. Steps in between may have touched the
 * evidence folder, so it is verified and searched for secrets once more.
 */
export async function runPost(job: Job): Promise<ExitCode> {
  const before = publicationState();
  if (before === 'done') return 0;
  maskSecrets(secretValues(job.environment));
  try {
    const inputs = readInputs(job.environment);
    return inputs.publication.upload ? await publishLeftOvers(job, inputs, before) : 0;
  } catch (error) {
    // The step itself has failed already; whatever is wrong here is no other verdict.
    const failure = asCavraError(error);
    annotate([{ level: 'warning', title: TITLE, message: `${failure.code}: ${failure.message}` }]);
    return 0;
  }
}

const TITLE = 'CAVRA release gate: the evidence is not published';

async function publishLeftOvers(
  job: Job,
  inputs: ActionInputs,
  before: PublicationState | undefined,
): Promise<ExitCode> {
  const { environment, workspace, now, randomBytes, version } = job;
  const outcome = await recoverEvidence({
    settings: inputs.settings,
    environment: gateEnvironment(environment),
    workspace,
    now,
    randomBytes,
    version,
  });
  if (outcome === undefined) {
    log(['CAVRA release gate: this run left no evidence to publish']);
    return 0;
  }
  const publication = await publishEvidence({
    inputs: inputs.publication,
    files: outcome.guard?.files ?? [],
    headHash: outcome.report?.head_hash ?? '',
    evidenceDir: outcome.evidenceDir ?? '',
    environment,
    timeoutSeconds: inputs.settings.timeoutSeconds,
  });
  tell(publication);
  if (inputs.summary) await addSummary(summaryOf(outcome, publication, before));
  return tellSecrets(outcome);
}

function tell(publication: Publication): void {
  if (publication.state === 'failed') {
    annotate([uploadAnnotation(publication.failure, 'warning')]);
    return;
  }
  const what = publication.state === 'published' ? `published as artifact ${publication.name}` : publication.reason;
  log([`CAVRA release gate: ${what}`]);
}

/** `main` has written the result when only the upload failed; a gate that was stopped has written nothing. */
function summaryOf(outcome: GateOutcome, publication: Publication, before: PublicationState | undefined): string {
  const remarks = publicationRemarks(publication, outcome.guard);
  return before === 'failed' ? publicationMarkdown(remarks) : summaryMarkdown(gateResult(outcome), remarks);
}

/** A secret that came into the folder since is worth a failure of its own. */
function tellSecrets({ guard }: GateOutcome): ExitCode {
  const withheld = guard?.withheld.map(({ name }) => name) ?? [];
  if (withheld.length === 0) return 0;
  const failure: Pick<CavraError, 'code' | 'message'> = {
    code: 'CAVRA-E602',
    message: `a secret was found in ${withheld.join(', ')}; withheld from publication`,
  };
  annotate([{ level: 'error', title: TITLE, message: `${failure.code}: ${failure.message}` }]);
  return 1;
}
