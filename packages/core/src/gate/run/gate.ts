import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { checkExpectation, type ExpectationCheck } from '../../domain/decision/expectation.ts';
import {
  AuthenticationError,
  asCavraError,
  type CavraError,
  EvidenceError,
  GateSaysNoError,
  RuntimeFailure,
  SecretFoundError,
} from '../../domain/diagnosis.ts';
import type { Clock } from '../../domain/ports.ts';
import type { VerificationReport } from '../../domain/verification/report.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import type { LoadedRequest } from '../../request/requests.ts';
import type { Judgement } from '../../seal/attest.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';
import type { GuardResult } from './guard.ts';

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
  /** Verifies the stream with this run's keys and writes the report beside it; undefined: a daemon keeps it, and this run has none. */
  verify(): Promise<VerificationReport | undefined>;
  /**
   * Signs a checkpoint over the evidence as it was verified, in place of one that was signed before; undefined: there is no key for that,
   * or the evidence is not valid.
   */
  attest(judgement: Judgement): Promise<AttestedEvidence | undefined>;
  /** Writes the report for people, in place of one that was written before. @throws SecretFoundError CAVRA-E602 it would hold a secret */
  writeReport(outcome: GateOutcome): Promise<void>;
  /** Searches what would be published for secrets and withholds what holds one. */
  guard(): Promise<GuardResult>;
  /** Returns once all that this run has written is durable. @throws RuntimeFailure CAVRA-E501 */
  settle(): Promise<void>;
}

/** What became of the evidence by its checkpoint. */
export interface AttestedEvidence {
  /** Name in the evidence folder. */
  readonly file: string;
  readonly keyId: string;
  readonly result: 'PASSED' | 'FAILED';
  /** SHA-256 of the files that it is about, by their names in the evidence folder; lower-case hex. */
  readonly digests: ReadonlyMap<string, string>;
  /** The verification report, which now has the checkpoint. */
  readonly report: VerificationReport;
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
  /** The checkpoint over the evidence; undefined: none was signed. */
  readonly checkpoint: AttestedEvidence | undefined;
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
  checkpoint: AttestedEvidence | undefined;
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
  const failure = await run.timed('total', async () => {
    const decided = await failureOf(() => parts.withinDeadline(() => decideAll(run, parts)));
    // Evidence of a failed run matters as much as that of a pass: it is verified and searched whatever happened before.
    const closed = await closeEvidence(run, parts, decided);
    return verdictOf(run, [decided, closed]);
  });
  return outcomeOf(run, parts, failure);
}

function outcomeOf(run: GateRun, parts: GateParts, failure: CavraError | undefined): GateOutcome {
  return {
    settings: parts.settings,
    failure,
    identity: run.identity,
    decisions: run.decisions,
    evidenceDir: run.folder?.path,
    report: run.report,
    checkpoint: run.checkpoint,
    guard: run.guard,
    notes: [...(run.folder?.notes ?? []), ...parts.notes()],
    timings: run.timings,
  };
}

/** The failure of the run, if it is one; undefined: the gate passes. */
function verdictOf(run: GateRun, failures: readonly (CavraError | undefined)[]): CavraError | undefined {
  return firstCause([...failures, ...findingsOf(run)]) ?? unproven(run);
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

/**
 * Ends the writing, then verifies, attests, reports and guards what was written; each step is done even when one before it failed.
 *
 * @param decided why the decisions failed
 * @returns the first cause of a failure here
 */
async function closeEvidence(
  run: GateRun,
  parts: GateParts,
  decided: CavraError | undefined,
): Promise<CavraError | undefined> {
  const { folder, runtime } = run;
  if (folder === undefined) return undefined;
  const failures = [
    await failureOf(async () => runtime?.close()),
    await failureOf(() => folder.writeResponses(run.decisions.map(({ evaluation }) => evaluation))),
    await failureOf(async () => {
      run.report = await run.timed('verify', () => folder.verify());
    }),
  ];
  const soFar = () => firstCause([decided, ...failures, ...findingsOf(run)]) ?? undecided(run);
  failures.push(await failureOf(() => attest(run, folder, soFar() === undefined)));
  const told = soFar();
  failures.push(await failureOf(() => report(run, parts, folder, told)));
  failures.push(await failureOf(() => guard(run, folder)));
  failures.push(await failureOf(() => folder.settle()));
  const found = verdictOf(run, [decided, ...failures]);
  if (found?.code !== told?.code) {
    // What was found only now must leave neither a checkpoint nor a report behind that says the opposite.
    if (run.checkpoint?.result === 'PASSED') failures.push(await failureOf(() => attest(run, folder, false)));
    failures.push(await failureOf(() => report(run, parts, folder, found)));
    failures.push(await failureOf(() => guard(run, folder)));
    failures.push(await failureOf(() => folder.settle()));
  }
  return firstCause(failures);
}

async function attest(run: GateRun, folder: EvidenceFolderPort, passes: boolean): Promise<void> {
  const runner = run.decisions.find(({ evaluation }) => evaluation.runner !== undefined)?.evaluation.runner;
  run.checkpoint = await run.timed('attest', () => folder.attest({ passes, runner }));
  run.report = run.checkpoint?.report ?? run.report;
}

async function report(
  run: GateRun,
  parts: GateParts,
  folder: EvidenceFolderPort,
  failure: CavraError | undefined,
): Promise<void> {
  await run.timed('report', () => folder.writeReport(outcomeOf(run, parts, failure)));
}

/** Searches the folder; what an earlier search has withheld is not there any more, and still withheld. */
async function guard(run: GateRun, folder: EvidenceFolderPort): Promise<void> {
  const before = run.guard?.withheld ?? [];
  const found = await run.timed('guard', () => folder.guard());
  run.guard = { ...found, withheld: [...before, ...found.withheld] };
}

/** What the finished run itself shows to be wrong. */
function findingsOf(run: GateRun): (CavraError | undefined)[] {
  const withheld = run.guard?.withheld.map(({ name }) => name) ?? [];
  const refused = run.decisions.find(({ evaluation }) => evaluation.refusal !== undefined);
  const unmet = run.decisions.find(({ expectation }) => !expectation.met);
  const recorded = run.decisions.filter(({ evaluation }) => evaluation.addsNoRecord !== true).length;
  return [
    withheld.length > 0
      ? new SecretFoundError('CAVRA-E602', `a secret was found in ${withheld.join(', ')}; withheld from publication`)
      : undefined,
    run.report !== undefined && !run.report.valid
      ? new EvidenceError('CAVRA-E401', `the evidence does not verify: ${run.report.errors?.[0] ?? 'see the report'}`)
      : undefined,
    run.report !== undefined && run.report.records < recorded
      ? new EvidenceError('CAVRA-E401', `${recorded} decisions but ${run.report.records} records`)
      : undefined,
    changedSince(run),
    refused?.evaluation.refusal,
    unmet === undefined || unmet.expectation.met
      ? undefined
      : new GateSaysNoError(unmet.expectation.code, `${unmet.request.path}: ${unmet.expectation.message}`),
  ];
}

/** A file that is not any more what the checkpoint says. */
function changedSince({ checkpoint, guard: found }: GateRun): CavraError | undefined {
  const changed = found?.files.find(({ name, sha256 }) => {
    const attested = checkpoint?.digests.get(name);
    return attested !== undefined && attested !== sha256;
  });
  return changed === undefined
    ? undefined
    : new EvidenceError('CAVRA-E404', `${changed.name} was changed after the checkpoint was signed`);
}

/** A pass needs a decision, valid evidence and a searched folder; that one of them is absent without a cause is a defect. */
function unproven(run: GateRun): CavraError | undefined {
  return undecided(run) ?? (run.guard === undefined ? NOT_PROVEN : undefined);
}

/** The same before the folder is searched. */
function undecided({ decisions, report }: GateRun): CavraError | undefined {
  return decisions.length > 0 && report?.valid === true ? undefined : NOT_PROVEN;
}

const NOT_PROVEN = new RuntimeFailure('CAVRA-E599', 'the run ended without a proven decision');

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
