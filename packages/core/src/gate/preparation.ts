import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { OVERRIDES } from '../domain/identity/sources.ts';
import { type PullRequestContext, pullRequestContext } from '../domain/pull-request/context.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { refuseUnverifiedTls } from '../io/http/network.ts';
import type { LoadedNetwork } from '../io/network/load-network.ts';
import { readInlineRequest, readRequestFiles } from '../request/request-files.ts';
import type { LoadedRequest } from '../request/requests.ts';
import type { RunAttestor } from '../seal/attestor.ts';
import { GATE_SETTINGS } from '../settings/gate-table.ts';
import type { AuthenticationPlan } from './authentication/plan.ts';
import { loadKeys, loadRunnerKey, type PreparedKeys } from './authentication/run-keys.ts';
import type { CreateGateOptions } from './run/gate-options.ts';
import { chooseRuntime, type RuntimeChoice } from './runtime/runtime-choice.ts';
import { type LoadedTrust, loadAttestor, loadTrust } from './trust.ts';

/**
 * What a run of the gate rests on, found out without a question to the network. The gate takes the steps in the order of
 * `PREPARATION_STEPS` and ends at the first that fails; `doctor` takes the same steps, and goes on. Each is taken once.
 */
export interface Preparation {
  /** The event of this job, where trust may not be chosen freely in it. */
  readonly context: PullRequestContext | undefined;
  /** @throws ConfigurationError CAVRA-E213 */
  tls(): Promise<void>;
  /** @throws ConfigurationError CAVRA-E210, CAVRA-E216, CAVRA-E218 the trust policy */
  trust(): Promise<LoadedTrust>;
  /** @throws ConfigurationError CAVRA-E212 this event may not choose what is trusted */
  choices(): Promise<void>;
  /** @throws ConfigurationError CAVRA-E241, CAVRA-E212, CAVRA-E218 the certificate authorities */
  network(): Promise<LoadedNetwork>;
  /** @throws ConfigurationError CAVRA-E223, CAVRA-E232, CAVRA-E234 who answers; CAVRA-E201 a file would be moved out of the folder */
  runtime(): Promise<RuntimeChoice>;
  /** The keys of this run; behind a resident daemon the runner's alone. @throws ConfigurationError as `loadKeys` */
  keys(): Promise<PreparedKeys>;
  /** @throws ConfigurationError CAVRA-E201, CAVRA-E222 what signs the checkpoint */
  attestor(): Promise<RunAttestor | undefined>;
  /** @throws ConfigurationError CAVRA-E202 to CAVRA-E205 */
  requests(): Promise<readonly LoadedRequest[]>;
  /** @throws AuthenticationError CAVRA-E302 */
  identity(): Promise<RunnerIdentity>;
  /** @throws ConfigurationError CAVRA-E201, CAVRA-E211, CAVRA-E216 */
  authentication(): Promise<AuthenticationPlan>;
}

/** In the order of the gate. */
export const PREPARATION_STEPS = [
  'tls',
  'trust',
  'choices',
  'network',
  'runtime',
  'keys',
  'attestor',
  'requests',
  'identity',
  'authentication',
] as const satisfies readonly (keyof Preparation)[];

export type PreparationStep = (typeof PREPARATION_STEPS)[number];

/** Says how a run would be prepared; nothing is done before a step is taken. */
export function prepareRun(options: CreateGateOptions): Preparation {
  const { environment, settings } = options;
  const context = pullRequestContext(environment);
  const self: Preparation = {
    context,
    tls: once(async () => refuseUnverifiedTls(environment)),
    trust: once(() => loadTrust(options, context)),
    choices: once(async () => refuseChoices(options, context, await self.trust())),
    network: once(async () => {
      const { loadNetwork } = await import('../io/network/load-network.ts');
      return loadNetwork({ ...options, caCertificates: settings.caCertificates }, context);
    }),
    runtime: once(async () => {
      const runtime = await chooseRuntime(options);
      refuseUpstreamPaths(options, runtime);
      refuseKeysOfDaemon(options, runtime);
      return runtime;
    }),
    keys: once(async (): Promise<PreparedKeys> => {
      if ((await self.runtime()).kind === 'daemon') return { kind: 'runner', runner: await loadRunnerKey(options) };
      return { kind: 'run', keys: await loadKeys(options) };
    }),
    attestor: once(async () => {
      const keys = await self.keys();
      return keys.kind === 'run' ? loadAttestor(options, keys.keys, await self.trust()) : undefined;
    }),
    requests: once(async () => {
      const { requestJson, requests } = settings;
      return requestJson === undefined
        ? readRequestFiles(requests, options.workspace)
        : [readInlineRequest(requestJson)];
    }),
    identity: once(async () => readIdentity(environment)),
    authentication: once(async () => {
      const { planAuthentication } = await import('./authentication/plan.ts');
      const [{ kind }, identity] = [await self.runtime(), await self.identity()];
      return planAuthentication({ ...options, identity, context, isDaemons: kind === 'daemon', keys: self.keys });
    }),
  };
  return self;
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** In an event that is not on the list, nothing of what is trusted or expected is chosen by the job, unless a digest pins it. */
async function refuseChoices(
  { settings, environment }: CreateGateOptions,
  context: PullRequestContext | undefined,
  { policy }: LoadedTrust,
): Promise<void> {
  if (context === undefined) return;
  const { issuerOfEveryRule, refuseTrustOverrides, trustOverrides } = await import(
    '../domain/pull-request/overrides.ts'
  );
  const isPinned = settings.trustPolicySha256 !== undefined || settings.pinned.has('trust-policy');
  const issuer = isPinned && policy !== undefined ? issuerOfEveryRule(policy) : undefined;
  const choices = trustOverrides(
    settings,
    // Which authorities a job may add is a question to the file system: see `readAuthorities`.
    GATE_SETTINGS.filter(({ role, kind }) => role !== 'plain' && kind !== 'authorities'),
  ).map((each) => (each.name === 'issuer' ? { ...each, pinned: issuer === settings.issuer } : each));
  const identity = Object.values(OVERRIDES)
    // To name the platform that this is anyway overrides nothing.
    .filter((variable) => environment[variable] && environment[variable] !== context.platform)
    .map((name) => ({ name, pinned: false, isFile: false }));
  refuseTrustOverrides(context, [...choices, ...identity]);
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

function refuseKeysOfDaemon({ ephemeralKeys }: CreateGateOptions, { kind }: RuntimeChoice): void {
  if (kind !== 'daemon' || ephemeralKeys !== true) return;
  const message = '--ephemeral-keys and socket exclude each other: the daemon has the keys';
  throw new ConfigurationError('CAVRA-E201', message);
}
