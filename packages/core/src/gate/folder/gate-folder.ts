import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RequestHandler, type RequestHandlerDependencies } from '../../daemon/request-handler.ts';
import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RequestJudge } from '../../domain/approvals/judging/request-judge.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import type { Checkpoint } from '../../domain/checkpoint/checkpoint.ts';
import { checkpointDetails } from '../../domain/checkpoint/details.ts';
import type { RulesMode } from '../../domain/decision/rules.ts';
import { APPROVALS_FILE, CHECKPOINT_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { TrustPolicyEvaluator } from '../../domain/trust/trust-decision.ts';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
import type { VerificationReport, VerifierIdentity } from '../../domain/verification/report.ts';
import type { DecisionResponse, RunnerIdentity } from '../../domain/wire/messages.ts';
import { removeCheckpoint, setCheckpointAside } from '../../io/evidence/checkpoint-file.ts';
import { continueOrSetAside } from '../../io/evidence/earlier-evidence.ts';
import { openEvidence } from '../../io/evidence/evidence-reader.ts';
import { readRecordedResponses } from '../../io/evidence/recorded-responses.ts';
import { type FileEvidenceRecorder, openEvidenceRecorder } from '../../io/stream/evidence-recorder.ts';
import type { Judgement } from '../../seal/attest.ts';
import type { RunAttestor } from '../../seal/attestor.ts';
import { verifyEvidence } from '../../verify/verify.ts';
import type { RunKeys } from '../authentication/run-keys.ts';
import type { AttestedEvidence, EvidenceFolderPort, GateOutcome } from '../run/gate.ts';
import type { OtherRuntime } from '../runtime/external-runtime.ts';
import { PublishedFolder } from './published-folder.ts';

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
  /** Judges the approvals that the trust policy asks for; absent: it asks for none. */
  readonly approvals?: RequestJudge;
  readonly runFacts?: Readonly<Record<string, string>> | undefined;
  /** Who answers instead of the embedded daemon, and writes the stream. */
  readonly other?: OtherRuntime;
}

/** Opens the evidence folder of a run, with the embedded daemon as its runtime. */
export async function openGateFolder(options: GateFolderOptions): Promise<EvidenceFolderPort> {
  return new GateFolder(options, await PublishedFolder.open({ ...options, keys: options.keys.evidenceVerification }));
}

class GateFolder implements EvidenceFolderPort {
  readonly path: string;
  readonly #options: GateFolderOptions;
  readonly #published: PublishedFolder;
  #recorder: FileEvidenceRecorder | undefined;
  /** Responses to earlier steps of the same job, whose stream is continued. */
  #earlier: readonly DecisionResponse[] = [];
  readonly #ownNotes: string[] = [];
  #report: VerificationReport | undefined;

  constructor(options: GateFolderOptions, published: PublishedFolder) {
    this.path = options.path;
    this.#options = options;
    this.#published = published;
  }

  get notes(): readonly string[] {
    return [...(this.#recorder?.notes ?? []), ...this.#ownNotes];
  }

  async openRuntime(): Promise<GovernanceRuntime> {
    const { other, keys, identity, searcher, now, randomBytes, authenticator, trust, rules } = this.#options;
    const folder = this.#published.absolute;
    const recorder = await openEvidenceRecorder({
      folder,
      clock: now,
      randomBytes,
      searcher,
      ...(keys.evidence === undefined ? {} : { signingKey: keys.evidence }),
      beforeOpening: () => continueOrSetAside({ folder, identity, keys: keys.evidenceVerification }),
    });
    this.#recorder = recorder;
    const approvals = await closeOnFailure(recorder, () => this.#openApprovals());
    if (recorder.records > 0) this.#earlier = await readRecordedResponses(join(folder, STREAM_FILE));
    if (other !== undefined) {
      // The stream was made good to be continued; its next writer is the other one.
      await recorder.close();
      this.#ownNotes.push(other.note);
      return other.open(folder);
    }
    return new RequestHandler({ authenticator, trust, rules, recorder, now, randomBytes, ...approvals });
  }

  /** Makes good what an earlier step left, and opens the file where approvals are asked for; else its code is not even loaded. */
  async #openApprovals(): Promise<Pick<RequestHandlerDependencies, 'approvals'>> {
    const { approvals: judge, searcher } = this.#options;
    const folder = this.#published.absolute;
    if (judge === undefined && !existsSync(join(folder, APPROVALS_FILE))) return {};
    const { ApprovalsFile, repairApprovals } = await import('../../io/evidence/approvals-file.ts');
    this.#ownNotes.push(...(await repairApprovals(folder)));
    return judge === undefined ? {} : { approvals: { judge, file: new ApprovalsFile(folder, searcher) } };
  }

  async writeClaims(identity: RunnerIdentity): Promise<void> {
    this.#published.writeClaims(identity);
  }

  async writeResponses(evaluations: readonly Evaluation[]): Promise<void> {
    this.#published.writeResponses([...this.#earlier, ...evaluations.map(({ response }) => response)]);
  }

  async verify(): Promise<VerificationReport> {
    const { keys, now, verifier, attestor } = this.#options;
    // A checkpoint that is here is of an earlier step of this job: it is grown from, or set aside, but does not fit any more.
    const { checkpoint: earlier, ...source } = await openEvidence(this.#published.absolute);
    const observers = await closeOnFailure(source, async () => {
      if (earlier !== undefined && attestor === undefined)
        this.#ownNotes.push(await setCheckpointAside(this.#published.absolute));
      return attestor === undefined ? [] : [attestor.begin({ ...source, checkpoint: earlier })];
    });
    const { report } = await verifyEvidence(
      {
        path: this.#published.absolute,
        keys: keys.evidenceVerification,
        // Without a key nothing was signed; that is only possible outside of CI platforms, and the report says so.
        integrityOnly: keys.evidence === undefined,
        observers: [...observers, await this.#published.observer()],
      },
      { now, verifier, openEvidence: async () => ({ ...source, checkpoint: undefined }) },
    );
    // The published report must not tell where on this machine the folder was.
    return this.#publish({ ...report, path: join(this.path, report.path.slice(this.#published.absolute.length)) });
  }

  async attest(judgement: Judgement): Promise<AttestedEvidence | undefined> {
    const { attestor, identity, now } = this.#options;
    const report = this.#report;
    if (attestor === undefined || report?.valid !== true) return undefined;
    // One that could not be replaced must not stay: it may say more than is known now.
    if (report.checkpoint !== 'absent') await removeCheckpoint(this.#published.absolute);
    const { text, checkpoint } = attestor.attest(report, identity, judgement, now());
    this.#published.write(CHECKPOINT_FILE, text);
    const { keyId, statement } = checkpoint;
    const digests = statement.subjects.flatMap((subject) =>
      'sha256' in subject ? [[subject.name, subject.sha256] as const] : [],
    );
    return {
      file: CHECKPOINT_FILE,
      keyId,
      result: statement.result,
      digests: new Map(digests),
      report: this.#publish(sealedReport(report, checkpoint)),
    };
  }

  writeReport(outcome: GateOutcome): Promise<void> {
    return this.#published.writeReport(outcome);
  }

  guard() {
    return this.#published.guard();
  }

  settle(): Promise<void> {
    return this.#published.settle();
  }

  #publish(report: VerificationReport): VerificationReport {
    this.#report = this.#published.writeVerification(report);
    return report;
  }
}

/** The report of evidence that was just sealed. */
function sealedReport(report: VerificationReport, checkpoint: Checkpoint): VerificationReport {
  return { ...report, checkpoint: 'valid', tail: 'sealed', checkpoint_details: checkpointDetails(checkpoint) };
}

async function closeOnFailure<T>(opened: Pick<EvidenceSource, 'close'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await opened.close();
    throw error;
  }
}
