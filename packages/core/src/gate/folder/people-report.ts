import { SecretFoundError } from '../../domain/diagnosis.ts';
import { REPORT_FILE } from '../../domain/evidence/files.ts';
import type { HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { StreamStoryteller } from '../../domain/story/stream-story.ts';
import type { VerifierIdentity } from '../../domain/verification/report.ts';
import type { RecordObserver } from '../../domain/verification/verifier.ts';
import type { FolderWriter } from '../../io/evidence/folder-writer.ts';
import { removeFile } from '../../io/files/durable-file.ts';
import { namedPeriods } from '../../verify/key-periods.ts';
import { gateResult } from '../result/gate-result.ts';
import type { GateOutcome } from '../run/gate.ts';

export interface PeopleReportOptions {
  /** Absolute. */
  readonly folder: string;
  /** Of this folder; who owns it makes it durable. */
  readonly files: FolderWriter;
  readonly searcher: SecretSearcher;
  /** The keys that signatures were checked with. */
  readonly keys: readonly HmacVerificationKey[];
  readonly verifier: VerifierIdentity;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Writes `release-governance-report.html` of a run. What it is made with is loaded only then, after the decision. */
export class PeopleReport {
  readonly #options: PeopleReportOptions;
  #storyteller: StreamStoryteller | undefined;

  constructor(options: PeopleReportOptions) {
    this.#options = options;
  }

  /** Reads along while the stream is verified; the report tells of the stream that was verified last. */
  async observer(): Promise<RecordObserver> {
    const { StreamStoryteller } = await import('../../domain/story/stream-story.ts');
    this.#storyteller = new StreamStoryteller();
    return this.#storyteller;
  }

  /**
   * Writes the report in place of the one before, which says nothing of this run any more.
   *
   * @throws SecretFoundError CAVRA-E602 a text of the report holds a secret: HTML spells some signs otherwise, so it is not enough to
   *   search the file
   * @throws RuntimeFailure CAVRA-E501
   */
  async write(outcome: GateOutcome): Promise<void> {
    const { folder, files } = this.#options;
    try {
      files.write(REPORT_FILE, Buffer.from(await this.#page(outcome), 'utf8'));
    } catch (error) {
      // The one before may say the opposite.
      await removeFile(folder, REPORT_FILE);
      throw error;
    }
  }

  async #page(outcome: GateOutcome): Promise<string> {
    const { searcher, keys, verifier, now } = this.#options;
    const { reportModel } = await import('../../report/report-model.ts');
    const model = reportModel({
      gate: gateResult(outcome),
      verification: outcome.report,
      story: outcome.report === undefined ? undefined : this.#storyteller?.story(),
      keys: namedPeriods(keys),
      now: now(),
      generator: verifier,
    });
    if (searcher.find(Buffer.from(JSON.stringify(model))).length > 0) {
      throw new SecretFoundError(
        'CAVRA-E602',
        `a secret was found in what ${REPORT_FILE} would say; it was not written`,
      );
    }
    const { reportHtml } = await import('../../report/html/page.ts');
    return reportHtml(model);
  }
}
