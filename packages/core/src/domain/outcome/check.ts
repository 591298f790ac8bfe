import { OUTCOME_FILE } from '../evidence/files.ts';
import type { RecordReader } from '../evidence/record-reader.ts';
import type { HmacVerificationKey } from '../keys/hmac-keys.ts';
import { type FindingList, type FindingPlace, NO_PLACE } from '../verification/findings.ts';
import { outcomeOfSeal } from '../verification/outcome-verdict.ts';
import type { CheckpointReport, OutcomeVerdict } from '../verification/report.ts';
import type { RecordObserver, StreamSummary } from '../verification/verifier.ts';
import type { Outcome, OutcomeRequest } from './outcome.ts';
import { OutcomeError, readOutcomes } from './read.ts';
import { type RecordFacts, recordFacts } from './records.ts';
import { signatureFault } from './signature.ts';

/**
 * Holds the outcomes of a folder against its stream: every record is claimed by one line, in the order of the stream, and each line says
 * where the stream ended. So a line that was cut off, swapped or repeated is found.
 */
export class OutcomeCheck implements RecordObserver {
  /** Undefined: there is none that can be read. */
  readonly outcomes: readonly Outcome[] | undefined;
  readonly #problem: string | undefined;
  readonly #claimed: readonly OutcomeRequest[];
  readonly #heads = new Map<number, string>();
  #records = 0;
  #answered = 0;
  #stranger: FindingPlace | undefined;

  /** @param bytes of the file; undefined: there is none */
  constructor(bytes: Uint8Array | undefined) {
    const read = bytes === undefined ? {} : attempt(bytes);
    this.outcomes = read.outcomes;
    this.#problem = read.problem;
    this.#claimed = (read.outcomes ?? []).flatMap(({ requests }) =>
      requests.filter(({ record_id: id }) => id !== null),
    );
    for (const { stream } of read.outcomes ?? []) if (stream !== null) this.#heads.set(stream.records, '');
  }

  record(record: RecordReader, place: FindingPlace): void {
    this.#records += 1;
    if (this.#heads.has(this.#records)) this.#heads.set(this.#records, record.recordHash);
    if (record.isNobodys) return;
    const claim = this.#claimed[this.#answered];
    this.#answered += 1;
    if (claim === undefined || !isOf(claim, recordFacts(record, place))) this.#stranger ??= place;
  }

  finish(): void {}

  /**
   * Adds what is wrong to the findings. Called once, after the last record.
   *
   * @param keys evidence keys; with any, each line must be signed, unless a checkpoint of a trusted key seals it
   */
  conclude(
    findings: FindingList,
    summary: Pick<StreamSummary, 'records' | 'streamId'>,
    keys: readonly HmacVerificationKey[],
    seal: CheckpointReport | undefined,
  ): OutcomeVerdict {
    if (this.#problem !== undefined) {
      findings.add('outcome_unreadable', NO_PLACE, `${OUTCOME_FILE} cannot be read: ${this.#problem}`);
      return 'unknown';
    }
    if (this.outcomes === undefined) return outcomeOfSeal(seal);
    this.#concludeStream(findings, summary);
    for (const [index, outcome] of this.outcomes.entries()) {
      const contradiction = contradictionIn(outcome);
      if (contradiction !== undefined) mismatch(findings, `line ${index + 1} ${contradiction}`);
      const fault = keys.length === 0 ? undefined : signatureFault(outcome, keys, seal?.checkpoint === 'valid');
      if (fault !== undefined)
        findings.add(fault.code, NO_PLACE, `line ${index + 1} of ${OUTCOME_FILE} ${fault.message}`);
    }
    const verdict = this.outcomes.every((outcome) => outcome.verdict === 'pass') ? 'pass' : 'fail';
    if (seal?.details?.result === 'PASSED' && verdict === 'fail') {
      mismatch(findings, 'it says that a run failed, and the checkpoint says PASSED');
    }
    return verdict;
  }

  #concludeStream(findings: FindingList, { records, streamId }: Pick<StreamSummary, 'records' | 'streamId'>): void {
    if (this.#stranger !== undefined) {
      const message = `the record is not the one that ${OUTCOME_FILE} names here`;
      findings.add('outcome_mismatch', this.#stranger, message);
    } else if (this.#answered < this.#claimed.length) {
      mismatch(findings, `it names ${this.#claimed.length} records, and the stream has ${this.#answered} of them`);
    }
    let before = 0;
    for (const [index, { stream }] of (this.outcomes ?? []).entries()) {
      if (stream === null) continue;
      const wrong =
        stream.id !== streamId ||
        stream.first_sequence !== 1 ||
        stream.previous_hash !== null ||
        stream.records < before ||
        this.#heads.get(stream.records) !== stream.head_hash;
      if (wrong) mismatch(findings, `line ${index + 1} says of another stream than this one where it ended`);
      before = stream.records;
    }
    if (before !== records) mismatch(findings, `it speaks of ${before} records, and the stream has ${records}`);
  }
}

/** Whether a request of an outcome was answered by a record. */
export function isOf(request: OutcomeRequest, { recordId, decision, ruleId }: RecordFacts): boolean {
  return request.record_id === recordId && request.decision === decision && request.rule_id === ruleId;
}

function attempt(bytes: Uint8Array): { readonly outcomes?: readonly Outcome[]; readonly problem?: string } {
  try {
    return { outcomes: readOutcomes(bytes) };
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    return { problem: error.message };
  }
}

/** What a line says that it also denies. */
function contradictionIn({
  verdict,
  exit_status: status,
  diagnosis,
  requests,
  runner,
  stream,
}: Outcome): string | undefined {
  if (status > 6) return `has the exit status ${status}`;
  if ((verdict === 'pass') !== (status === 0)) return `says ${verdict} with the exit status ${status}`;
  if ((verdict === 'pass') !== (diagnosis === null))
    return `says ${verdict} ${diagnosis === null ? 'without' : 'with'} a diagnosis`;
  const lacking = requests.find(
    ({ record_id: id, decision, rule_id: rule, met }) => id === null && (decision !== null || rule !== null || met),
  );
  if (lacking !== undefined) return 'has a decision without a record';
  if (verdict === 'fail') return undefined;
  if (requests.length === 0 || !requests.every(({ met }) => met)) return 'says pass, and a request is not met';
  return runner.method === 'none' || stream === null ? 'says pass, and nobody was authenticated' : undefined;
}

function mismatch(findings: FindingList, message: string): void {
  findings.add('outcome_mismatch', NO_PLACE, `${OUTCOME_FILE}: ${message}`);
}
