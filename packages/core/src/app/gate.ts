import { checkExpectation, type ExpectationCheck } from '../domain/decision/expectation.ts';
import {
  AuthenticationError,
  CavraError,
  EvidenceError,
  GateSaysNoError,
  RuntimeFailure,
  SecretFoundError,
} from '../domain/diagnosis.ts';
import type { VerificationReport } from '../domain/evidence/report.ts';
import type { RunnerIdentity } from '../domain/wire/types.ts';
import type { GuardResult } from './guard.ts';
import type { Clock, Evaluation, GovernanceRuntime, RunnerProver } from './ports.ts';
import type { LoadedRequest } from './requests.ts';
import type { GateSettings } from './settings.ts';

/** The folder of one run's evidence. */
export interface EvidenceFolderPort {
  /** As configured, for people. */
  readonly path: string;
  /** What happened to it, for example that an older run's evidence was set aside; may grow. */
  readonly notes: readonly string[];
  /** Becomes the folder's only writer, sets aside what is not of this run, and opens whoever answers requests. */
  openRuntime(): Promise<GovernanceRuntime>;
  writeClaims(identity: RunnerIdentity): Promise<void>;
  /** Writes the worst response of the run, those of earlier steps of the same job included, and all of them. */
  writeResponses(evaluations: readonly Evaluation[]): Promise<void>;
  /** Verifies the stream with this run's keys and writes the report beside it. */
  verify(): Promise<VerificationReport>;
  /** Searches what would be published for secrets and withholds what holds one. */
  guard(): Promise<GuardResult>;
}

/** What the gate is made of. Each step is called at most once, in this order. */
export interface GateParts {
  readonly settings: GateSettings;
  readonly now: Clock;
  /** Runs `work`, and fails with CAVRA-E504 when it takes longer than the run may. */
  withinDeadline<T>(work: () => Promise<T>): Promise<T>;
  loadRequests(): Promise<readonly LoadedRequest[]>;
  /** Reads the runner's identity and refuses what a pull request may not choose. */
  identify(): RunnerIdentity;
  /** Chooses how this job proves who it is; that it cannot is said by `prove`, so that it is recorded. */
  openProver(identity: RunnerIdentity): Promise<RunnerProver>;
  openFolder(identity: RunnerIdentity): Promise<EvidenceFolderPort>;
  /** What a reader should know of the set-up, for example that keys are ephemeral. */
  notes(): readonly string[];
}

/** One request's answer, held against what was expected. */
export interface JudgedDecision {
  readonly request: LoadedRequest;
  readonly evaluation: Evaluation;
  readonly expectation: ExpectationCheck;
}

/** Everything that one run found out; `gate-result.ts` makes the published JSON of it. */
export interface GateOutcome {
  readonly settings: GateSettings;
  /** The first cause of a failure, by precedence; undefined: the gate passes. */
  readonly failure: CavraError | undefined;
  readonly identity: RunnerIdentity | undefined;
  readonly decisions: readonly JudgedDecision[];
  readonly evidenceDir: string | undefined;
  readonly report: VerificationReport | undefined;
  readonly guard: GuardResult | undefined;
  readonly notes: readonly string[];
  /** Milliseconds per step. */
  readonly timings: Readonly<Record<string, number>>;
}

class GateRun {
  identity: RunnerIdentity | undefined;
  folder: EvidenceFolderPort | undefined;
  runtime: GovernanceRuntime | undefined;
  readonly decisions: JudgedDecision[] = [];
  report: VerificationReport | undefined;
  guard: GuardResult | undefined;
  readonly timings: Record<string, number> = {};
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Runs one step and adds up how long it took, whether it succeeds or not. */
  async timed<T>(step: string, work: () => Promise<T>): Promise<T> {
    const start = this.#parts.now();
    try {
      return await work();
    } finally {
      this.timings[step] = (this.timings[step] ?? 0) + this.#parts.now() - start;
    }
  }
}

/**
 * One run of the gate (design.md section 2). Never throws for what a user or a liar can cause: every outcome is in the result, and
 * anything that is not a proven pass is a failure.
 */
export async function runGate(parts: GateParts): Promise<GateOutcome> {
  const run = new GateRun(parts);
  const failures = await run.timed('total', async () => {
    const decided = await failureOf(() => parts.withinDeadline(() => decideAll(run, parts)));
    // Evidence of a failed run matters as much as that of a pass: it is verified and searched whatever happened before.
    const closed = await failureOf(() => closeEvidence(run));
    return [decided, closed];
  });
  return {
    settings: parts.settings,
    failure: firstCause([...failures, ...findingsOf(run)]) ?? unproven(run),
    identity: run.identity,
    decisions: run.decisions,
    evidenceDir: run.folder?.path,
    report: run.report,
    guard: run.guard,
    notes: [...(run.folder?.notes ?? []), ...parts.notes()],
    timings: run.timings,
  };
}

async function decideAll(run: GateRun, parts: GateParts): Promise<void> {
  const requests = await run.timed('configure', () => parts.loadRequests());
  const identity = parts.identify();
  run.identity = identity;
  const prover = await parts.openProver(identity);
  const folder = await parts.openFolder(identity);
  const runtime = await openRuntime(run, folder);
  await folder.writeClaims(identity);
  for (const request of requests) {
    const evaluation = await run.timed('evaluate', () => ask(runtime, prover, run, request));
    run.decisions.push({ request, evaluation, expectation: checkExpectation(evaluation.response, parts.settings) });
  }
}

/** From here on the folder is this run's: whatever happens next, its evidence is verified and published. */
async function openRuntime(run: GateRun, folder: EvidenceFolderPort): Promise<GovernanceRuntime> {
  try {
    run.runtime = await folder.openRuntime();
    run.folder = folder;
    return run.runtime;
  } catch (error) {
    // Evidence of this run that was changed is published as it was found; a folder that another process writes is left alone.
    if (error instanceof EvidenceError) run.folder = folder;
    throw error;
  }
}

async function ask(
  runtime: GovernanceRuntime,
  prover: RunnerProver,
  run: GateRun,
  { request }: LoadedRequest,
): Promise<Evaluation> {
  const identity = run.identity ?? {};
  try {
    const proof = await run.timed('authenticate', () => prover.prove(identity, request));
    return await runtime.evaluate({ ...request, runner_auth: proof });
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    // That somebody could not prove who they are is itself evidence.
    return runtime.evaluate({ ...request, runner_auth: { identity } }, error);
  }
}

/** Ends the writing, then verifies and guards what was written; each step is done even when one before it failed. */
async function closeEvidence(run: GateRun): Promise<void> {
  const { folder, runtime } = run;
  if (folder === undefined) return;
  const failures = [
    await failureOf(async () => runtime?.close()),
    await failureOf(() => folder.writeResponses(run.decisions.map(({ evaluation }) => evaluation))),
    await failureOf(async () => {
      run.report = await run.timed('verify', () => folder.verify());
    }),
    await failureOf(async () => {
      run.guard = await run.timed('guard', () => folder.guard());
    }),
  ];
  const failure = firstCause(failures);
  if (failure !== undefined) throw failure;
}

/** What the finished run itself shows to be wrong. */
function findingsOf(run: GateRun): (CavraError | undefined)[] {
  const withheld = run.guard?.withheld.map(({ name }) => name) ?? [];
  const refused = run.decisions.find(({ evaluation }) => evaluation.refusal !== undefined);
  const unmet = run.decisions.find(({ expectation }) => !expectation.met);
  return [
    withheld.length > 0
      ? new SecretFoundError('CAVRA-E602', `a secret was found in ${withheld.join(', ')}; withheld from publication`)
      : undefined,
    run.report !== undefined && !run.report.valid
      ? new EvidenceError('CAVRA-E401', `the evidence does not verify: ${run.report.errors?.[0] ?? 'see the report'}`)
      : undefined,
    run.report !== undefined && run.report.records < run.decisions.length
      ? new EvidenceError('CAVRA-E401', `${run.decisions.length} decisions but ${run.report.records} records`)
      : undefined,
    refused?.evaluation.refusal,
    unmet === undefined || unmet.expectation.met
      ? undefined
      : new GateSaysNoError(unmet.expectation.code, `${unmet.request.path}: ${unmet.expectation.message}`),
  ];
}

/** A pass needs a decision, valid evidence and a searched folder; that one of them is absent without a cause is a defect. */
function unproven({ decisions, report, guard }: GateRun): CavraError | undefined {
  const proven = decisions.length > 0 && report?.valid === true && guard !== undefined;
  return proven ? undefined : new RuntimeFailure('CAVRA-E599', 'the run ended without a proven decision');
}

/** The one cause to report: a leaked secret first, then a broken machine, invalid evidence, configuration, proof, and the decision. */
function firstCause(causes: readonly (CavraError | undefined)[]): CavraError | undefined {
  const precedence = [6, 5, 4, 2, 3, 1];
  return causes
    .filter((cause) => cause !== undefined)
    .sort((a, b) => precedence.indexOf(a.exitStatus) - precedence.indexOf(b.exitStatus))[0];
}

async function failureOf(work: () => Promise<void>): Promise<CavraError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return asCavraError(error);
  }
}

/** Wraps what nobody foresaw, so that it still ends in one clear sentence and a failed gate. */
export function asCavraError(error: unknown): CavraError {
  if (error instanceof CavraError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeFailure('CAVRA-E599', message, { cause: error });
}
