import { type RecordReader, SLOT } from '../evidence/record-reader.ts';
import type { FindingPlace } from '../verification/findings.ts';
import type { RecordObserver } from '../verification/verifier.ts';
import type { Decision } from '../wire/messages.ts';

/** What an outcome says of a record. */
export interface RecordFacts {
  /** Of the record in the stream, from 1. */
  readonly number: number;
  readonly recordId: string;
  readonly decision: Decision;
  readonly ruleId: string;
}

export function recordFacts({ scan, decision }: RecordReader, { record }: FindingPlace): RecordFacts {
  return { number: record, recordId: scan.raw(SLOT.recordId), decision, ruleId: scan.text(SLOT.ruleId) };
}

/** Lists the records that somebody asked for, while the stream of a run is verified. */
export class RecordList implements RecordObserver {
  readonly records: RecordFacts[] = [];

  record(record: RecordReader, place: FindingPlace): void {
    if (!record.isNobodys) this.records.push(recordFacts(record, place));
  }

  finish(): void {}
}
