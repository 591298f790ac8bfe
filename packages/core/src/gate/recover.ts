import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createRunnerAuthenticator } from '../domain/auth/runner-authenticator.ts';
import { CavraError, EvidenceError, RuntimeFailure } from '../domain/diagnosis.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { lazyHttpClient, refuseUnverifiedTls } from '../io/http/network.ts';
import type { RunAttestor } from '../seal/attestor.ts';
import { programIdentity } from '../verify/create-verifier.ts';
import { loadKeys, type RunKeys } from './authentication/run-keys.ts';
import { secretsOf } from './authentication/run-secrets.ts';
import { loadAttestor, loadTrust, refusePullRequestChoices } from './create-gate.ts';
import { openGateFolder } from './folder/gate-folder.ts';
import type { AttestedEvidence, EvidenceFolderPort, GateOutcome } from './run/gate.ts';
import { type CreateGateOptions, NETWORK_SHARE } from './run/gate-options.ts';
import { chooseRuntime, type RuntimeChoice } from './runtime/runtime-choice.ts';

/**
 * Makes the evidence that a cancelled or crashed gate left ready to be published: sets a torn last line aside, verifies the stream, writes
 * the report and searches everything for secrets, as the gate itself would have done. Nothing is decided any more. Where a resident
 * daemon has the evidence, it is asked for it once more, with a new proof of who this job is.
 *
 * @returns an outcome that fails with CAVRA-E507 and has report and guard; undefined when this run left no evidence. Evidence of another
 *   run is set aside as the gate does it
 * @throws CavraError when the folder or the keys cannot be used: then nothing may be published
 */
export async function recoverEvidence(options: CreateGateOptions): Promise<GateOutcome | undefined> {
  const { settings, environment, workspace } = options;
  if (!(await isFolder(resolve(workspace, settings.evidenceDir)))) return undefined;
  const identity = readIdentity(environment);
  const runtime = await chooseRuntime(options);
  const folder = await (runtime.kind === 'daemon'
    ? openDaemonsFolder(options, runtime, identity)
    : openOwnFolder(options, identity));
  // Opening the stream as its only writer looks after what the gate left: see `continueOrSetAside`.
  const opened = await folder.openRuntime();
  await opened.close();
  const report = await folder.verify();
  if (report === undefined || report.records === 0) return undefined;
  const { checkpoint, fault } = await attested(folder);
  const outcome: GateOutcome = {
    settings,
    failure: fault ?? new RuntimeFailure('CAVRA-E507', 'it was cancelled, or its process was killed'),
    identity,
    decisions: [],
    evidenceDir: folder.path,
    report: checkpoint?.report ?? report,
    checkpoint,
    guard: undefined,
    notes: folder.notes,
    timings: {},
  };
  await folder.writeReport(outcome);
  const guarded = await folder.guard();
  await folder.settle();
  return { ...outcome, guard: guarded };
}

/** The folder of a gate whose evidence this job wrote itself. */
async function openOwnFolder(options: CreateGateOptions, identity: RunnerIdentity): Promise<EvidenceFolderPort> {
  const { settings, environment, workspace, now, randomBytes } = options;
  const keys = await loadKeys(options);
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
  });
}

/** The folder of a gate whose evidence a resident daemon writes: emptied, for a new copy of it. */
async function openDaemonsFolder(
  options: CreateGateOptions,
  choice: RuntimeChoice & { kind: 'daemon' },
  identity: RunnerIdentity,
): Promise<EvidenceFolderPort> {
  const { settings, environment, now, randomBytes, version, network = {} } = options;
  // A proof is made, which is worth as much now as it was to the gate.
  refuseUnverifiedTls(environment);
  refusePullRequestChoices(options);
  const { openDaemonRun } = await import('./resident/daemon-run.ts');
  const http = lazyHttpClient(environment, network, { now, randomBytes, version });
  const deadline = now() + settings.timeoutSeconds * 1000 * NETWORK_SHARE;
  const daemon = await openDaemonRun(options, choice, { http, deadline });
  await daemon.openProver(identity);
  return daemon.openFolder(identity, 'before');
}

/** Whatever was decided, the gate has not passed. What is found wrong now is published with the rest. */
async function attested(
  folder: EvidenceFolderPort,
): Promise<{ readonly checkpoint: AttestedEvidence | undefined; readonly fault?: EvidenceError }> {
  try {
    return { checkpoint: await folder.attest({ passes: false, runner: undefined }) };
  } catch (error) {
    if (error instanceof EvidenceError) return { checkpoint: undefined, fault: error };
    throw error;
  }
}

/** Evidence without a checkpoint is better than none: what cannot be attested any more is published all the same. */
async function attestorOf(options: CreateGateOptions, keys: RunKeys): Promise<RunAttestor | undefined> {
  const settings = { ...options.settings, subjectPaths: [], previousCheckpoint: undefined };
  try {
    return await loadAttestor({ ...options, settings }, keys, await loadTrust(options, []));
  } catch (error) {
    if (error instanceof CavraError) return undefined;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
