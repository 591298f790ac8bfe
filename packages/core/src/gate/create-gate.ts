import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { lazyHttpClient } from '../io/http/network.ts';
import type { LoadedNetwork } from '../io/network/load-network.ts';
import type { LoadedRequest } from '../request/requests.ts';
import { programIdentity } from '../verify/program-identity.ts';
import { type Authentication, openAuthentication } from './authentication/authentication.ts';
import type { RunKeys } from './authentication/run-keys.ts';
import { secretsOf } from './authentication/run-secrets.ts';
import { openGateFolder } from './folder/gate-folder.ts';
import { PREPARATION_STEPS, type Preparation, prepareRun } from './preparation.ts';
import type { DaemonRun } from './resident/daemon-run.ts';
import { withinDeadline } from './run/deadline.ts';
import { type EvidenceFolderPort, type GateOutcome, type GateParts, runGate } from './run/gate.ts';
import { type CreateGateOptions, NETWORK_SHARE } from './run/gate-options.ts';
import type { OtherRuntime, OtherRuntimeParts } from './runtime/external-runtime.ts';
import type { RuntimeChoice } from './runtime/runtime-choice.ts';
import { trustFacts } from './trust.ts';

export interface Gate {
  /** Runs the gate once. Never throws for what a user or a liar can cause: every outcome is in the result. */
  run(): Promise<GateOutcome>;
}

/** Puts the gate together from the parts of this machine (docs/decisions/0011-features.md). */
export function createGate(options: CreateGateOptions): Gate {
  return { run: () => runGate(gateParts(options)) };
}

function gateParts(options: CreateGateOptions): GateParts {
  const { settings, environment, now, randomBytes, version } = options;
  const budget = settings.timeoutSeconds * 1000;
  // A silent server must give its own diagnosis before the run's deadline gives a general one.
  const deadline = now() + budget * NETWORK_SHARE;
  const preparation = prepareRun(options);
  let network: LoadedNetwork | undefined;
  const reached = async () => {
    network = await preparation.network();
    return network;
  };
  const http = lazyHttpClient(reached, { now, randomBytes, version });
  const proving = {
    environment,
    http,
    deadline,
    now,
    randomBytes,
    serviceConnectionId: options.azureServiceConnection,
  };
  let authentication: Authentication | undefined;
  let daemon: DaemonRun | undefined;
  let policySha256: string | undefined;
  const notes: string[] = [];

  return {
    settings,
    now,
    workspace: options.workspace,
    withinDeadline: (work) => withinDeadline(budget, work),

    async loadRequests() {
      const requests = await takeSteps(preparation, notes);
      policySha256 = (await preparation.trust()).sha256;
      const runtime = await preparation.runtime();
      if (runtime.kind === 'daemon') {
        const { openDaemonRun } = await import('./resident/daemon-run.ts');
        daemon = await openDaemonRun(options, runtime, preparation, proving);
      }
      return requests;
    },

    identify: () => preparation.identity(),

    async openProver() {
      const plan = await preparation.authentication();
      if (daemon !== undefined) return daemon.openProver(plan);
      const { runnerVerification } = await runKeys(preparation);
      const { kind } = await preparation.runtime();
      // Programs of others know no other form.
      const form = kind === 'embedded' ? 'v2' : 'v1';
      authentication = await openAuthentication(plan, { ...proving, runnerKeys: runnerVerification }, form);
      return authentication.prover;
    },

    openFolder: (identity) =>
      daemon?.openFolder(identity) ?? openFolder(options, identity, preparation, authentication),

    notes: () => [...notes, ...(network?.notes ?? []), ...(authentication?.notes ?? []), ...(daemon?.notes ?? [])],
    network: () => network?.facts ?? NOBODY_ASKED,
    trust: () => trustFacts(settings, policySha256),
  };
}

const NOBODY_ASKED = { proxy: null, ca_certificates_sha256: null };

/** Takes the steps that come before the identity, in their order. */
async function takeSteps(preparation: Preparation, notes: string[]): Promise<readonly LoadedRequest[]> {
  for (const step of PREPARATION_STEPS.slice(0, PREPARATION_STEPS.indexOf('requests'))) await preparation[step]();
  const keys = await preparation.keys();
  if (keys.kind === 'run') notes.push(...keys.keys.notes, ...(await preparation.trust()).notes);
  return preparation.requests();
}

async function runKeys(preparation: Preparation): Promise<RunKeys> {
  const keys = await preparation.keys();
  if (keys.kind === 'run') return keys.keys;
  throw new Error('a job behind a resident daemon has no keys of a run');
}

/** Opens the folder for what the steps before it have prepared. */
async function openFolder(
  options: CreateGateOptions,
  identity: RunnerIdentity,
  preparation: Preparation,
  authentication: Authentication | undefined,
): Promise<EvidenceFolderPort> {
  if (authentication === undefined) throw new Error('the evidence folder is opened before it is known how to prove');
  const { settings, environment, workspace, now, randomBytes, runFacts } = options;
  const keys = await runKeys(preparation);
  const { evaluator: trust } = await preparation.trust();
  const other = await otherRuntime(options, await preparation.runtime(), { keys, authentication, trust });
  return openGateFolder({
    path: settings.evidenceDir,
    workspace,
    identity,
    keys,
    searcher: createSecretSearcher(secretsOf(environment, keys)),
    authenticator: authentication.authenticator,
    trust,
    rules: settings.rules,
    now,
    randomBytes,
    verifier: await programIdentity(options),
    attestor: await preparation.attestor(),
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
