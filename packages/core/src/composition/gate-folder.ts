import { join } from 'node:path';
import type { EvidenceFolderPort } from '../app/gate.ts';
import { guardEvidence } from '../app/guard.ts';
import type { Authenticator, Clock, Evaluation, RandomBytes, TrustPolicyEvaluator } from '../app/ports.ts';
import { verifyEvidence } from '../app/verify.ts';
import { RequestHandler } from '../daemon/handler.ts';
import type { RulesMode } from '../domain/decision/rules.ts';
import { worstDecision } from '../domain/decision/worst.ts';
import {
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  RESPONSES_FILE,
  RUN_FILE,
  responseFileText,
  responsesFileText,
  runFileText,
  STREAM_FILE,
  VERIFICATION_FILE,
} from '../domain/evidence/files.ts';
import { reportText } from '../domain/evidence/report.ts';
import type { SecretSearcher } from '../domain/secrets/searcher.ts';
import type { DecisionResponse, RunnerIdentity } from '../domain/wire/types.ts';
import { writeFileDurably } from '../io/durable-file.ts';
import { continueOrSetAside } from '../io/earlier-evidence.ts';
import { openEvidenceFolder } from '../io/evidence-folder.ts';
import { openEvidence } from '../io/evidence-reader.ts';
import { type FileEvidenceRecorder, openEvidenceRecorder } from '../io/evidence-recorder.ts';
import { guardedFolder } from '../io/guarded-folder.ts';
import { readRecordedResponses } from '../io/recorded-responses.ts';
import type { RunKeys } from './keys.ts';
import { verifierIdentity } from './verifier.ts';

export interface GateFolderOptions {
  /** As configured. */
  readonly path: string;
  /** Absolute. */
  readonly workspace: string;
  readonly identity: RunnerIdentity;
  readonly keys: RunKeys;
  readonly searcher: SecretSearcher;
  readonly authenticator: Authenticator;
  readonly trust: TrustPolicyEvaluator;
  readonly rules: RulesMode;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  readonly runFacts?: Readonly<Record<string, string>>;
}

/** Opens the evidence folder of a run, with the embedded daemon as its runtime. */
export async function openGateFolder(options: GateFolderOptions): Promise<EvidenceFolderPort> {
  const folder = await openEvidenceFolder(options.path, { workspace: options.workspace });
  return new GateFolder(options, folder.path);
}

class GateFolder implements EvidenceFolderPort {
  readonly path: string;
  readonly #options: GateFolderOptions;
  readonly #absolute: string;
  #recorder: FileEvidenceRecorder | undefined;
  /** Responses to earlier steps of the same job, whose stream is continued. */
  #earlier: readonly DecisionResponse[] = [];

  constructor(options: GateFolderOptions, absolute: string) {
    this.path = options.path;
    this.#options = options;
    this.#absolute = absolute;
  }

  get notes(): readonly string[] {
    return this.#recorder?.notes ?? [];
  }

  async openRuntime(): Promise<RequestHandler> {
    const { keys, identity, searcher, now, randomBytes, authenticator, trust, rules } = this.#options;
    const folder = this.#absolute;
    const recorder = await openEvidenceRecorder({
      folder,
      clock: now,
      randomBytes,
      searcher,
      ...(keys.evidence === undefined ? {} : { signingKey: keys.evidence }),
      beforeOpening: () => continueOrSetAside({ folder, identity, keys: keys.evidenceVerification }),
    });
    this.#recorder = recorder;
    if (recorder.records > 0) this.#earlier = await readRecordedResponses(join(folder, STREAM_FILE));
    return new RequestHandler({ authenticator, trust, rules, recorder, now, randomBytes });
  }

  async writeClaims(identity: RunnerIdentity): Promise<void> {
    const { runFacts } = this.#options;
    await this.#write(CLAIMS_FILE, claimsFileText(identity));
    if (runFacts !== undefined) await this.#write(RUN_FILE, runFileText(runFacts));
  }

  async writeResponses(evaluations: readonly Evaluation[]): Promise<void> {
    const responses = [...this.#earlier, ...evaluations.map(({ response }) => response)];
    const worst = worstDecision(responses.map(({ decision }) => decision));
    const published = responses.find(({ decision }) => decision === worst);
    if (published === undefined) return;
    await this.#write(RESPONSE_FILE, responseFileText(published));
    await this.#write(RESPONSES_FILE, responsesFileText(responses));
  }

  async verify() {
    const { keys, now, version } = this.#options;
    const { report } = await verifyEvidence(
      {
        path: this.#absolute,
        keys: keys.evidenceVerification,
        // Without a key nothing was signed; that is only possible outside of CI platforms, and the report says so.
        integrityOnly: keys.evidence === undefined,
      },
      { now, verifier: verifierIdentity(version), openEvidence },
    );
    // The published report must not tell where on this machine the folder was.
    const published = { ...report, path: join(this.path, report.path.slice(this.#absolute.length)) };
    await this.#write(VERIFICATION_FILE, reportText(published));
    return published;
  }

  async guard() {
    return guardEvidence(guardedFolder(this.#absolute), this.#options.searcher);
  }

  async #write(name: string, text: string): Promise<void> {
    await writeFileDurably(this.#absolute, name, Buffer.from(text, 'utf8'));
  }
}
