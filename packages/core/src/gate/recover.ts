import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createRunnerAuthenticator } from '../domain/auth/runner-authenticator.ts';
import { CavraError, EvidenceError, RuntimeFailure } from '../domain/diagnosis.ts';
import { CHECKPOINT_FILE } from '../domain/evidence/files.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import type { VerificationReport } from '../domain/verification/report.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { lazyHttpClient } from '../io/http/network.ts';
import type { RunAttestor } from '../seal/attestor.ts';
import { programIdentity } from '../verify/program-identity.ts';
import { loadKeys, type RunKeys } from './authentication/run-keys.ts';
import { secretsOf } from './authentication/run-secrets.ts';
import { type ConcludedRun, concludedRun, failureOf } from './concluded.ts';
import { type GateFolder, openGateFolder } from './folder/gate-folder.ts';
import { prepareRun } from './preparation.ts';
import type { Conclusion, EvidenceFolderPort, GateOutcome } from './run/gate.ts';
import { type CreateGateOptions, NETWORK_SHARE } from './run/gate-options.ts';
import type { OutcomeFacts } from './run/outcome-line.ts';
import { chooseRuntime, type RuntimeChoice } from './runtime/runtime-choice.ts';
import { loadAttestor, loadTrust, trustFacts } from './trust.ts';

/** What an earlier process of this run has left, ready to be published. */
export type RecoveredEvidence = GateOutcome & { readonly report: VerificationReport };

/**
 * Makes the evidence that a cancelled or crashed gate left ready to be published. A run that had ended keeps its verdict: its outcome, its
 * checkpoint and its response stay as they are, and only what was to follow them is written. A run that had not ended has failed: its
 * stream is verified, and its outcome and its checkpoint say so. Nothing is decided any more. Where a resident daemon has the evidence, it
 * is asked for it once more, with a new proof of who this job is.
 *
 * @param startedAt when the run began, Unix milliseconds; undefined: nobody knows
 * @returns undefined when this run left no evidence. Evidence of another run is set aside as the gate does it
 * @throws CavraError when the folder or the keys cannot be used: then nothing may be published
 */
export async function recoverEvidence(
  options: CreateGateOptions,
  startedAt = 0,
): Promise<RecoveredEvidence | undefined> {
  const { settings, environment, workspace } = options;
  const absolute = resolve(workspace, settings.evidenceDir);
  if (!(await isFolder(absolute))) return undefined;
  const identity = readIdentity(environment);
  const runtime = await chooseRuntime(options);
  if (runtime.kind === 'daemon') {
    const folder = await openDaemonsFolder(options, runtime, identity);
    await lookAfter(folder);
    return endInterrupted(options, folder, identity);
  }
  const keys = await loadKeys(options);
  const folder = await openOwnFolder(options, identity, keys);
  await lookAfter(folder);
  const concluded = await concludedRun(absolute, startedAt, identity);
  return concluded === undefined
    ? endInterrupted(options, folder, identity)
    : endConcluded(options, folder, keys, identity, concluded);
}

/** Opening the stream as its only writer looks after what the gate left: see `continueOrSetAside`. */
async function lookAfter(folder: EvidenceFolderPort): Promise<void> {
  const opened = await folder.openRuntime();
  await opened.close();
}

/** Publishes what a run that had ended says of itself. */
async function endConcluded(
  options: CreateGateOptions,
  folder: GateFolder,
  keys: RunKeys,
  identity: RunnerIdentity,
  { outcome: line, decisions }: ConcludedRun,
): Promise<RecoveredEvidence> {
  const report = await folder.verifyAsPublished(keys.attestation.trust);
  const outcome = {
    ...outcomeOf(options, folder, identity),
    failure: failureOf(line) ?? changedSince(report),
    decisions,
    report,
    checkpoint: sealOf(report),
  };
  return published(folder, outcome);
}

/** Ends a run that was stopped before it had an outcome. */
async function endInterrupted(
  options: CreateGateOptions,
  folder: EvidenceFolderPort,
  identity: RunnerIdentity,
): Promise<RecoveredEvidence | undefined> {
  const report = await folder.verify();
  if (report === undefined || report.records === 0) return undefined;
  // A resident daemon had sealed it: that is the end of the run.
  const details = report.checkpoint_details;
  if (details !== undefined) {
    const failure = details.result === 'PASSED' ? undefined : INTERRUPTED;
    return published(folder, { ...outcomeOf(options, folder, identity), failure, report, checkpoint: sealOf(report) });
  }
  const { found, checkpoint } = await concluded(folder, await factsOf(options, identity), INTERRUPTED);
  return published(folder, {
    ...outcomeOf(options, folder, identity),
    failure: found.find(({ exitStatus }) => exitStatus === 6) ?? INTERRUPTED,
    consequences: found,
    report: checkpoint?.report ?? report,
    checkpoint,
  });
}

/** Another step touched what was published as a pass. */
function changedSince({ valid, errors }: VerificationReport): EvidenceError | undefined {
  const problem = `the evidence does not verify any more: ${errors[0] ?? 'see the report'}`;
  return valid ? undefined : new EvidenceError('CAVRA-E401', problem);
}

const INTERRUPTED = new RuntimeFailure('CAVRA-E507', 'it was cancelled, or its process was killed');

/** What a verified report says of its checkpoint. */
function sealOf(report: VerificationReport): GateOutcome['checkpoint'] {
  const details = report.checkpoint_details;
  if (details === undefined) return undefined;
  return { file: CHECKPOINT_FILE, keyId: details.key_id, result: details.result, digests: new Map(), report };
}

async function published(folder: EvidenceFolderPort, outcome: RecoveredEvidence): Promise<RecoveredEvidence> {
  await folder.writeReport(outcome);
  const guard = await folder.guard();
  await folder.settle();
  return { ...outcome, guard };
}

function outcomeOf({ settings }: CreateGateOptions, folder: EvidenceFolderPort, identity: RunnerIdentity) {
  return {
    settings,
    consequences: [],
    identity,
    decisions: [],
    evidenceDir: folder.path,
    guard: undefined,
    notes: folder.notes,
    network: { proxy: null, ca_certificates_sha256: null },
    timings: {},
  };
}

/** What is known of the run without its process. */
async function factsOf(options: CreateGateOptions, identity: RunnerIdentity): Promise<OutcomeFacts> {
  const { settings, workspace, now } = options;
  const requests = await prepareRun(options)
    .requests()
    .catch(() => []);
  return {
    identity,
    runner: undefined,
    requests,
    decisions: [],
    expectedDecision: settings.expectedDecision,
    trust: trustFacts(settings, undefined),
    network: { proxy: null, ca_certificates_sha256: null },
    workspace,
    startedAt: now(),
    finishedAt: now(),
  };
}

/** The folder of a gate whose evidence this job wrote itself. */
async function openOwnFolder(options: CreateGateOptions, identity: RunnerIdentity, keys: RunKeys): Promise<GateFolder> {
  const { settings, environment, workspace, now, randomBytes } = options;
  return openGateFolder({
    path: settings.evidenceDir,
    workspace,
    identity,
    keys,
    searcher: createSecretSearcher(secretsOf(environment, keys)),
    // Nobody is asked any more, and nobody would be believed.
    authenticator: createRunnerAuthenticator({}),
    trust: createTrustPolicyEvaluator(undefined),
    rules: settings.rules,
    now,
    randomBytes,
    verifier: await programIdentity(options),
    attestor: await attestorOf(options, keys),
    recovers: true,
  });
}

/** The folder of a gate whose evidence a resident daemon writes: emptied, for a new copy of it. */
async function openDaemonsFolder(
  options: CreateGateOptions,
  choice: RuntimeChoice & { kind: 'daemon' },
  identity: RunnerIdentity,
): Promise<EvidenceFolderPort> {
  const { settings, environment, now, randomBytes, version } = options;
  // A proof is made, which is worth as much now as it was to the gate.
  const preparation = prepareRun(options);
  await preparation.tls();
  await preparation.choices();
  const { openDaemonRun } = await import('./resident/daemon-run.ts');
  const http = lazyHttpClient(preparation.network, { now, randomBytes, version });
  const deadline = now() + settings.timeoutSeconds * 1000 * NETWORK_SHARE;
  const serviceConnectionId = options.azureServiceConnection;
  const proving = { environment, http, deadline, now, randomBytes, serviceConnectionId };
  const daemon = await openDaemonRun(options, choice, preparation, proving);
  await daemon.openProver(await preparation.authentication());
  return daemon.openFolder(identity, 'before');
}

/** Whatever was decided, the gate has not passed. What is found wrong now is published with the rest. */
async function concluded(folder: EvidenceFolderPort, facts: OutcomeFacts, failure: CavraError): Promise<Conclusion> {
  try {
    return await folder.conclude(facts, failure);
  } catch (error) {
    if (error instanceof EvidenceError) return { found: [error], checkpoint: undefined };
    throw error;
  }
}

/** Evidence without a checkpoint is better than none: what cannot be attested any more is published all the same. */
async function attestorOf(options: CreateGateOptions, keys: RunKeys): Promise<RunAttestor | undefined> {
  const settings = { ...options.settings, subjectPaths: [], previousCheckpoint: undefined };
  try {
    return await loadAttestor({ ...options, settings }, keys, await loadTrust(options, undefined));
  } catch (error) {
    if (error instanceof CavraError) return undefined;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
