import type { DecisionResponse, EvaluateRequest, EvidenceRecord } from '../wire/messages.ts';

/** Appends to one evidence stream; the only writer of it. */
export interface EvidenceRecorder {
  /** Records in the stream so far. */
  readonly records: number;
  /** `record_hash` of the last record, or the empty string. */
  readonly headHash: string;
  /**
   * Adds one record and returns only once it is durable on disk. The recorder chooses record id (unless given), sequence, links and time, adds its
   * own `go-daemon-evidence://<record_id>` to the response's `evidence_refs`, hashes and signs.
   *
   * @param recordId 24 hex digits, where something was written before that refers to the record
   * @throws RuntimeFailure E501 not written (the stream stays valid), E503 stream removed or replaced, E505 too large
   * @throws SecretFoundError E601 the encoded line holds a configured secret
   */
  append(request: EvaluateRequest, response: DecisionResponse, recordId?: string): Promise<EvidenceRecord>;
  close(): Promise<void>;
}
