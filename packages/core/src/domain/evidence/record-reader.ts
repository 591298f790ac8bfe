import { Instant } from '../time/timestamp.ts';
import { EVIDENCE_EVENT_TYPE, EVIDENCE_PRODUCT, EVIDENCE_SCHEMA_VERSION } from '../wire/layout.ts';
import { type GrammarFault, RecordScanner } from './grammar.ts';
import { HASH_DIGITS, isLowerHex, RECORD_ID_DIGITS } from './lower-hex.ts';
import { SLOT } from './slots.ts';

export { SLOT };

/** JSON of the rule_id of a record whose runner's proof was not good (wire-format.md section 3). */
export const UNAUTHENTICATED_RULE: Uint8Array = Buffer.from('"runner_auth.invalid"');

/** A line whose bytes are canonical, but with a value that no record has. */
export interface ValueFault {
  readonly reason: 'value_not_allowed';
  readonly offset: number;
  readonly member: string;
}

export type RecordFault = GrammarFault | ValueFault;

const CONSTANTS: readonly (readonly [slot: number, member: string, json: Buffer])[] = [
  [SLOT.schemaVersion, 'schema_version', Buffer.from(JSON.stringify(EVIDENCE_SCHEMA_VERSION))],
  [SLOT.product, 'product', Buffer.from(JSON.stringify(EVIDENCE_PRODUCT))],
  [SLOT.eventType, 'event_type', Buffer.from(JSON.stringify(EVIDENCE_EVENT_TYPE))],
];

/** From the best to the worst. */
const DECISIONS = ['allow', 'require_approval', 'block'] as const;
const DECISIONS_JSON = DECISIONS.map((decision) => Buffer.from(JSON.stringify(decision)));

/** More than any stream has records, and exact as a number. */
const MAX_SEQUENCE_DIGITS = 15;

const MINUS = 0x2d;
const ZERO = 0x30;

/** Making the matcher's program costs as much as scanning this many lines. */
const MATCH_AFTER_LINES = 500;

/** Reads one line after the other: the grammar first, then the values that the format fixes. */
export class RecordReader {
  readonly scan = new RecordScanner();
  /** Time of the record read last. */
  readonly time = new Instant();
  #sequence = 0;
  #decision = 0;
  #recordHash: string | undefined;
  #previousHash: string | undefined;
  #linesToScan: number;

  /** @param matchAfter lines to scan before it is worth while to match; the outcome is the same for any number */
  constructor(matchAfter: number = MATCH_AFTER_LINES) {
    this.#linesToScan = matchAfter;
  }

  /**
   * @param line without its line end
   * @returns undefined when the line is a well-formed record; its hash, links and signature are not checked here
   */
  read(line: Uint8Array): RecordFault | undefined {
    this.#recordHash = undefined;
    this.#previousHash = undefined;
    if (this.#linesToScan > 0) {
      this.#linesToScan -= 1;
    } else if (this.scan.match(line)) {
      return this.#checkMatchedValues();
    }
    return this.scan.scan(line) ?? this.#checkValues();
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** `record_hash` as written; the empty string when absent. */
  get recordHash(): string {
    this.#recordHash ??= this.hexDigits(SLOT.recordHash);
    return this.#recordHash;
  }

  /** `previous_hash` as written; the empty string when absent. */
  get previousHash(): string {
    this.#previousHash ??= this.hexDigits(SLOT.previousHash);
    return this.#previousHash;
  }

  get decision(): (typeof DECISIONS)[number] {
    return DECISIONS[this.#decision] ?? 'block';
  }

  /** 0 allow, 1 require_approval, 2 block. */
  get decisionRank(): number {
    return this.#decision;
  }

  /** A string value that needs no decoding, without its quotes; the empty string when absent. */
  hexDigits(slot: number): string {
    return this.scan.raw(slot);
  }

  #checkValues(): ValueFault | undefined {
    for (const [slot, member, json] of CONSTANTS) {
      if (!this.scan.is(slot, json)) {
        return this.#fault(slot, member);
      }
    }
    if (!this.#isLowerHex(SLOT.recordId, RECORD_ID_DIGITS)) {
      return this.#fault(SLOT.recordId, 'record_id');
    }
    if (!this.#readSequence()) {
      return this.#fault(SLOT.sequence, 'sequence');
    }
    if (this.scan.has(SLOT.previousHash) && !this.#isLowerHex(SLOT.previousHash, HASH_DIGITS)) {
      return this.#fault(SLOT.previousHash, 'previous_hash');
    }
    if (this.scan.has(SLOT.recordHash) && !this.#isLowerHex(SLOT.recordHash, HASH_DIGITS)) {
      return this.#fault(SLOT.recordHash, 'record_hash');
    }
    return this.#checkMatchedValues();
  }

  /** What a match leaves open. */
  #checkMatchedValues(): ValueFault | undefined {
    if (!this.#readSequence()) {
      return this.#fault(SLOT.sequence, 'sequence');
    }
    if (!this.#readTime()) {
      return this.#fault(SLOT.timestamp, 'timestamp');
    }
    return this.#readDecision() ? undefined : this.#fault(SLOT.decision, 'response.decision');
  }

  #readTime(): boolean {
    return this.time.read(this.scan.line, this.scan.start(SLOT.timestamp) + 1, this.scan.end(SLOT.timestamp) - 1);
  }

  #readDecision(): boolean {
    for (let rank = 0; rank < DECISIONS_JSON.length; rank += 1) {
      if (this.scan.is(SLOT.decision, DECISIONS_JSON[rank] as Buffer)) {
        this.#decision = rank;
        return true;
      }
    }
    return false;
  }

  #readSequence(): boolean {
    const { line } = this.scan;
    const start = this.scan.start(SLOT.sequence);
    const end = this.scan.end(SLOT.sequence);
    if (end - start > MAX_SEQUENCE_DIGITS || line[start] === MINUS) {
      return false;
    }
    let value = 0;
    for (let at = start; at < end; at += 1) {
      value = value * 10 + (line[at] as number) - ZERO;
    }
    this.#sequence = value;
    return value >= 1;
  }

  #isLowerHex(slot: number, digits: number): boolean {
    const start = this.scan.start(slot) + 1;
    const end = this.scan.end(slot) - 1;
    return end - start === digits && isLowerHex(this.scan.line, start, end);
  }

  #fault(slot: number, member: string): ValueFault {
    // An absent member has no place; the record's first byte stands for it.
    return { reason: 'value_not_allowed', offset: Math.max(this.scan.start(slot), 0), member };
  }
}
