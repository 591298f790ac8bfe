import { join } from 'node:path';
import { RequestHandler } from '../../daemon/request-handler.ts';
import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import type { AttestationTrust, Checkpoint } from '../../domain/checkpoint/checkpoint.ts';
import { checkpointDetails } from '../../domain/checkpoint/details.ts';
import type { RulesMode } from '../../domain/decision/rules.ts';
import type { CavraError } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import { RecordList } from '../../domain/outcome/records.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { TrustPolicyEvaluator } from '../../domain/trust/trust-decision.ts';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
import type { VerificationReport, VerifierIdentity } from '../../domain/verification/report.ts';
import type { DecisionResponse, RunnerIdentity } from '../../domain/wire/messages.ts';
import { setCheckpointAside } from '../../io/evidence/checkpoint-file.ts';
import { continueOrSetAside } from '../../io/evidence/earlier-evidence.ts';
import { openEvidence } from '../../io/evidence/evidence-reader.ts';
import { settlePending } from '../../io/evidence/pending-file.ts';
import { readRecordedResponses } from '../../io/evidence/recorded-responses.ts';
import { type FileEvidenceRecorder, openEvidenceRecorder } from '../../io/stream/evidence-recorder.ts';
import type { Judgement } from '../../seal/attest.ts';
import type { RunAttestor } from '../../seal/attestor.ts';
import type { RunKeys } from '../authentication/run-keys.ts';
import type { Conclusion, EvidenceFolderPort, GateOutcome } from '../run/gate.ts';
import type { OutcomeFacts } from '../run/outcome-line.ts';
import type { OtherRuntime } from '../runtime/external-runtime.ts';
import type { SignedCheckpoint } from './conclusion.ts';
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
  readonly runFacts?: Readonly<Record<string, string>> | undefined;
  /** An earlier process of this run was stopped, and this one ends it. */
  readonly recovers?: boolean;
  /** Who answers instead of the embedded daemon, and writes the stream. */
  readonly other?: OtherRuntime;
}

/** Opens the evidence folder of a run, with the embedded daemon as its runtime. */
export async function openGateFolder(options: GateFolderOptions): Promise<GateFolder> {
  return new GateFolder(options, await PublishedFolder.open({ ...options, keys: options.keys.evidenceVerification }));
}

/** The evidence folder of a run that writes its own stream. */
export class GateFolder implements EvidenceFolderPort {
  readonly path: string;
  readonly #options: GateFolderOptions;
  readonly #published: PublishedFolder;
  #recorder: FileEvidenceRecorder | undefined;
  /** Responses to earlier steps of the same job, whose stream is continued. */
  #earlier: readonly DecisionResponse[] = [];
  readonly #ownNotes: string[] = [];
  #report: VerificationReport | undefined;
  /** Records that were there when this run began. */
  #before = 0;
  #list = new RecordList();

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
      beforeOpening: async () => {
        await settlePending(folder);
        return continueOrSetAside({ folder, identity, keys: keys.evidenceVerification });
      },
    });
    this.#recorder = recorder;
    this.#before = recorder.records;
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
    this.#published.writeClaims(identity);
  }

  async writeResponses(evaluations: readonly Evaluation[]): Promise<void> {
    this.#published.writeResponses([...this.#earlier, ...evaluations.map(({ response }) => response)]);
  }

  async verify(): Promise<VerificationReport> {
    const { keys, now, verifier, attestor } = this.#options;
    // A checkpoint that is here is of an earlier step of this job: it is grown from, or set aside, but does not fit any more.
    // Nor do the outcomes: this run adds its own when it ends.
    const { checkpoint: earlier, ...opened } = await openEvidence(this.#published.absolute);
    const source = { ...opened, sideFiles: withoutOutcome(opened) };
    this.#list = new RecordList();
    const observers = await closeOnFailure(source, async () => {
      if (earlier !== undefined && attestor === undefined)
        this.#ownNotes.push(await setCheckpointAside(this.#published.absolute));
      return attestor === undefined ? [] : [attestor.begin({ ...source, checkpoint: earlier })];
    });
    const { verifyEvidence } = await import('../../verify/verify.ts');
    const { report } = await verifyEvidence(
      {
        path: this.#published.absolute,
        keys: keys.evidenceVerification,
        // Without a key nothing was signed; that is only possible outside of CI platforms, and the report says so.
        integrityOnly: keys.evidence === undefined,
        observers: [...observers, this.#list, await this.#published.observer()],
      },
      { now, verifier, openEvidence: async () => ({ ...source, checkpoint: undefined }) },
    );
    return this.#publish(this.#asPublished(report));
  }

  /** Verifies what is published, outcomes and checkpoint included, and writes the report beside it. */
  async verifyAsPublished(trust: readonly AttestationTrust[]): Promise<VerificationReport> {
    const { keys, now, verifier } = this.#options;
    const { verifyEvidence } = await import('../../verify/verify.ts');
    const { report } = await verifyEvidence(
      {
        path: this.#published.absolute,
        keys: keys.evidenceVerification,
        integrityOnly: keys.evidence === undefined,
        checkpoint: { trust, required: false, against: [], subjects: [] },
        observers: [await this.#published.observer()],
      },
      { now, verifier, openEvidence },
    );
    return this.#publish(this.#asPublished(report));
  }

  async conclude(facts: OutcomeFacts, failure: CavraError | undefined): Promise<Conclusion> {
    const { searcher, keys, verifier } = this.#options;
    const { concludeFolder } = await import('./conclusion.ts');
    const concluded = await concludeFolder(
      {
        folder: this.#published.absolute,
        searcher,
        key: keys.evidence,
        verificationKeys: keys.evidenceVerification,
        verifier,
        report: this.#report,
        records: this.#list.records,
        before: this.#before,
        recovers: this.#options.recovers === true,
        seal: (passes, outcomeSha256) => this.#seal({ passes, runner: facts.runner, outcomeSha256 }),
      },
      facts,
      failure,
    );
    const { checkpoint, passes } = concluded;
    const report = checkpoint?.report ?? this.#report;
    if (report === undefined) return concluded;
    const told = this.#publish({ ...report, outcome: passes ? 'pass' : 'fail' });
    return { ...concluded, ...(checkpoint === undefined ? {} : { checkpoint: { ...checkpoint, report: told } }) };
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

  #seal(judgement: Judgement): SignedCheckpoint | undefined {
    const { attestor, identity, now } = this.#options;
    const report = this.#report;
    if (attestor === undefined || report?.valid !== true) return undefined;
    const { text, checkpoint } = attestor.attest(report, identity, judgement, now());
    const { keyId, statement } = checkpoint;
    const digests = statement.subjects.flatMap((subject) =>
      'sha256' in subject ? [[subject.name, subject.sha256] as const] : [],
    );
    const { result } = statement;
    const sealed = sealedReport(report, checkpoint);
    return { text, evidence: { file: CHECKPOINT_FILE, keyId, result, digests: new Map(digests), report: sealed } };
  }

  /** The published report must not tell where on this machine the folder was. */
  #asPublished(report: VerificationReport): VerificationReport {
    return { ...report, path: join(this.path, report.path.slice(this.#published.absolute.length)) };
  }

  #publish(report: VerificationReport): VerificationReport {
    this.#report = this.#published.writeVerification(report);
    return report;
  }
}

function withoutOutcome({ sideFiles }: Pick<EvidenceSource, 'sideFiles'>): EvidenceSource['sideFiles'] {
  return sideFiles === undefined ? undefined : { ...sideFiles, outcome: undefined };
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
