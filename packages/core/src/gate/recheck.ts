import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { openEvidenceFolder } from '../io/evidence/evidence-folder.ts';
import { openEvidence } from '../io/evidence/evidence-reader.ts';
import { guardedFolder } from '../io/evidence/guarded-folder.ts';
import { programIdentity } from '../verify/create-verifier.ts';
import { verifyEvidence } from '../verify/verify.ts';
import { loadKeys, loadRunnerKey } from './authentication/run-keys.ts';
import { secretsOf } from './authentication/run-secrets.ts';
import type { GateOutcome } from './run/gate.ts';
import type { CreateGateOptions } from './run/gate-options.ts';
import { guardEvidence } from './run/guard.ts';
import { chooseRuntime } from './runtime/runtime-choice.ts';

/** Evidence as it is now, and what of it may be published. */
export interface RecheckedEvidence extends Pick<GateOutcome, 'evidenceDir' | 'guard'> {
  readonly report: NonNullable<GateOutcome['report']>;
}

/**
 * Looks once more at the evidence of a gate that had finished, but could not be published then: verifies the stream and searches
 * everything for secrets, since other steps of the job may have touched it. Nothing is written: report and checkpoint stay those of the
 * gate.
 *
 * @returns undefined when there is none
 * @throws CavraError when the folder or the keys cannot be used: then nothing may be published
 */
export async function recheckEvidence(options: CreateGateOptions): Promise<RecheckedEvidence | undefined> {
  const { settings, workspace, now } = options;
  const found = await lstat(resolve(workspace, settings.evidenceDir)).catch(() => undefined);
  if (found?.isDirectory() !== true) return undefined;
  const { verification, secrets } = await keysOf(options);
  const { path } = await openEvidenceFolder(settings.evidenceDir, { workspace });
  const { report } = await verifyEvidence(
    { path, keys: verification, integrityOnly: verification.length === 0 },
    { now, verifier: await programIdentity(options), openEvidence },
  );
  const guard = await guardEvidence(guardedFolder(path), createSecretSearcher(secrets));
  return { evidenceDir: settings.evidenceDir, report, guard };
}

interface RecheckKeys {
  /** None where a resident daemon has the evidence key: what can be seen without it is looked at, as the gate did. */
  readonly verification: readonly HmacVerificationKey[];
  readonly secrets: ReturnType<typeof secretsOf>;
}

async function keysOf(options: CreateGateOptions): Promise<RecheckKeys> {
  const { environment } = options;
  if ((await chooseRuntime(options)).kind === 'daemon') {
    const runner = await loadRunnerKey(options);
    const attestation = { signing: undefined, trust: [], secrets: [] };
    return { verification: [], secrets: secretsOf(environment, { evidence: undefined, runner, attestation }) };
  }
  const keys = await loadKeys(options);
  const verification = keys.evidence === undefined ? [] : keys.evidenceVerification;
  return { verification, secrets: secretsOf(environment, keys) };
}
