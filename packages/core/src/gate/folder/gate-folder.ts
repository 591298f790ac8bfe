import { join } from 'node:path';
import { RequestHandler } from '../../daemon/request-handler.ts';
import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import type { Checkpoint } from '../../domain/checkpoint/checkpoint.ts';
import { checkpointDetails } from '../../domain/checkpoint/details.ts';
import type { RulesMode } from '../../domain/decision/rules.ts';
import { worstDecision } from '../../domain/decision/worst.ts';
import {
  CHECKPOINT_FILE,
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
} from '../../domain/evidence/files.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { TrustPolicyEvaluator } from '../../domain/trust/trust-decision.ts';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
import { reportText, type VerificationReport, type VerifierIdentity } from '../../domain/verification/report.ts';
import type { DecisionResponse, RunnerIdentity } from '../../domain/wire/messages.ts';
import { removeCheckpoint, setCheckpointAside } from '../../io/evidence/checkpoint-file.ts';
import { continueOrSetAside } from '../../io/evidence/earlier-evidence.ts';
import { openEvidenceFolder } from '../../io/evidence/evidence-folder.ts';
import { openEvidence } from '../../io/evidence/evidence-reader.ts';
import { FolderWriter } from '../../io/evidence/folder-writer.ts';
import { guardedFolder } from '../../io/evidence/guarded-folder.ts';
import { readRecordedResponses } from '../../io/evidence/recorded-responses.ts';
import { type FileEvidenceRecorder, openEvidenceRecorder } from '../../io/stream/evidence-recorder.ts';
import type { Judgement } from '../../seal/attest.ts';
import type { RunAttestor } from '../../seal/attestor.ts';
import { verifyEvidence } from '../../verify/verify.ts';
import type { RunKeys } from '../authentication/run-keys.ts';
import type { AttestedEvidence, EvidenceFolderPort, GateOutcome } from '../run/gate.ts';
import { guardEvidence } from '../run/guard.ts';
import type { OtherRuntime } from '../runtime/external-runtime.ts';
import { PeopleReport } from './people-report.ts';

export interface GateFolderOptions {
  /** As configured. */
  readonly path: string;
  /** Absolute. */
  readonly workspace: string;
  readonly identity: RunnerIdentity;
  readonly keys: RunKeys;
  readonly searcher: SecretSearcher;
  readonly authenticator: RequestAuthenticator;
  readonly trust: TrustPolicyEvaluator;
  readonly rules: RulesMode;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** This program, for the report. */
  readonly verifier: VerifierIdentity;
  /** Signs a checkpoint over the evidence; undefined: there is no key for that. */
  readonly attestor: RunAttestor | undefined;
  readonly runFacts?: Readonly<Record<string, string>>;
  /** Who answers instead of the embedded daemon, and writes the stream. */
  readonly other?: OtherRuntime;
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
  readonly #files: FolderWriter;
  #recorder: FileEvidenceRecorder | undefined;
  /** Responses to earlier steps of the same job, whose stream is continued. */
  #earlier: readonly DecisionResponse[] = [];
  readonly #ownNotes: string[] = [];
  #report: VerificationReport | undefined;
  readonly #peopleReport: PeopleReport;

  constructor(options: GateFolderOptions, absolute: string) {
    this.path = options.path;
    this.#options = options;
    this.#absolute = absolute;
    this.#files = new FolderWriter(absolute);
    const { searcher, keys, verifier, now } = options;
    this.#peopleReport = new PeopleReport({
      folder: absolute,
      files: this.#files,
      searcher,
      keys: keys.evidenceVerification,
      verifier,
      now,
    });
  }

  get notes(): readonly string[] {
    return [...(this.#recorder?.notes ?? []), ...this.#ownNotes];
  }

  async openRuntime(): Promise<GovernanceRuntime> {
    const { other, keys, identity, searcher, now, randomBytes, authenticator, trust, rules } = this.#options;
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
    if (other !== undefined) {
      // The stream was made good to be continued; its next writer is the other one.
      await recorder.close();
      this.#ownNotes.push(other.note);
      return other.open(folder);
    }
    return new RequestHandler({ authenticator, trust, rules, recorder, now, randomBytes });
  }

  async writeClaims(identity: RunnerIdentity): Promise<void> {
    const { runFacts } = this.#options;
    this.#write(CLAIMS_FILE, claimsFileText(identity));
    if (runFacts !== undefined) this.#write(RUN_FILE, runFileText(runFacts));
  }

  async writeResponses(evaluations: readonly Evaluation[]): Promise<void> {
    const responses = [...this.#earlier, ...evaluations.map(({ response }) => response)];
    const worst = worstDecision(responses.map(({ decision }) => decision));
    const published = responses.find(({ decision }) => decision === worst);
    if (published === undefined) return;
    this.#write(RESPONSE_FILE, responseFileText(published));
    this.#write(RESPONSES_FILE, responsesFileText(responses));
  }

  async verify(): Promise<VerificationReport> {
    const { keys, now, verifier, attestor } = this.#options;
    // A checkpoint that is here is of an earlier step of this job: it is grown from, or set aside, but does not fit any more.
    const { checkpoint: earlier, ...source } = await openEvidence(this.#absolute);
    const observers = await closeOnFailure(source, async () => {
      if (earlier !== undefined && attestor === undefined)
        this.#ownNotes.push(await setCheckpointAside(this.#absolute));
      return attestor === undefined ? [] : [attestor.begin({ ...source, checkpoint: earlier })];
    });
    const { report } = await verifyEvidence(
      {
        path: this.#absolute,
        keys: keys.evidenceVerification,
        // Without a key nothing was signed; that is only possible outside of CI platforms, and the report says so.
        integrityOnly: keys.evidence === undefined,
        observers: [...observers, await this.#peopleReport.observer()],
      },
      { now, verifier, openEvidence: async () => ({ ...source, checkpoint: undefined }) },
    );
    // The published report must not tell where on this machine the folder was.
    return this.#publish({ ...report, path: join(this.path, report.path.slice(this.#absolute.length)) });
  }

  async attest(judgement: Judgement): Promise<AttestedEvidence | undefined> {
    const { attestor, identity, now } = this.#options;
    const report = this.#report;
    if (attestor === undefined || report?.valid !== true) return undefined;
    // One that could not be replaced must not stay: it may say more than is known now.
    if (report.checkpoint !== 'absent') await removeCheckpoint(this.#absolute);
    const { text, checkpoint } = attestor.attest(report, identity, judgement, now());
    this.#write(CHECKPOINT_FILE, text);
    const { keyId, statement } = checkpoint;
    const digests = statement.subjects.flatMap((subject) =>
      'sha256' in subject ? [[subject.name, subject.sha256] as const] : [],
    );
    return {
      file: CHECKPOINT_FILE,
      keyId,
      result: statement.result,
      digests: new Map(digests),
      report: await this.#publish(sealedReport(report, checkpoint)),
    };
  }

  async writeReport(outcome: GateOutcome): Promise<void> {
    await this.#peopleReport.write(outcome);
  }

  async guard() {
    return guardEvidence(guardedFolder(this.#absolute), this.#options.searcher);
  }

  async settle(): Promise<void> {
    await this.#files.settle();
  }

  /** Writes the report beside the evidence. */
  async #publish(report: VerificationReport): Promise<VerificationReport> {
    this.#report = report;
    this.#write(VERIFICATION_FILE, reportText(report));
    return report;
  }

  #write(name: string, text: string): void {
    this.#files.write(name, Buffer.from(text, 'utf8'));
  }
}

/** The report of evidence that was just sealed. */
function sealedReport(report: VerificationReport, checkpoint: Checkpoint): VerificationReport {
  return { ...report, checkpoint: 'valid', tail: 'sealed', checkpoint_details: checkpointDetails(checkpoint) };
}

async function closeOnFailure<T>({ close }: Pick<EvidenceSource, 'close'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await close();
    throw error;
  }
}
