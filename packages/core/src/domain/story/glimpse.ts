import { Buffer } from 'node:buffer';
import type { RecordReader } from '../evidence/record-reader.ts';
import { MAX_REPORT_TEXT } from '../limits.ts';
import { shortened } from '../text/printable.ts';
import type { FindingPlace } from '../verification/findings.ts';
import type { EvidenceRecord, RunnerIdentity } from '../wire/messages.ts';
import type { RecordGlimpse } from './stream-shape.ts';

/** The members of a record that the story looks at, as plain data. */
export interface RecordData
  extends Pick<EvidenceRecord, 'timestamp' | 'record_hash' | 'previous_hash' | 'response' | 'signature'> {
  readonly request: {
    readonly actor?: string;
    readonly requested_operation?: string;
    readonly target?: string;
    readonly release_governance?: Readonly<Record<string, unknown>>;
    readonly runner_auth?: {
      readonly identity: RunnerIdentity;
      readonly algorithm?: string;
      readonly key_id?: string;
    };
  };
}

/** @param line of a record that was held against the grammar, so that it is an object without duplicate members */
export function readRecord(line: Uint8Array): RecordData {
  return JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8')) as RecordData;
}

/** Longer lines are read at once: their bytes are not worth keeping. */
const MAX_KEPT_LINE_BYTES = 64 * 1024;

/** A look at a record, which few of the records that it is asked for are ever given: so it copies now and reads later. */
export function deferredGlimpse(record: RecordReader, place: FindingPlace): () => RecordGlimpse {
  const { line } = record.scan;
  const timeMs = record.time.epochMilliseconds;
  if (line.length > MAX_KEPT_LINE_BYTES) {
    const glimpse = glimpseOf(line, place, timeMs);
    return () => glimpse;
  }
  const copy = Buffer.from(line);
  return () => glimpseOf(copy, place, timeMs);
}

function glimpseOf(line: Uint8Array, { record, line: lineNumber }: FindingPlace, timeMs: number): RecordGlimpse {
  const { timestamp, record_hash: hash, previous_hash: previous, request, response, signature } = readRecord(line);
  const governance = request.release_governance ?? {};
  return {
    record,
    line: lineNumber,
    time: timestamp,
    timeMs,
    decision: response.decision,
    ruleId: cut(response.rule_id),
    severity: cut(response.severity),
    reason: cut(response.reason),
    decisionId: cut(response.decision_id),
    recordHash: hash ?? '',
    previousHash: previous ?? '',
    keyId: signature === undefined ? undefined : cut(signature.key_id),
    question: {
      actor: cut(request.actor),
      operation: cut(request.requested_operation),
      target: cut(request.target),
      kind: cut(governance['metadata_kind']),
      version: cut(governance['release_version']),
      channel: cut(governance['release_channel']),
      approvalId: cut(governance['approval_id']),
    },
  };
}

/** A text of a record as a report may hold it: not longer than people read. */
export function cut(text: unknown): string {
  return typeof text === 'string' ? shortened(text, MAX_REPORT_TEXT) : '';
}
