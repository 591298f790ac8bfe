import { createHash, createHmac } from 'node:crypto';
import type { HmacSigningKey } from '../keys/hmac-keys.ts';
import { encodeStruct } from '../wire/encode.ts';
import { EVIDENCE_EVENT_TYPE, EVIDENCE_PRODUCT, EVIDENCE_RECORD, EVIDENCE_SCHEMA_VERSION } from '../wire/layout.ts';
import type { DecisionResponse, EvaluateRequest, EvidenceRecord } from '../wire/messages.ts';

export const RECORD_SIGNATURE_ALGORITHM = 'HMAC-SHA256';

/** What a record says, before it is hashed and signed. Tokens and secrets have been redacted already. */
export interface UnsealedRecord {
  /** 24 lower-case hex digits, unique in the stream. */
  readonly recordId: string;
  /** Counts from 1. */
  readonly sequence: bigint;
  /** `record_hash` of the record before; the empty string on the first. */
  readonly previousHash: string;
  /** As `formatTimestamp` writes it. */
  readonly timestamp: string;
  readonly request: EvaluateRequest;
  readonly response: DecisionResponse;
}

export interface SealedRecord {
  /** The record's line without its LF. */
  readonly line: string;
  readonly record: EvidenceRecord;
}

/**
 * Hashes, links and signs one record (wire-format.md section 5).
 *
 * @param signingKey without it the record stays unsigned
 * @throws RuntimeFailure CAVRA-E599 a member cannot be encoded
 */
export function sealRecord(unsealed: UnsealedRecord, signingKey?: HmacSigningKey): SealedRecord {
  const body = {
    schema_version: EVIDENCE_SCHEMA_VERSION,
    product: EVIDENCE_PRODUCT,
    event_type: EVIDENCE_EVENT_TYPE,
    record_id: unsealed.recordId,
    sequence: unsealed.sequence,
    ...(unsealed.previousHash === '' ? {} : { previous_hash: unsealed.previousHash }),
    timestamp: unsealed.timestamp,
    request: unsealed.request,
    response: unsealed.response,
  };
  const recordHash = createHash('sha256').update(encodeStruct(EVIDENCE_RECORD, body)).digest('hex');
  const record: EvidenceRecord = {
    ...body,
    record_hash: recordHash,
    ...(signingKey === undefined
      ? {}
      : {
          signature: {
            algorithm: RECORD_SIGNATURE_ALGORITHM,
            ...(signingKey.id === '' ? {} : { key_id: signingKey.id }),
            value: recordMac(signingKey.secret, unsealed.previousHash, recordHash).toString('hex'),
          },
        }),
  };
  return { line: encodeStruct(EVIDENCE_RECORD, record), record };
}

/** HMAC-SHA256 over schema version, previous hash and record hash, one a line (section 5); 32 bytes. */
export function recordMac(secret: Uint8Array, previousHash: string, recordHash: string): Buffer {
  return createHmac('sha256', secret).update(`${EVIDENCE_SCHEMA_VERSION}\n${previousHash}\n${recordHash}`).digest();
}
