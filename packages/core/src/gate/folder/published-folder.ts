import { worstOf } from '../../domain/decision/worst.ts';
import {
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  RESPONSES_FILE,
  RUN_FILE,
  responseFileText,
  responsesFileText,
  runFileText,
  VERIFICATION_FILE,
} from '../../domain/evidence/files.ts';
import type { HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import type { Clock } from '../../domain/ports.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import { reportText, type VerificationReport, type VerifierIdentity } from '../../domain/verification/report.ts';
import type { RecordObserver } from '../../domain/verification/verifier.ts';
import type { DecisionResponse, RunnerIdentity } from '../../domain/wire/messages.ts';
import { openEvidenceFolder } from '../../io/evidence/evidence-folder.ts';
import { FolderWriter } from '../../io/evidence/folder-writer.ts';
import { guardedFolder } from '../../io/evidence/guarded-folder.ts';
import type { GateOutcome } from '../run/gate.ts';
import { type GuardResult, guardEvidence } from '../run/guard.ts';
import { PeopleReport } from './people-report.ts';

export interface PublishedFolderOptions {
  /** As configured. */
  readonly path: string;
  /** Absolute. */
  readonly workspace: string;
  readonly searcher: SecretSearcher;
  /** The keys that signatures are checked with. */
  readonly keys: readonly HmacVerificationKey[];
  /** This program, for the reports. */
  readonly verifier: VerifierIdentity;
  readonly now: Clock;
  /** What the front end says of itself. */
  readonly runFacts?: Readonly<Record<string, string>> | undefined;
}

/** The files beside the stream in the folder of a run, whoever writes the stream. */
export class PublishedFolder {
  /** As configured, for people. */
  readonly path: string;
  readonly absolute: string;
  readonly #options: PublishedFolderOptions;
  readonly #files: FolderWriter;
  readonly #peopleReport: PeopleReport;

  private constructor(options: PublishedFolderOptions, absolute: string) {
    const { path, searcher, keys, verifier, now } = options;
    this.path = path;
    this.absolute = absolute;
    this.#options = options;
    this.#files = new FolderWriter(absolute);
    this.#peopleReport = new PeopleReport({ folder: absolute, files: this.#files, searcher, keys, verifier, now });
  }

  /** @throws ConfigurationError CAVRA-E208 the folder cannot be used */
  static async open(options: PublishedFolderOptions): Promise<PublishedFolder> {
    const { path } = await openEvidenceFolder(options.path, { workspace: options.workspace });
    return new PublishedFolder(options, path);
  }

  writeClaims(identity: RunnerIdentity): void {
    const { runFacts } = this.#options;
    this.write(CLAIMS_FILE, claimsFileText(identity));
    if (runFacts !== undefined) this.write(RUN_FILE, runFileText(runFacts));
  }

  /** Writes the worst response, and all of them; nothing where there is none. */
  writeResponses(responses: readonly DecisionResponse[]): void {
    const published = worstOf(responses);
    if (published === undefined) return;
    this.write(RESPONSE_FILE, responseFileText(published));
    this.write(RESPONSES_FILE, responsesFileText(responses));
  }

  /** Writes the verification report; it is returned for whoever goes on with it. */
  writeVerification(report: VerificationReport): VerificationReport {
    this.write(VERIFICATION_FILE, reportText(report));
    return report;
  }

  /** Reads along while the stream is verified, for the report for people. */
  observer(): Promise<RecordObserver> {
    return this.#peopleReport.observer();
  }

  /** @throws SecretFoundError CAVRA-E602 the report would hold a secret */
  writeReport(outcome: GateOutcome): Promise<void> {
    return this.#peopleReport.write(outcome);
  }

  guard(): Promise<GuardResult> {
    return guardEvidence(guardedFolder(this.absolute), this.#options.searcher);
  }

  /** Returns once all that was written is durable. @throws RuntimeFailure CAVRA-E501 */
  settle(): Promise<void> {
    return this.#files.settle();
  }

  /** @throws RuntimeFailure CAVRA-E501 nothing was changed */
  write(name: string, text: string): void {
    this.#files.write(name, Buffer.from(text, 'utf8'));
  }
}
