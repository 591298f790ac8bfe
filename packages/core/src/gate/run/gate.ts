import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { checkExpectation } from '../../domain/decision/expectation.ts';
import { worstOf } from '../../domain/decision/worst.ts';
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
import type { NetworkFacts } from '../../io/http/network.ts';
import type { LoadedRequest } from '../../request/requests.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';
import type { GuardResult } from './guard.ts';
import type { JudgedDecision } from './judged-decision.ts';
import type { OutcomeFacts } from './outcome-line.ts';

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
   * Ends the run: its outcome and the checkpoint over it appear together, and are final. Where sealing fails, the outcome says so.
   *
   * @param failure the first cause, if the run has failed
   */
  conclude(facts: OutcomeFacts, failure: CavraError | undefined): Promise<Conclusion>;
  /** Writes the report for people, in place of one that was written before. @throws SecretFoundError CAVRA-E602 it would hold a secret */
  writeReport(outcome: GateOutcome): Promise<void>;
  /** Searches what would be published for secrets and withholds what holds one. */
  guard(): Promise<GuardResult>;
  /** Returns once all that this run has written is durable. @throws RuntimeFailure CAVRA-E501 */
  settle(): Promise<void>;
}

/** How a run ended. */
export interface Conclusion {
  /** What was found wrong only while the run was concluded; the outcome that is visible says so. */
  readonly found: readonly CavraError[];
  /** Undefined: there is no key for a checkpoint, or the evidence is not valid. */
  readonly checkpoint: AttestedEvidence | undefined;
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
  /** Reads the runner's identity. */
  identify(): Promise<RunnerIdentity>;
  /** Chooses how this job proves who it is; that it cannot is said by `prove`, so that it is recorded. */
  openProver(): Promise<RunnerProver>;
  openFolder(identity: RunnerIdentity): Promise<EvidenceFolderPort>;
  /** What is trusted here, and what it came from. */
  trust(): OutcomeFacts['trust'];
  /** What stood between this run and the servers that it has asked. */
  network(): NetworkFacts;
  /** Absolute. */
  readonly workspace: string;
  /** What a reader should know of the set-up, for example that keys are ephemeral. */
  notes(): readonly string[];
}

/** Everything that one run found out; `gate-result.ts` makes the published JSON of it. */
export interface GateOutcome {
  readonly settings: GateSettings;
  /** The first cause of a failure in time, but a secret that was found goes before it; undefined: the gate passes. */
  readonly failure: CavraError | undefined;
  /** What else went wrong, most often because of it. */
  readonly consequences: readonly CavraError[];
  readonly identity: RunnerIdentity | undefined;
  readonly decisions: readonly JudgedDecision[];
  readonly evidenceDir: string | undefined;
  readonly report: VerificationReport | undefined;
  /** The checkpoint over the evidence; undefined: none was signed. */
  readonly checkpoint: AttestedEvidence | undefined;
  readonly guard: GuardResult | undefined;
  readonly notes: readonly string[];
  readonly network: NetworkFacts;
  /** Milliseconds per step. */
  readonly timings: Readonly<Record<string, number>>;
}

class GateRun {
  readonly startedAt: number;
  requests: readonly LoadedRequest[] = [];
  identity: RunnerIdentity | undefined;
  folder: EvidenceFolderPort | undefined;
  runtime: GovernanceRuntime | undefined;
  readonly decisions: JudgedDecision[] = [];
  report: VerificationReport | undefined;
  checkpoint: AttestedEvidence | undefined;
  guard: GuardResult | undefined;
  /** What went wrong, in the order of time. */
  readonly causes: CavraError[] = [];
  readonly timings: Record<string, number> = {};
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.startedAt = parts.now();
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

  /** Does one step; that it fails is a cause, and the next one is done all the same. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.found(asCavraError(error));
    }
  }

  found(...causes: readonly (CavraError | undefined)[]): void {
    this.causes.push(...causes.filter((cause) => cause !== undefined));
  }

  /** The one cause to report: the first in time, but a secret that was found before all others. */
  get failure(): CavraError | undefined {
    return this.causes.find(({ exitStatus }) => exitStatus === SECRET_FOUND) ?? this.causes[0];
  }
}

const SECRET_FOUND = 6;

/**
 * One run of the gate (docs/run.md). Never throws for what a user or a liar can cause: every outcome is in the result, and
 * anything that is not a proven pass is a failure.
 */
export async function runGate(parts: GateParts): Promise<GateOutcome> {
  const run = new GateRun(parts);
  await run.timed('total', async () => {
    const failed = await failureOf(() => parts.withinDeadline(() => decideAll(run, parts)));
    run.found(...refusalsOf(run.decisions), failed);
    // Evidence of a failed run matters as much as that of a pass: it is verified and searched whatever happened before.
    if (run.folder !== undefined) await closeEvidence(run, parts, run.folder);
    if (run.failure === undefined) run.found(unproven(run));
  });
  return outcomeOf(run, parts);
}

function outcomeOf(run: GateRun, parts: GateParts): GateOutcome {
  const { failure } = run;
  return {
    settings: parts.settings,
    failure,
    consequences: run.causes.filter((cause) => cause !== failure),
    identity: run.identity,
    decisions: run.decisions,
    evidenceDir: run.folder?.path,
    report: run.report,
    checkpoint: run.checkpoint,
    guard: run.guard,
    notes: [...(run.folder?.notes ?? []), ...parts.notes()],
    network: parts.network(),
    timings: run.timings,
  };
}

async function decideAll(run: GateRun, parts: GateParts): Promise<void> {
  run.requests = await run.timed('configure', () => parts.loadRequests());
  const identity = await parts.identify();
  run.identity = identity;
  const prover = await parts.openProver();
  const folder = await parts.openFolder(identity);
  const runtime = await openRuntime(run, folder);
  await folder.writeClaims(identity);
  for (const request of run.requests) {
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
 * Ends the writing, then verifies, searches, concludes and reports what was written; each step is done even when one before it failed.
 * What is found before the conclusion is part of it. What is found later is told, and does not change it.
 */
async function closeEvidence(run: GateRun, parts: GateParts, folder: EvidenceFolderPort): Promise<void> {
  await run.attempt(async () => run.runtime?.close());
  await run.attempt(() => folder.writeResponses(run.decisions.map(({ evaluation }) => evaluation)));
  await run.attempt(async () => {
    run.report = await run.timed('verify', () => folder.verify());
  });
  run.found(...findingsOf(run));
  await run.attempt(() => guard(run, folder));
  if (run.failure === undefined) run.found(undecided(run));
  await run.attempt(() => conclude(run, parts, folder));
  const told = run.failure;
  await run.attempt(() => report(run, parts, folder));
  await run.attempt(() => folder.settle());
  await run.attempt(() => guard(run, folder));
  if (run.failure?.code === told?.code) return;
  // What was found only now must not leave a report behind that says the opposite.
  await run.attempt(() => report(run, parts, folder));
  await run.attempt(() => guard(run, folder));
  await run.attempt(() => folder.settle());
}

async function conclude(run: GateRun, parts: GateParts, folder: EvidenceFolderPort): Promise<void> {
  const { settings } = parts;
  const facts: OutcomeFacts = {
    identity: run.identity ?? {},
    runner: run.decisions.find(({ evaluation }) => evaluation.runner !== undefined)?.evaluation.runner,
    requests: run.requests,
    decisions: run.decisions,
    expectedDecision: settings.expectedDecision,
    trust: parts.trust(),
    network: parts.network(),
    workspace: parts.workspace,
    startedAt: run.startedAt,
    finishedAt: parts.now(),
  };
  const { found, checkpoint } = await run.timed('attest', () => folder.conclude(facts, run.failure));
  run.checkpoint = checkpoint;
  run.report = checkpoint?.report ?? run.report;
  run.found(...found);
}

async function report(run: GateRun, parts: GateParts, folder: EvidenceFolderPort): Promise<void> {
  await run.timed('report', () => folder.writeReport(outcomeOf(run, parts)));
}

/**
 * Searches the folder for secrets; what an earlier search has withheld is not there any more, and still withheld. A file that is not
 * any more what the checkpoint says is not published.
 */
async function guard(run: GateRun, folder: EvidenceFolderPort): Promise<void> {
  const before = run.guard?.withheld ?? [];
  const { files, withheld, ignored } = await run.timed('guard', () => folder.guard());
  const changed = files.filter(({ name, sha256 }) => (run.checkpoint?.digests.get(name) ?? sha256) !== sha256);
  run.guard = {
    files: files.filter((file) => !changed.includes(file)),
    withheld: [...before, ...withheld],
    ignored: [...ignored, ...changed.map(({ name }) => ({ name, reason: CHANGED }))],
  };
  const names = withheld.map(({ name }) => name).join(', ');
  if (names !== '') {
    run.found(new SecretFoundError('CAVRA-E602', `a secret was found in ${names}; withheld from publication`));
  }
  run.found(...changed.map(({ name }) => new EvidenceError('CAVRA-E404', `${name} ${CHANGED}`)).slice(0, 1));
}

const CHANGED = 'was changed after the checkpoint was signed';

/** What the decisions themselves show to be wrong. */
function refusalsOf(decisions: readonly JudgedDecision[]): (CavraError | undefined)[] {
  const refused = decisions.find(({ evaluation }) => evaluation.refusal !== undefined);
  const unmet = worstUnmet(decisions);
  return [
    refused?.evaluation.refusal,
    unmet === undefined || unmet.expectation.met
      ? undefined
      : new GateSaysNoError(unmet.expectation.code, `${unmet.request.path}: ${unmet.expectation.message}`),
  ];
}

function worstUnmet(decisions: readonly JudgedDecision[]): JudgedDecision | undefined {
  const unmet = decisions.filter(({ expectation }) => !expectation.met);
  const worst = worstOf(unmet.map(({ evaluation }) => evaluation.response));
  return unmet.find(({ evaluation }) => evaluation.response === worst);
}

/** What the verified evidence shows to be wrong. That nothing was recorded is no fault of its own where something failed before. */
function findingsOf({ report: found, decisions, failure }: GateRun): (CavraError | undefined)[] {
  if (found === undefined || (found.records === 0 && failure !== undefined)) return [];
  const recorded = decisions.filter(({ evaluation }) => evaluation.addsNoRecord !== true).length;
  return [
    found.valid
      ? undefined
      : new EvidenceError('CAVRA-E401', `the evidence does not verify: ${found.errors?.[0] ?? 'see the report'}`),
    found.records < recorded
      ? new EvidenceError('CAVRA-E401', `${recorded} decisions but ${found.records} records`)
      : undefined,
  ];
}

/** A pass needs a decision, valid evidence and a searched folder; that one of them is absent without a cause is a defect. */
function unproven(run: GateRun): CavraError | undefined {
  return undecided(run) ?? (run.guard === undefined ? NOT_PROVEN : undefined);
}

/** The same before the folder is searched. */
function undecided({ decisions, report: found }: GateRun): CavraError | undefined {
  return decisions.length > 0 && found?.valid === true ? undefined : NOT_PROVEN;
}

const NOT_PROVEN = new RuntimeFailure('CAVRA-E599', 'the run ended without a proven decision');

async function failureOf(work: () => Promise<void>): Promise<CavraError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return asCavraError(error);
  }
}
