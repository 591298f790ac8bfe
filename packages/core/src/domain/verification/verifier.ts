import { recordHash } from '../evidence/record-hash.ts';
import { type RecordFault, RecordReader } from '../evidence/record-reader.ts';
import { MAX_RECORD_BYTES } from '../limits.ts';
import { Instant, type InstantParts } from '../time/timestamp.ts';
import { Chain, type ChainFault } from './chain.ts';
import { type FindingCode, FindingList, type FindingPlace, NO_PLACE } from './findings.ts';
import { type KeyUse, SignatureChecker, type SignaturePolicy, type SignedPart } from './signatures.ts';

/** Where a line stands in its stream. */
export interface LinePlace {
  /** From 1. */
  readonly line: number;
  /** Byte offset of its first byte. */
  readonly offset: number;
  /** Whether a line end follows it. */
  readonly terminated: boolean;
}

/** Looks at every record that could be read, for a question of its own. */
export interface RecordObserver {
  /** @param record valid only during the call */
  record(record: RecordReader, place: FindingPlace): void;
  /** Called once after the last record. */
  finish(findings: FindingList, summary: StreamSummary): void;
  /** What it has seen of a part of a stream, as plain data. Without it, it wants to see every record itself. */
  takePart?(): unknown;
  /**
   * Goes on behind a part of which an observer of the same kind has seen the records.
   *
   * @param part what that one's `takePart` gave
   * @param before records, lines and bytes before the part, to be added to its places
   */
  joinPart?(part: unknown, before: FindingPlace): void;
}

export interface StreamVerifierOptions {
  readonly signatures: SignaturePolicy;
  readonly observers?: readonly RecordObserver[];
  /** See RecordReader; the outcome is the same for any number. */
  readonly matchAfter?: number;
  /** Where the first line stands; `unknown`: somewhere in a stream, behind any record. */
  readonly start?: 'beginning' | 'unknown';
}

/** Whole lines of a stream, verified apart from what is before them and without any finding. Plain data, to be sent between threads. */
export interface VerifiedPart {
  readonly records: number;
  readonly firstSequence: number;
  readonly firstPreviousHash: string;
  readonly firstHash: string;
  readonly firstTime: InstantParts;
  readonly lastSequence: number;
  readonly lastHash: string;
  readonly lastTime: InstantParts;
  readonly signatures: SignedPart;
  /** What each observer has seen. */
  readonly observations: readonly unknown[];
}

/** What a stream holds, apart from what is wrong with it. */
export interface StreamSummary {
  /** Lines that are a record or should have been one. */
  readonly records: number;
  readonly signedRecords: number;
  /** `record_hash` of record 1; empty when it could not be read. */
  readonly streamId: string;
  /** `record_hash` of the last record that could be read. */
  readonly headHash: string;
  /** Time of the first and last record that could be read; undefined when there is none. */
  readonly first: Instant | undefined;
  readonly last: Instant | undefined;
  readonly keys: readonly KeyUse[];
  readonly signatures: 'checked' | 'unchecked' | 'none';
}

/**
 * Verifies an evidence stream line by line, in constant memory (wire-format.md section 5, upstream-weaknesses.md rows 1 to 9, 33, 34).
 * Never throws for what a stream may hold.
 */
export class StreamVerifier {
  readonly findings = new FindingList();
  readonly #signatures: SignatureChecker;
  readonly #observers: readonly RecordObserver[];
  readonly #reader: RecordReader;
  readonly #chain: Chain;
  #records = 0;
  #firstSequence = 0;
  #firstPreviousHash = '';
  #streamId = '';
  #headHash = '';
  #first: Instant | undefined;
  readonly #last = new Instant();

  constructor(options: StreamVerifierOptions) {
    this.#reader = new RecordReader(options.matchAfter);
    this.#chain = new Chain(options.start ?? 'beginning');
    this.#signatures = new SignatureChecker(options.signatures);
    this.#observers = options.observers ?? [];
  }

  /** @param line without its line end */
  push(line: Uint8Array, place: LinePlace): void {
    if (isBlank(line)) {
      this.findings.add('blank_line', { ...place, record: 0 }, 'the line holds no record');
      return;
    }
    this.#records += 1;
    const fault = line.length > MAX_RECORD_BYTES ? 'too_long' : this.#reader.read(line);
    if (fault === undefined) {
      this.#verifyRecord(place);
    } else {
      this.#reportUnreadable(fault, place);
    }
  }

  /** A line longer than MAX_RECORD_BYTES, whose bytes nobody kept. */
  pushOverlong(place: LinePlace): void {
    this.#records += 1;
    this.#reportUnreadable('too_long', place);
  }

  /**
   * What the lines so far hold when nothing is wrong with them in themselves; undefined when anything was found, even a warning: then
   * only a verifier that knows what is before them can tell.
   */
  takePart(): VerifiedPart | undefined {
    if (this.#first === undefined || !this.findings.isEmpty) {
      return undefined;
    }
    return {
      records: this.#records,
      firstSequence: this.#firstSequence,
      firstPreviousHash: this.#firstPreviousHash,
      firstHash: this.#streamId,
      firstTime: partsOf(this.#first),
      lastSequence: this.#reader.sequence,
      lastHash: this.#headHash,
      lastTime: partsOf(this.#last),
      signatures: this.#signatures.part,
      observations: this.#observers.map((observer) => observer.takePart?.()),
    };
  }

  /**
   * Takes over a part that fits behind the lines so far: verifying its lines here would find nothing and leave the same state.
   *
   * @param place of its first line
   * @returns false: it does not fit, and its lines are to be verified here
   */
  joinPart(part: VerifiedPart, place: Pick<LinePlace, 'line' | 'offset'>): boolean {
    const follows = this.#chain.check(part.firstSequence, part.firstPreviousHash) === undefined;
    const goesBack = this.#first !== undefined && this.#last.isAfter(part.firstTime);
    if (!follows || goesBack || !this.#signatures.canJoin(part.signatures)) {
      return false;
    }
    const before = { record: this.#records, line: place.line - 1, offset: place.offset };
    this.#observers.forEach((observer, index) => {
      observer.joinPart?.(part.observations[index], before);
    });
    if (this.#first === undefined) {
      this.#first = new Instant();
      this.#first.set(part.firstTime);
    }
    if (this.#records === 0) {
      this.#streamId = part.firstHash;
    }
    this.#records += part.records;
    this.#last.set(part.lastTime);
    this.#headHash = part.lastHash;
    this.#chain.leap(part.lastSequence, part.lastHash);
    this.#signatures.join(part.signatures);
    return true;
  }

  /** Whether all observers can join parts. */
  get canJoinParts(): boolean {
    return this.#observers.every((observer) => observer.joinPart !== undefined);
  }

  finish(): StreamSummary {
    if (this.#records === 0) {
      this.findings.add('empty_stream', NO_PLACE, 'the stream holds no record');
    }
    const summary = this.#summary();
    for (const observer of this.#observers) {
      observer.finish(this.findings, summary);
    }
    return summary;
  }

  #verifyRecord(line: LinePlace): void {
    const record = this.#reader;
    const place = { record: this.#records, line: line.line, offset: line.offset };
    const computed = recordHash(record.scan);
    const written = record.recordHash;
    const hashMatches = this.#checkHash(computed, written, place);
    this.#checkLink(hashMatches, place);
    this.#checkSignature(hashMatches, place);
    this.#checkTime(place);
    this.#checkLineEnd(line, place);
    for (const observer of this.#observers) {
      observer.record(record, place);
    }
    this.#chain.advance(record.sequence, written, computed);
    this.#headHash = written === '' ? computed : written;
    if (this.#records === 1) {
      this.#streamId = this.#headHash;
      this.#firstSequence = record.sequence;
      this.#firstPreviousHash = record.previousHash;
    }
  }

  #checkHash(computed: string, written: string, place: FindingPlace): boolean {
    if (written === '') {
      this.findings.add('record_hash_missing', place, 'the record has no record_hash');
    } else if (written !== computed) {
      this.findings.add('record_hash_mismatch', place, 'record_hash is not the hash of the record’s bytes');
    }
    return written === computed;
  }

  /** A record whose bytes were changed has its finding: that its number or link is wrong too would be the same fault again. */
  #checkLink(hashMatches: boolean, place: FindingPlace): void {
    const fault = this.#chain.check(this.#reader.sequence, this.#reader.previousHash);
    if (fault === undefined || !hashMatches) {
      return;
    }
    const code = fault.expectedSequence === undefined ? 'previous_hash_mismatch' : 'sequence_mismatch';
    this.findings.add(code, place, describeChainFault(fault, this.#reader.sequence));
  }

  #checkSignature(hashMatches: boolean, place: FindingPlace): void {
    const fault = this.#signatures.check(this.#reader, hashMatches);
    if (fault !== undefined) {
      this.findings.add(fault.code, place, fault.message);
    }
  }

  #checkTime(place: FindingPlace): void {
    const { time } = this.#reader;
    if (this.#first === undefined) {
      this.#first = new Instant();
      this.#first.set(time);
    } else if (time.isBefore(this.#last)) {
      this.findings.add('time_backwards', place, `${time} is before the record above, ${this.#last}`);
    }
    this.#last.set(time);
  }

  #checkLineEnd(line: LinePlace, place: FindingPlace): void {
    if (!line.terminated) {
      this.findings.add('final_line_end_missing', place, 'the last record has no line end');
    }
  }

  #reportUnreadable(fault: RecordFault | 'too_long', { line, offset, terminated }: LinePlace): void {
    const record = this.#records;
    if (fault === 'too_long') {
      const message = `the line is longer than ${MAX_RECORD_BYTES} bytes and was not read`;
      this.findings.add('line_too_long', { record, line, offset }, message);
    } else {
      const place = { record, line, offset: offset + fault.offset };
      this.findings.add(codeOf(fault, terminated), place, describeRecordFault(fault));
    }
    this.#chain.skip();
  }

  #summary(): StreamSummary {
    const signedRecords = this.#signatures.signed;
    return {
      records: this.#records,
      signedRecords,
      streamId: this.#streamId,
      headHash: this.#headHash,
      first: this.#first,
      last: this.#first === undefined ? undefined : this.#last,
      keys: this.#signatures.uses,
      signatures: signedRecords === 0 ? 'none' : this.#signatures.areChecked ? 'checked' : 'unchecked',
    };
  }
}

function describeChainFault({ expectedSequence, linked }: ChainFault, sequence: number): string {
  if (expectedSequence === undefined) {
    return 'previous_hash is not the hash of the record before';
  }
  const link = linked ? '' : ', nor is previous_hash that of the record before: records are missing, moved or repeated';
  return `sequence is ${sequence}, expected ${expectedSequence}${link}`;
}

function codeOf({ reason }: RecordFault, terminated: boolean): FindingCode {
  if (reason === 'value_not_allowed') {
    return reason;
  }
  // A recorder writes the line end with the record: without it, the record may have been cut off as well.
  return terminated || reason === 'trailing_bytes' ? 'non_canonical' : 'torn_line';
}

function describeRecordFault({ reason, member }: RecordFault): string {
  switch (reason) {
    case 'object_expected':
      return `expected ${member === '' ? 'a record' : `an object as ${member}`}`;
    case 'member_missing':
      return `expected the member ${member}`;
    case 'member_unexpected':
      return 'a member is unknown, repeated, out of order or not in its canonical spelling';
    case 'member_empty':
      return `${member} is empty, and a recorder leaves it out then`;
    case 'value_not_canonical':
      return `the value of ${member} is of another type or not in its canonical form`;
    case 'separator_expected':
      return `expected a comma or a closing brace behind ${member}`;
    case 'trailing_bytes':
      return 'something follows the record';
    case 'value_not_allowed':
      return `no record has this value of ${member}`;
  }
}

/** White space alone, as an editor leaves it, is no record. */
function isBlank(line: Uint8Array): boolean {
  const first = line[0];
  return first === undefined || (isSpace(first) && line.every(isSpace));
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function partsOf({ seconds, nanos }: Instant): InstantParts {
  return { seconds, nanos };
}
