import {
  asCavraError,
  type CavraError,
  type CreateGateOptions,
  gateResult,
  publicationMarkdown,
  type RecheckedEvidence,
  recheckEvidence,
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

const TITLE = 'CAVRA release gate: the evidence';

/** What there is to be published. */
interface LeftOvers extends Pick<RecheckedEvidence, 'evidenceDir' | 'report' | 'guard'> {
  /** The page's Markdown, when it is known what became of the publication. */
  readonly summary: (publication: Publication) => string;
}

async function publishLeftOvers(
  job: Job,
  inputs: ActionInputs,
  before: PublicationState | undefined,
): Promise<ExitCode> {
  const found = before === 'failed' ? await finished(job, inputs) : await stopped(job, inputs);
  if (found === undefined) {
    log(['CAVRA release gate: this run left no evidence to publish']);
    return 0;
  }
  const publication = await publishEvidence({
    inputs: inputs.publication,
    files: found.guard?.files ?? [],
    headHash: found.report.head_hash,
    evidenceDir: found.evidenceDir ?? '',
    environment: job.environment,
    timeoutSeconds: inputs.settings.timeoutSeconds,
  });
  tell(publication);
  if (inputs.summary) await addSummary(found.summary(publication));
  return tellSecrets(found);
}

/** The gate had finished and only its publication failed: its report and checkpoint stand. */
async function finished(job: Job, inputs: ActionInputs): Promise<LeftOvers | undefined> {
  const found = await recheckEvidence(optionsOf(job, inputs));
  if (found === undefined) return undefined;
  const changed = found.report.valid
    ? []
    : [{ text: 'it does not verify any more: it was changed since the gate ended' }];
  for (const { text } of changed) annotate([{ level: 'warning', title: TITLE, message: `CAVRA-E401: ${text}` }]);
  const summary = (publication: Publication) =>
    publicationMarkdown([...publicationRemarks(publication, found.guard), ...changed]);
  return { ...found, summary };
}

/** The gate was stopped in its work, and its result was never told. */
async function stopped(job: Job, inputs: ActionInputs): Promise<LeftOvers | undefined> {
  const outcome = await recoverEvidence(optionsOf(job, inputs));
  if (outcome?.report === undefined) return undefined;
  const { evidenceDir, report, guard } = outcome;
  const summary = (publication: Publication) =>
    summaryMarkdown(gateResult(outcome), publicationRemarks(publication, guard));
  return { evidenceDir, report, guard, summary };
}

function optionsOf({ environment, ...job }: Job, { settings }: ActionInputs): CreateGateOptions {
  return { ...job, settings, environment: gateEnvironment(environment) };
}

function tell(publication: Publication): void {
  if (publication.state === 'failed') {
    annotate([uploadAnnotation(publication.failure, 'warning')]);
    return;
  }
  const what = publication.state === 'published' ? `published as artifact ${publication.name}` : publication.reason;
  log([`CAVRA release gate: ${what}`]);
}

/** A secret that came into the folder since is worth a failure of its own. */
function tellSecrets({ guard }: LeftOvers): ExitCode {
  const withheld = guard?.withheld.map(({ name }) => name) ?? [];
  if (withheld.length === 0) return 0;
  const failure: Pick<CavraError, 'code' | 'message'> = {
    code: 'CAVRA-E602',
    message: `a secret was found in ${withheld.join(', ')}; withheld from publication`,
  };
  annotate([{ level: 'error', title: TITLE, message: `${failure.code}: ${failure.message}` }]);
  return 1;
}
