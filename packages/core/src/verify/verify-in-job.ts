import type { Platform } from '../domain/identity/sources.ts';
import { OWN_RUN_MS } from '../domain/limits.ts';
import type { RandomBytes } from '../domain/ports.ts';
import { lazyHttpClient, type NetworkOptions, refuseUnverifiedTls } from '../io/http/network.ts';
import { expectationsOf, type VerifySettings } from '../settings/verify-settings.ts';
import { type CreateVerifierOptions, createVerifier } from './create-verifier.ts';
import { findOwnRun } from './own-run.ts';
import type { VerifyOutcome } from './verify.ts';

/** The job of a CI platform that verifies evidence, most often that of an earlier job of the same run. */
export interface VerifyInJobOptions extends Omit<CreateVerifierOptions, 'keyring' | 'publicKeys'> {
  /** The platform whose front end this is; no variable says otherwise. */
  readonly provider: Platform;
  readonly settings: VerifySettings;
  readonly randomBytes: RandomBytes;
  /** What the platform's agent is configured with, asked for where this job has to prove its run. */
  readonly network?: () => Promise<NetworkOptions>;
}

/**
 * Verifies evidence in a job of a CI platform: what the settings leave open, it must be of this run.
 *
 * @throws ConfigurationError CAVRA-E201 this run does not know what is expected of it; and what `findOwnRun` and `Verifier.verify` throw
 */
export async function verifyInJob({
  provider,
  settings,
  network,
  ...options
}: VerifyInJobOptions): Promise<VerifyOutcome> {
  const { environment, workingDirectory, now, randomBytes, version } = options;
  const reached = async () => {
    refuseUnverifiedTls(environment);
    const { loadNetwork } = await import('../io/network/load-network.ts');
    const { pullRequestContext } = await import('../domain/pull-request/context.ts');
    const { caCertificates } = settings.trust;
    const question = { environment, workspace: workingDirectory, isAdapter: true, caCertificates };
    return loadNetwork({ ...question, network: (await network?.()) ?? {} }, pullRequestContext(environment));
  };
  const http = lazyHttpClient(reached, { now, randomBytes, version });
  const deadline = now() + OWN_RUN_MS;
  const run = await findOwnRun({ provider, settings, environment, workingDirectory, http, deadline, now });
  const { path, keyring, publicKeys, subjects, against, integrityOnly } = settings;
  return createVerifier({ ...options, keyring, publicKeys }).verify({
    path,
    integrityOnly,
    subjects,
    against,
    expectations: expectationsOf(settings, run.identity),
    notes: run.notes,
  });
}
