import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { GateOutcome } from '../app/gate.ts';
import { createRunnerAuthenticator } from '../domain/auth/runner-authenticator.ts';
import { RuntimeFailure } from '../domain/diagnosis.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import { type CreateGateOptions, secretsOf } from './gate.ts';
import { openGateFolder } from './gate-folder.ts';
import { loadKeys } from './keys.ts';

/**
 * Makes the evidence that a cancelled or crashed gate left ready to be published: sets a torn last line aside, verifies the stream, writes
 * the report and searches everything for secrets, as the gate itself would have done. Nothing is decided any more.
 *
 * @returns an outcome that fails with CAVRA-E507 and has report and guard; undefined when this run left no evidence. Evidence of another
 *   run is set aside as the gate does it
 * @throws CavraError when the folder or the keys cannot be used: then nothing may be published
 */
export async function recoverEvidence(options: CreateGateOptions): Promise<GateOutcome | undefined> {
  const { settings, environment, workspace, now, randomBytes, version } = options;
  if (!(await isFolder(resolve(workspace, settings.evidenceDir)))) return undefined;
  const keys = await loadKeys(options);
  const identity = readIdentity(environment);
  const folder = await openGateFolder({
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
    version,
  });
  // Opening the stream as its only writer looks after what the gate left: see `continueOrSetAside`.
  const runtime = await folder.openRuntime();
  await runtime.close();
  const report = await folder.verify();
  if (report.records === 0) return undefined;
  return {
    settings,
    failure: new RuntimeFailure('CAVRA-E507', 'it was cancelled, or its process was killed'),
    identity,
    decisions: [],
    evidenceDir: folder.path,
    report,
    guard: await folder.guard(),
    notes: folder.notes,
    timings: {},
  };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
