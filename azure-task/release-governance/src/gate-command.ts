import {
  asCavraError,
  createGate,
  failureResult,
  type GateOutcome,
  type GateResult,
  gateResult,
  summaryMarkdown,
} from '@cavra/release-governance-core';
import { type Environment, gateEnvironment } from './agent/environment.ts';
import { agentNetwork } from './agent/network.ts';
import { preflight } from './agent/preflight.ts';
import type { Completion, Task } from './agent/task.ts';
import { type GateInputs, readGateInputs } from './inputs/inputs.ts';
import { hint } from './log/hints.ts';
import { failureText, gateLog, row } from './log/log-text.ts';
import { setOutputs } from './publication/outputs.ts';
import { type Publication, publishEvidence } from './publication/publish.ts';
import { publicationRemarks } from './publication/remarks.ts';
import { attachSummary } from './publication/summary.ts';

const TITLE = 'CAVRA release gate';

/** Decides, tells the pipeline, and publishes the evidence of every outcome. What becomes of the publication changes no verdict. */
export async function runGateCommand(task: Task): Promise<Completion> {
  const prepared = prepare(task);
  if ('failure' in prepared) return endEarly(task, prepared.failure);
  const { inputs, environment } = prepared;
  const warnings = tellWarnings(task, [...preflightOf(prepared), ...unheard(inputs)]);

  const outcome = await runGate(task, prepared);
  const result = gateResult(outcome);
  for (const line of gateLog(result)) task.agent.log(line);
  const publication = await publish(task, prepared, outcome);
  tellPublication(task, publication);
  setOutputs(task.agent, result, publication.state === 'published' ? publication.name : '');
  const issues = tellWarnings(task, [...acceptedDecisions(result), ...unpublished(publication)]);
  tellUnmet(task, result);
  if (inputs.publication.summary) {
    await attachSummary(task, TITLE, summaryMarkdown(result, publicationRemarks(publication, outcome.guard)));
  }
  return completion(result, environment, warnings + issues > 0);
}

interface Prepared {
  readonly inputs: GateInputs;
  /** What the gate is given of the job's environment. */
  readonly environment: Environment;
}

function prepare({ agent, environment }: Task): Prepared | { readonly failure: GateResult } {
  try {
    return { inputs: readGateInputs(agent), environment: gateEnvironment(environment, agent) };
  } catch (error) {
    return { failure: failureResult(asCavraError(error)) };
  }
}

/** The gate never came to run. */
async function endEarly(task: Task, result: GateResult): Promise<Completion> {
  for (const line of gateLog(result)) task.agent.log(line);
  setOutputs(task.agent, result, '');
  await attachSummary(task, TITLE, summaryMarkdown(result));
  return completion(result, task.environment, false);
}

async function runGate(task: Task, { inputs, environment }: Prepared): Promise<GateOutcome> {
  const { agent, workspace, now, randomBytes, version, program } = task;
  const { settings, serviceConnection } = inputs;
  const gate = createGate({
    settings,
    environment,
    workspace,
    now,
    randomBytes,
    version,
    program,
    network: await agentNetwork(agent, environment, settings.jwksUrl),
    ...(serviceConnection === undefined ? {} : { azureServiceConnection: serviceConnection }),
  });
  return gate.run();
}

function publish(
  { agent }: Task,
  { inputs, environment }: Prepared,
  { guard, evidenceDir }: GateOutcome,
): Promise<Publication> {
  return publishEvidence(agent, {
    inputs: inputs.publication,
    files: guard?.files ?? [],
    evidenceDir: evidenceDir ?? '',
    environment,
  });
}

function preflightOf({ inputs, environment }: Prepared): readonly string[] {
  return preflight({ environment, auth: inputs.settings.auth, upload: inputs.publication.upload });
}

/** Inputs that are part of the interface on every platform, and that Azure Pipelines has nothing for. */
function unheard({ publication }: GateInputs): string[] {
  return publication.retentionDays === undefined
    ? []
    : [
        'input retentionDays has no effect: Azure Pipelines keeps an artifact for as long as its run; set the retention of runs in the project’s settings, or retain the run',
      ];
}

/** @returns how many they were */
function tellWarnings({ agent }: Task, warnings: readonly string[]): number {
  for (const warning of warnings) agent.issue('warning', warning);
  return warnings.length;
}

function tellPublication({ agent }: Task, publication: Publication): void {
  switch (publication.state) {
    case 'published':
      agent.log(row('published', `as artifact ${publication.name}, when this task has ended`));
      return;
    case 'attached':
      agent.log(row('published', 'with the log, when this task has ended'));
      return;
    case 'kept':
      agent.log(row('published', `no: ${publication.reason}`));
      return;
    case 'failed':
      agent.log(row('published', `no: ${publication.failure.message}`));
  }
}

/** A decision other than `allow` that was expected, and so passes. */
function acceptedDecisions({ decisions }: GateResult): string[] {
  return decisions
    .filter(({ met, decision }) => met && decision !== 'allow')
    .map(
      ({ request, decision, rule_id: rule, reason }) =>
        `${request}: ${decision}, which was expected, by ${rule}: ${reason}`,
    );
}

function unpublished(publication: Publication): string[] {
  return publication.state === 'failed' ? [failureText(publication.failure, '')] : [];
}

/** More issues would hide the others. */
const MOST_UNMET = 10;

function tellUnmet({ agent }: Task, { decisions }: GateResult): void {
  for (const { request, decision, expected, rule_id: rule, reason } of decisions
    .filter(({ met }) => !met)
    .slice(0, MOST_UNMET)) {
    const wanted = decision === expected ? '' : `, expected was ${expected}`;
    agent.issue('error', `${request}: ${decision} by ${rule}${wanted}: ${reason}`);
  }
}

function completion({ diagnosis, decisions }: GateResult, environment: Environment, issues: boolean): Completion {
  if (diagnosis !== null)
    return { result: 'Failed', message: failureText(diagnosis, hint(diagnosis.code, environment)) };
  // With a message, the library would add a warning to those that are the issues.
  if (issues) return { result: 'SucceededWithIssues', message: '' };
  return {
    result: 'Succeeded',
    message: decisions.length === 1 ? 'the gate passes' : `the gate passes ${decisions.length} requests`,
  };
}
