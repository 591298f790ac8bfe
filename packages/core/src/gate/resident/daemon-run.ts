import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { createSecretSearcher } from '../../domain/secrets/searcher.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import type { HttpClient } from '../../io/http/http-client.ts';
import { DaemonClient } from '../../io/socket/daemon-client.ts';
import { configuredSecrets } from '../../settings/credentials.ts';
import { programIdentity } from '../../verify/create-verifier.ts';
import { chooseProver, type NotedProver } from '../authentication/provers.ts';
import { loadRunnerKey } from '../authentication/run-keys.ts';
import type { EvidenceFolderPort } from '../run/gate.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';
import type { RuntimeChoice } from '../runtime/runtime-choice.ts';
import { openSocketFolder } from './socket-folder.ts';

/** A run of the gate that a resident daemon answers: the job proves who it is, and holds neither evidence key nor trust of its own. */
export interface DaemonRun {
  openProver(identity: RunnerIdentity): Promise<RunnerProver>;
  /** @param asked `before`: by an earlier process of this run; only what is recorded is taken */
  openFolder(identity: RunnerIdentity, asked?: 'before'): Promise<EvidenceFolderPort>;
  readonly notes: readonly string[];
}

/** How the run reaches the network, for its token. */
export interface DaemonRunNetwork {
  readonly http: () => Promise<HttpClient>;
  /** Unix ms by which the run ends. */
  readonly deadline: number;
}

export const NEEDLESS_KEY =
  'this job holds an evidence key (CAVRA_DAEMON_EVIDENCE_HMAC_KEY) that it does not need: take it away, the daemon signs';

/**
 * Gets ready to ask a resident daemon.
 *
 * @throws ConfigurationError CAVRA-E207 the runner key is too short, CAVRA-E209 the keyring
 */
export async function openDaemonRun(
  options: CreateGateOptions,
  { socket, publicKeys }: RuntimeChoice & { kind: 'daemon' },
  { http, deadline }: DaemonRunNetwork,
): Promise<DaemonRun> {
  const { settings, environment, workspace, now, randomBytes, runFacts, azureServiceConnection } = options;
  if (options.ephemeralKeys === true) {
    throw new ConfigurationError(
      'CAVRA-E201',
      '--ephemeral-keys and socket exclude each other: the daemon has the keys',
    );
  }
  const runnerKey = await loadRunnerKey(options);
  const client = new DaemonClient({ path: socket, publicKeys, now, randomBytes });
  let chosen: NotedProver | undefined;
  return {
    async openProver(identity) {
      // Its name is believed because its key is pinned; nothing is proven to anybody before that.
      const { daemon } = await client.hello();
      const proving = { settings, environment, identity, runnerKey, http, deadline, now, randomBytes };
      chosen = await chooseProver({ ...proving, serviceConnectionId: azureServiceConnection }, daemon.name);
      return chosen.prover;
    },
    async openFolder(identity, asked) {
      if (chosen === undefined) throw new Error('the evidence folder is opened before it is known how to prove');
      const secrets = runnerKey === undefined ? [] : [{ name: 'the runner key', value: runnerKey.secret }];
      return openSocketFolder({
        path: settings.evidenceDir,
        workspace,
        identity,
        client,
        prover: chosen.prover,
        searcher: createSecretSearcher([...configuredSecrets(environment), ...secrets]),
        now,
        verifier: await programIdentity(options),
        recovers: asked === 'before',
        ...(runFacts === undefined ? {} : { runFacts }),
      });
    },
    get notes() {
      const idle = environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY'] ? [NEEDLESS_KEY] : [];
      return [...idle, ...(chosen?.notes ?? [])];
    },
  };
}
