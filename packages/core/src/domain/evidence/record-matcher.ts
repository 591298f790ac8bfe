import { EVIDENCE_EVENT_TYPE, EVIDENCE_PRODUCT, EVIDENCE_SCHEMA_VERSION } from '../wire/layout.ts';
import { recordPieces } from './record-pattern.ts';
import { type MemberRanges, NOWHERE, SLOT, SLOT_COUNT } from './slots.ts';

/** Longer lines are left to the scanner: matching a long value takes memory. */
export const MAX_MATCHED_BYTES = 16 * 1024;

/** Slots whose ranges a match gives. */
export const MATCHED_SLOTS: Readonly<Uint8Array> = Uint8Array.from({ length: SLOT_COUNT }, (_, slot) =>
  (Object.values(SLOT) as readonly number[]).includes(slot) ? 1 : 0,
);

const SCHEMA_VERSION = JSON.stringify(EVIDENCE_SCHEMA_VERSION);
const PRODUCT = JSON.stringify(EVIDENCE_PRODUCT);
const EVENT_TYPE = JSON.stringify(EVIDENCE_EVENT_TYPE);
const ALGORITHM = '"HMAC-SHA256"';
const RECORD_ID_LENGTH = '""'.length + 24;
const HASH_LENGTH = '""'.length + 64;

// Where the members stand whose place the format fixes, and what stands between those that move.
const SCHEMA_VERSION_AT = '{"schema_version":'.length;
const PRODUCT_AT = SCHEMA_VERSION_AT + SCHEMA_VERSION.length + ',"product":'.length;
const EVENT_TYPE_AT = PRODUCT_AT + PRODUCT.length + ',"event_type":'.length;
const RECORD_ID_AT = EVENT_TYPE_AT + EVENT_TYPE.length + ',"record_id":'.length;
const SEQUENCE_AT = RECORD_ID_AT + RECORD_ID_LENGTH + ',"sequence":'.length;
const BEFORE_PREVIOUS_HASH = ',"previous_hash":'.length;
const BEFORE_RECORD_HASH = ',"record_hash":'.length;
const BEFORE_TIMESTAMP = ',"timestamp":'.length;
const BEFORE_IDENTITY = '{"identity":'.length;
const BEFORE_RESPONSE = ',"response":'.length;
const BEFORE_DECISION = ',"decision":'.length;
const BEFORE_SIGNATURE = ',"signature":'.length;
const BEFORE_ALGORITHM = '{"algorithm":'.length;
const BEFORE_KEY_ID = ',"key_id":'.length;
const BEFORE_VALUE = ',"value":'.length;

const COMMA = 0x2c;
const COLON = 0x3a;
const LETTER_K = 0x6b;
const LETTER_P = 0x70;

type Pieces = Readonly<Record<keyof ReturnType<typeof recordPieces>, RegExp>>;

let compiled: Pieces | undefined;

/** Each use sets where it starts, so all readers can share them. */
function compiledPieces(): Pieces {
  compiled ??= Object.fromEntries(
    Object.entries(recordPieces()).map(([name, source]) => [name, new RegExp(source, 'y')]),
  ) as Pieces;
  return compiled;
}

/** Reads lines by the expressions of `record-pattern.ts`. */
export class RecordMatcher {
  readonly #pieces = compiledPieces();
  #line = '';
  /** Where the piece matched last ended. */
  #at = 0;

  /**
   * @param line a whole line decoded as latin1
   * @param ranges takes the places of MATCHED_SLOTS; they mean nothing when the line does not match
   * @returns whether the line is a record, but for its time; false says nothing about it
   */
  match(line: string, ranges: MemberRanges): boolean {
    this.#line = line;
    this.#at = 0;
    return (
      this.#matchHead(ranges) && this.#matchRunner(ranges) && this.#matchResponse(ranges) && this.#matchEnd(ranges)
    );
  }

  #matchHead(ranges: MemberRanges): boolean {
    if (!this.#take(this.#pieces.head)) {
      return false;
    }
    placeHead(this.#line, ranges);
    return true;
  }

  #matchRunner(ranges: MemberRanges): boolean {
    const { identity, behindIdentity, withoutRunner } = this.#pieces;
    const start = this.#at;
    if (this.#line.charCodeAt(start - 1) !== COLON) {
      ranges.set(SLOT.runnerAuth, NOWHERE, NOWHERE);
      ranges.set(SLOT.identity, NOWHERE, NOWHERE);
      return this.#take(withoutRunner);
    }
    if (!this.#take(identity)) {
      return false;
    }
    ranges.set(SLOT.identity, start, this.#at);
    if (!this.#take(behindIdentity)) {
      return false;
    }
    ranges.set(SLOT.runnerAuth, start - BEFORE_IDENTITY, this.#at - BEFORE_RESPONSE - 1);
    return true;
  }

  #matchResponse(ranges: MemberRanges): boolean {
    const { beforeRule, rule, decision } = this.#pieces;
    const start = this.#at;
    if (!this.#take(beforeRule)) {
      return false;
    }
    const ruleAt = this.#at;
    if (!this.#take(rule)) {
      return false;
    }
    const decisionAt = this.#at;
    if (!this.#take(decision)) {
      return false;
    }
    ranges.set(SLOT.ruleId, ruleAt, decisionAt - BEFORE_DECISION);
    ranges.set(SLOT.decision, decisionAt, behindQuote(this.#line, decisionAt + 1));
    ranges.set(SLOT.response, start, this.#at);
    return true;
  }

  #matchEnd(ranges: MemberRanges): boolean {
    const start = this.#at;
    if (!this.#take(this.#pieces.end)) {
      return false;
    }
    placeSignature(this.#line, start, ranges);
    return true;
  }

  #take(piece: RegExp): boolean {
    piece.lastIndex = this.#at;
    const isMatch = piece.test(this.#line);
    this.#at = piece.lastIndex;
    return isMatch;
  }
}

function placeHead(line: string, ranges: MemberRanges): void {
  ranges.set(SLOT.schemaVersion, SCHEMA_VERSION_AT, SCHEMA_VERSION_AT + SCHEMA_VERSION.length);
  ranges.set(SLOT.product, PRODUCT_AT, PRODUCT_AT + PRODUCT.length);
  ranges.set(SLOT.eventType, EVENT_TYPE_AT, EVENT_TYPE_AT + EVENT_TYPE.length);
  ranges.set(SLOT.recordId, RECORD_ID_AT, RECORD_ID_AT + RECORD_ID_LENGTH);
  const sequenceEnd = line.indexOf(',', SEQUENCE_AT);
  ranges.set(SLOT.sequence, SEQUENCE_AT, sequenceEnd);
  const timeAt = placeHashes(line, sequenceEnd, ranges) + BEFORE_TIMESTAMP;
  ranges.set(SLOT.timestamp, timeAt, behindQuote(line, timeAt + 1));
}

/** Returns where the hashes end. */
function placeHashes(line: string, start: number, ranges: MemberRanges): number {
  let at = start;
  if (line.charCodeAt(at + 2) === LETTER_P) {
    at += BEFORE_PREVIOUS_HASH;
    ranges.set(SLOT.previousHash, at, at + HASH_LENGTH);
    at += HASH_LENGTH;
  } else {
    ranges.set(SLOT.previousHash, NOWHERE, NOWHERE);
  }
  at += BEFORE_RECORD_HASH;
  ranges.set(SLOT.recordHash, at, at + HASH_LENGTH);
  return at + HASH_LENGTH;
}

/** @param responseEnd where either the record ends or `,"signature":` stands */
function placeSignature(line: string, responseEnd: number, ranges: MemberRanges): void {
  if (line.charCodeAt(responseEnd) !== COMMA) {
    for (const slot of [SLOT.signature, SLOT.signatureAlgorithm, SLOT.signatureKeyId, SLOT.signatureValue]) {
      ranges.set(slot, NOWHERE, NOWHERE);
    }
    return;
  }
  const start = responseEnd + BEFORE_SIGNATURE;
  const end = line.length - 1;
  const valueAt = end - 1 - HASH_LENGTH;
  const algorithmAt = start + BEFORE_ALGORITHM;
  const algorithmEnd = algorithmAt + ALGORITHM.length;
  ranges.set(SLOT.signature, start, end);
  ranges.set(SLOT.signatureAlgorithm, algorithmAt, algorithmEnd);
  ranges.set(SLOT.signatureValue, valueAt, end - 1);
  if (line.charCodeAt(algorithmEnd + 2) === LETTER_K) {
    ranges.set(SLOT.signatureKeyId, algorithmEnd + BEFORE_KEY_ID, valueAt - BEFORE_VALUE);
  } else {
    ranges.set(SLOT.signatureKeyId, NOWHERE, NOWHERE);
  }
}

function behindQuote(line: string, from: number): number {
  return line.indexOf('"', from) + 1;
}
