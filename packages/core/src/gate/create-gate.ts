import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { OVERRIDES } from '../domain/identity/sources.ts';
import { pullRequestContext } from '../domain/pull-request/context.ts';
import { refuseTrustOverrides, trustOverrides } from '../domain/pull-request/overrides.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import type { TrustPolicyEvaluator } from '../domain/trust/trust-decision.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { lazyHttpClient, refuseUnverifiedTls } from '../io/http/network.ts';
import { readInlineRequest, readRequestFiles } from '../request/request-files.ts';
import type { RunAttestor } from '../seal/attestor.ts';
import { GATE_SETTINGS } from '../settings/gate-settings.ts';
import { programIdentity } from '../verify/create-verifier.ts';
import { type Authentication, chooseAuthentication } from './authentication/authentication.ts';
import { loadKeys, type RunKeys } from './authentication/run-keys.ts';
import { secretsOf } from './authentication/run-secrets.ts';
import { openGateFolder } from './folder/gate-folder.ts';
import type { DaemonRun } from './resident/daemon-run.ts';
import { withinDeadline } from './run/deadline.ts';
import { type EvidenceFolderPort, type GateOutcome, type GateParts, runGate } from './run/gate.ts';
import { type CreateGateOptions, NETWORK_SHARE } from './run/gate-options.ts';
import type { OtherRuntime, OtherRuntimeParts } from './runtime/external-runtime.ts';
import { chooseRuntime, type RuntimeChoice } from './runtime/runtime-choice.ts';

export interface Gate {
  /** Runs the gate once. Never throws for what a user or a liar can cause: every outcome is in the result. */
  run(): Promise<GateOutcome>;
}

/** Puts the gate together from the parts of this machine (design.md sections 2 and 3). */
export function createGate(options: CreateGateOptions): Gate {
  return { run: () => runGate(gateParts(options)) };
}

function gateParts(options: CreateGateOptions): GateParts {
  const { settings, environment, workspace, now, randomBytes, version, network = {} } = options;
  const budget = settings.timeoutSeconds * 1000;
  // A silent server must give its own diagnosis before the run's deadline gives a general one.
  const deadline = now() + budget * NETWORK_SHARE;
  const http = lazyHttpClient(environment, network, { now, randomBytes, version });
  let keys: RunKeys | undefined;
  let trust: LoadedTrust | undefined;
  let attestor: RunAttestor | undefined;
  let authentication: Authentication | undefined;
  let daemon: DaemonRun | undefined;
  let runtime: RuntimeChoice = { kind: 'embedded' };
  const notes: string[] = [];

  return {
    settings,
    now,
    withinDeadline: (work) => withinDeadline(budget, work),

    async loadRequests() {
      refuseUnverifiedTls(environment);
      refusePullRequestChoices(options);
      runtime = await chooseRuntime(options);
      refuseUpstreamPaths(options, runtime);
      if (runtime.kind === 'daemon') {
        const { openDaemonRun } = await import('./resident/daemon-run.ts');
        daemon = await openDaemonRun(options, runtime, { http, deadline });
        return readRequests(options);
      }
      keys = await loadKeys(options);
      notes.push(...keys.notes);
      trust = await loadTrust(options, notes);
      attestor = await loadAttestor(options, keys, trust);
      return readRequests(options);
    },

    identify: () => readIdentity(environment),

    async openProver(identity) {
      if (daemon !== undefined) return daemon.openProver(identity);
      authentication = await chooseAuthentication({
        settings,
        environment,
        workspace,
        identity,
        runnerKey: keys?.runner,
        runnerKeys: keys?.runnerVerification ?? [],
        http,
        deadline,
        now,
        randomBytes,
        serviceConnectionId: options.azureServiceConnection,
        // Programs of others know no other form.
        hmacForm: runtime.kind === 'embedded' ? 'v2' : 'v1',
      });
      return authentication.prover;
    },

    openFolder: (identity) =>
      daemon?.openFolder(identity) ?? openFolder(options, identity, { keys, trust, attestor, authentication, runtime }),

    notes: () => [...notes, ...(authentication?.notes ?? []), ...(daemon?.notes ?? [])],
  };
}

function readRequests({ settings: { requestJson, requests }, workspace }: CreateGateOptions) {
  return requestJson === undefined ? readRequestFiles(requests, workspace) : [readInlineRequest(requestJson)];
}

/** Opens the folder for what the steps before it have prepared. */
async function openFolder(
  options: CreateGateOptions,
  identity: RunnerIdentity,
  { keys, trust, attestor, authentication, runtime }: Prepared,
): Promise<EvidenceFolderPort> {
  if (keys === undefined || trust === undefined || authentication === undefined) {
    throw new Error('the evidence folder is opened before keys, trust and authentication are known');
  }
  const { settings, environment, workspace, now, randomBytes, runFacts } = options;
  const other = await otherRuntime(options, runtime, { keys, authentication, trust: trust.evaluator });
  return openGateFolder({
    path: settings.evidenceDir,
    workspace,
    identity,
    keys,
    searcher: createSecretSearcher(secretsOf(environment, keys)),
    authenticator: authentication.authenticator,
    trust: trust.evaluator,
    rules: settings.rules,
    now,
    randomBytes,
    verifier: await programIdentity(options),
    attestor,
    ...(runFacts === undefined ? {} : { runFacts }),
    ...(other === undefined ? {} : { other }),
  });
}

/** Loads what runtimes of others need only where there is one. */
async function otherRuntime(
  options: CreateGateOptions,
  choice: RuntimeChoice,
  parts: OtherRuntimeParts,
): Promise<OtherRuntime | undefined> {
  if (choice.kind !== 'external' && choice.kind !== 'plain-daemon') return undefined;
  const { prepareOtherRuntime } = await import('./runtime/external-runtime.ts');
  return prepareOtherRuntime(options, choice, parts);
}

interface Prepared {
  readonly keys: RunKeys | undefined;
  readonly trust: LoadedTrust | undefined;
  readonly attestor: RunAttestor | undefined;
  readonly authentication: Authentication | undefined;
  readonly runtime: RuntimeChoice;
}

interface LoadedTrust {
  readonly evaluator: TrustPolicyEvaluator;
  /** Of the policy's file; undefined: there is none. */
  readonly sha256: string | undefined;
}

/** Reads the trust policy; adds what a reader should know of it to `notes`. */
export async function loadTrust({ settings, workspace }: CreateGateOptions, notes: string[]): Promise<LoadedTrust> {
  if (settings.trustPolicy === undefined) {
    notes.push('no trust policy was given: only this repository may pass, and no pull request');
    return { evaluator: createTrustPolicyEvaluator(undefined), sha256: undefined };
  }
  const { readTrustPolicyFile } = await import('../policy/trust-policy-file.ts');
  const { policy, sha256 } = await readTrustPolicyFile(resolve(workspace, settings.trustPolicy), {
    sha256: settings.trustPolicySha256,
  });
  return { evaluator: createTrustPolicyEvaluator(policy), sha256 };
}

/**
 * Gets what signs the checkpoint, and loads its code only where there is a key for it.
 *
 * @throws ConfigurationError CAVRA-E201 something is asked of a checkpoint, but there is no key to sign one
 */
export async function loadAttestor(
  options: CreateGateOptions,
  { attestation: { signing, trust } }: RunKeys,
  policy: Pick<LoadedTrust, 'sha256'>,
): Promise<RunAttestor | undefined> {
  const { settings, workspace, now } = options;
  if (signing === undefined) {
    if (settings.subjectPaths.length > 0 || settings.previousCheckpoint !== undefined) {
      const message = 'subject-path and previous-checkpoint need a key that signs checkpoints: CAVRA_ATTESTATION_KEY';
      throw new ConfigurationError('CAVRA-E201', message);
    }
    return undefined;
  }
  const { createAttestor } = await import('../seal/attestor.ts');
  return createAttestor({
    key: signing,
    trust,
    settings,
    workspace,
    policySha256: policy.sha256,
    verifier: await programIdentity(options),
    nowMs: now(),
  });
}

/** Who can edit the job can edit the gate: a pull request chooses nothing of what is trusted or expected (design.md section 4). */
export function refusePullRequestChoices({ settings, environment }: CreateGateOptions): void {
  const context = pullRequestContext(environment);
  const choices = GATE_SETTINGS.filter(({ role }) => role !== 'plain').map(({ name }) => name);
  const identity = Object.values(OVERRIDES)
    .filter((variable) => environment[variable])
    .map((variable) => ({ name: variable, pinned: false }));
  refuseTrustOverrides(context, [...trustOverrides(settings.given, choices), ...identity]);
}

/** Variables of the Go runtime's wrapper that move single files; here the folder is published whole, so they stay in it. */
const UPSTREAM_PATHS: Readonly<Record<string, string>> = {
  CAVRA_RUNTIME_EVIDENCE_LOG: 'release-governance-evidence.jsonl',
  CAVRA_RELEASE_GOVERNANCE_RESPONSE: 'release-governance-response.json',
  CAVRA_RUNNER_AUTH_CLAIMS: 'runner-auth-claims.json',
};

function refuseUpstreamPaths({ settings, environment, workspace }: CreateGateOptions, runtime: RuntimeChoice): void {
  const moved = Object.entries(UPSTREAM_PATHS).filter(([variable, file]) => {
    const path = environment[variable];
    // There it says where a daemon of others writes, and the folder gets a copy.
    if (runtime.kind === 'plain-daemon' && variable === 'CAVRA_RUNTIME_EVIDENCE_LOG') return false;
    return path && resolve(workspace, path) !== resolve(workspace, settings.evidenceDir, file);
  });
  if (moved.length > 0) {
    const names = moved.map(([variable]) => variable).join(' and ');
    throw new ConfigurationError(
      'CAVRA-E201',
      `${names} would move a file out of the evidence folder; set CAVRA_RELEASE_GOVERNANCE_EVIDENCE_DIR instead`,
    );
  }
}
