import {
  asCavraError,
  type CavraError,
  createGate,
  failureResult,
  type GateOutcome,
  type GateResult,
  gateOutputs,
  gateResult,
  KNOWN_EVIDENCE_FILES,
} from '@cavra/release-governance-core';
import type { Configuration } from './configuration/configuration.ts';
import { dotenvText } from './configuration/dotenv.ts';
import { gateEnvironment } from './configuration/environment.ts';
import { gateSettings } from './configuration/settings.ts';
import { runDeadline } from './deadline.ts';
import type { Job } from './job.ts';
import { failureLog, resultLog, setAsideLog } from './log.ts';
import { annotationsText } from './publication/annotations.ts';
import { artifactName } from './publication/artifact-name.ts';
import { keepOnly, writeReport } from './publication/project-files.ts';

/** The gate's job: decides, leaves exactly what may be published in the evidence folder, and hands the outputs on. */
export async function runGateJob(job: Job, configuration: Configuration): Promise<number> {
  const evidenceDir = configuration.text('evidence_dir');
  const { outcome, failure } = await attempt(() => runGate(job, configuration));
  const unsealed = await attempt(() => seal(job, configuration, outcome));
  const worst = unsealed.failure ?? failure ?? outcome?.failure;
  const result = resultOf(outcome, worst);

  if (configuration.flag('summary')) job.log(resultLog(result));
  if (worst !== undefined) job.log(failureLog(worst, job.environment));
  const published =
    unsealed.failure === undefined && configuration.flag('upload_artifact') && (outcome?.guard?.files.length ?? 0) > 0;
  const outputs = {
    ...gateOutputs(result),
    'artifact-name': published ? artifactName(configuration, job.environment) : '',
  };
  const reported = await attempt(async () => {
    await writeReport(job.workspace, `${evidenceDir}.env`, dotenvText(outputs));
    const annotations =
      configuration.flag('summary') && published
        ? annotationsText(result, evidenceDir, configuration, job.environment)
        : undefined;
    if (annotations !== undefined) await writeReport(job.workspace, `${evidenceDir}.annotations.json`, annotations);
  });
  // A later job may decide by the outputs: that they are missing must not look like a pass.
  if (reported.failure !== undefined) job.log(failureLog(reported.failure, job.environment));
  return worst?.exitStatus ?? reported.failure?.exitStatus ?? 0;
}

async function runGate(job: Job, configuration: Configuration): Promise<GateOutcome> {
  const settings = gateSettings(configuration);
  const { environment, ignored } = gateEnvironment(job.environment);
  if (ignored.length > 0) {
    job.log([
      `note: these variables change nothing, the template is configured by its inputs alone: ${ignored.join(', ')}`,
    ]);
  }
  const deadline = runDeadline(settings.timeoutSeconds, environment, job.now());
  if (deadline.shortened) {
    job.log([
      `note: the gate has ${deadline.seconds} s, because the job’s own timeout comes before the configured ${settings.timeoutSeconds} s`,
    ]);
  }
  // Should the runner be killed, the folder is published as it is then.
  job.log(setAsideLog(await keepOnly(job.workspace, settings.evidenceDir, KNOWN_EVIDENCE_FILES)));
  const gate = createGate({
    settings: { ...settings, timeoutSeconds: deadline.seconds },
    environment,
    workspace: job.workspace,
    now: job.now,
    randomBytes: job.randomBytes,
    version: job.version,
    program: { sha256: job.programSha256 },
    runFacts: runFacts(job, configuration),
  });
  return gate.run();
}

/** What started this run, for whoever reads the evidence: which program, and by which component it came. */
function runFacts({ version, programSha256 }: Job, { component }: Configuration): Readonly<Record<string, string>> {
  return {
    front_end: component === undefined ? 'gitlab-template' : 'gitlab-component',
    version,
    program_sha256: programSha256,
    ...(component === undefined
      ? {}
      : {
          component_name: component.name,
          component_reference: component.reference,
          component_sha: component.sha,
          component_version: component.version,
        }),
  };
}

/** Leaves in the evidence folder what was searched for secrets and found clean, and nothing else. */
async function seal(job: Job, configuration: Configuration, outcome: GateOutcome | undefined): Promise<void> {
  const files = configuration.flag('upload_artifact') ? (outcome?.guard?.files ?? []) : [];
  const aside = await keepOnly(
    job.workspace,
    configuration.text('evidence_dir'),
    files.map(({ name }) => name),
  );
  job.log(setAsideLog(aside));
}

function resultOf(outcome: GateOutcome | undefined, failure: CavraError | undefined): GateResult {
  if (outcome === undefined) return failureResult(failure ?? asCavraError(new Error('the gate did not run')));
  return gateResult(failure === undefined ? outcome : { ...outcome, failure });
}

interface Attempt<T> {
  readonly outcome: T | undefined;
  readonly failure: CavraError | undefined;
}

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { outcome: await work(), failure: undefined };
  } catch (error) {
    return { outcome: undefined, failure: asCavraError(error) };
  }
}
