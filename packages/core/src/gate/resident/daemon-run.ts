import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import { createSecretSearcher } from '../../domain/secrets/searcher.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import { DaemonClient } from '../../io/socket/daemon-client.ts';
import { programIdentity } from '../../verify/program-identity.ts';
import type { AuthenticationPlan } from '../authentication/plan.ts';
import { type NotedProver, type ProverOptions, proverOf } from '../authentication/provers.ts';
import type { PreparedKeys } from '../authentication/run-keys.ts';
import { secretsOf } from '../authentication/run-secrets.ts';
import type { EvidenceFolderPort } from '../run/gate.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';
import type { RuntimeChoice } from '../runtime/runtime-choice.ts';
import { openSocketFolder } from './socket-folder.ts';

/** A run of the gate that a resident daemon answers: the job proves who it is, and holds neither evidence key nor trust of its own. */
export interface DaemonRun {
  openProver(plan: AuthenticationPlan): Promise<RunnerProver>;
  /** @param asked `before`: by an earlier process of this run; only what is recorded is taken */
  openFolder(identity: RunnerIdentity, asked?: 'before'): Promise<EvidenceFolderPort>;
  readonly notes: readonly string[];
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
  preparation: { keys(): Promise<PreparedKeys> },
  proving: ProverOptions,
): Promise<DaemonRun> {
  const { settings, environment, workspace, now, randomBytes, runFacts } = options;
  const keys = await preparation.keys();
  if (keys.kind !== 'runner') throw new Error('a resident daemon has the keys of a run');
  const { runner } = keys;
  const runnerKey = runner.signing;
  const client = new DaemonClient({ path: socket, publicKeys, now, randomBytes });
  let chosen: NotedProver | undefined;
  return {
    async openProver(plan) {
      // Its name is believed because its key is pinned; nothing is proven to anybody before that.
      const { daemon } = await client.hello();
      chosen = await proverOf(plan, proving, { audience: daemon.name, form: 'v2' });
      return chosen.prover;
    },
    async openFolder(identity, asked) {
      if (chosen === undefined) throw new Error('the evidence folder is opened before it is known how to prove');
      return openSocketFolder({
        path: settings.evidenceDir,
        workspace,
        identity,
        client,
        prover: chosen.prover,
        searcher: createSecretSearcher(
          secretsOf(environment, { runner: runnerKey, runnerVerification: runner.verification }),
        ),
        now,
        verifier: await programIdentity(options),
        recovers: asked === 'before',
        ...(runFacts === undefined ? {} : { runFacts }),
      });
    },
    get notes() {
      const idle = environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY'] ? [NEEDLESS_KEY] : [];
      return [...idle, ...runner.notes, ...(chosen?.notes ?? [])];
    },
  };
}
