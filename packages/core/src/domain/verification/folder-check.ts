import { Buffer } from 'node:buffer';
import { CLAIMS_FILE, RESPONSE_FILE } from '../evidence/files.ts';
import { type RecordReader, UNAUTHENTICATED_RULE } from '../evidence/record-reader.ts';
import { SLOT } from '../evidence/slots.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_EVIDENCE_SIDE_FILE_BYTES } from '../limits.ts';
import { encodeStruct } from '../wire/encode.ts';
import { DECISION_RESPONSE, RUNNER_IDENTITY, type StructLayout } from '../wire/layout.ts';
import { type FindingList, type FindingPlace, NO_PLACE, placeBehind } from './findings.ts';
import type { RecordObserver } from './verifier.ts';

/** What a run's claims and response file hold; undefined: there is no such file. */
export interface SideFiles {
  readonly claims: Uint8Array | undefined;
  readonly response: Uint8Array | undefined;
}

/** What the records of a part have to say to the files. */
export interface FolderPart {
  readonly strangeRunners: number;
  readonly firstStranger: FindingPlace;
  readonly worstRank: number;
  readonly responseFound: boolean;
}

/** A file as the recorder would have encoded its content, so that it can be compared with a record's bytes. */
type SideFile = { readonly json: Buffer } | { readonly problem: string } | undefined;

/** Below every decision. */
const NOBODYS_RANK = -1;

/** Whether the files beside a stream say what the stream says: they are what people and later jobs look at. */
export class FolderCheck implements RecordObserver {
  readonly #claims: SideFile;
  readonly #response: SideFile;
  #strangeRunners = 0;
  #firstStranger: FindingPlace = NO_PLACE;
  #worstRank = NOBODYS_RANK;
  /** Whether a record of the worst decision so far has the response of the file. */
  #responseFound = false;

  constructor(files: SideFiles) {
    this.#claims = readSideFile(files.claims, RUNNER_IDENTITY);
    this.#response = readSideFile(files.response, DECISION_RESPONSE);
  }

  record(record: RecordReader, place: FindingPlace): void {
    // A request without any proof is nobody's, like the probes with which the Go runtime looks whether its daemon is there (row 17). It
    // was refused, and the record says so.
    const isNobodys = !record.scan.has(SLOT.runnerAuth) && record.scan.is(SLOT.ruleId, UNAUTHENTICATED_RULE);
    if (!isNobodys) {
      this.#compareRunner(record, place);
    }
    // Whatever somebody asked counts for more.
    this.#compareResponse(record, isNobodys ? NOBODYS_RANK : record.decisionRank);
  }

  takePart(): FolderPart {
    return {
      strangeRunners: this.#strangeRunners,
      firstStranger: this.#firstStranger,
      worstRank: this.#worstRank,
      responseFound: this.#responseFound,
    };
  }

  joinPart({ strangeRunners, firstStranger, worstRank, responseFound }: FolderPart, before: FindingPlace): void {
    if (this.#strangeRunners === 0 && strangeRunners > 0) {
      this.#firstStranger = placeBehind(before, firstStranger);
    }
    this.#strangeRunners += strangeRunners;
    if (worstRank > this.#worstRank) {
      this.#worstRank = worstRank;
      this.#responseFound = responseFound;
    } else if (worstRank === this.#worstRank) {
      this.#responseFound ||= responseFound;
    }
  }

  finish(findings: FindingList): void {
    this.#reportClaims(findings);
    this.#reportResponse(findings);
  }

  #compareRunner({ scan }: RecordReader, place: FindingPlace): void {
    if (this.#claims === undefined || 'problem' in this.#claims) {
      return;
    }
    if (!isSameJson(bytesOf(scan, SLOT.identity), this.#claims.json)) {
      this.#firstStranger = this.#strangeRunners === 0 ? place : this.#firstStranger;
      this.#strangeRunners += 1;
    }
  }

  #compareResponse({ scan }: RecordReader, decisionRank: number): void {
    if (decisionRank > this.#worstRank) {
      this.#worstRank = decisionRank;
      this.#responseFound = false;
    }
    if (this.#response === undefined || 'problem' in this.#response || decisionRank < this.#worstRank) {
      return;
    }
    this.#responseFound ||= isSameJson(bytesOf(scan, SLOT.response), this.#response.json);
  }

  #reportClaims(findings: FindingList): void {
    if (this.#claims === undefined) {
      findings.add('claims_missing', NO_PLACE, `there is no ${CLAIMS_FILE} beside the stream`);
    } else if ('problem' in this.#claims) {
      findings.add('claims_unreadable', NO_PLACE, `${CLAIMS_FILE} cannot be read: ${this.#claims.problem}`);
    } else if (this.#strangeRunners > 0) {
      const count = this.#strangeRunners === 1 ? '' : ` (${this.#strangeRunners} records)`;
      findings.add(
        'claims_mismatch',
        this.#firstStranger,
        `the record is of another runner than ${CLAIMS_FILE}${count}`,
      );
    }
  }

  #reportResponse(findings: FindingList): void {
    if (this.#response === undefined) {
      findings.add('response_missing', NO_PLACE, `there is no ${RESPONSE_FILE} beside the stream`);
    } else if ('problem' in this.#response) {
      findings.add('response_unreadable', NO_PLACE, `${RESPONSE_FILE} cannot be read: ${this.#response.problem}`);
    } else if (!this.#responseFound) {
      const message = `no record of the worst decision has the response of ${RESPONSE_FILE}`;
      findings.add('response_mismatch', NO_PLACE, message);
    }
  }
}

function bytesOf(scan: RecordReader['scan'], slot: number): Uint8Array {
  return scan.has(slot) ? scan.line.subarray(scan.start(slot), scan.end(slot)) : new Uint8Array();
}

/** Equal bytes, or equal but for how backspace and form feed are escaped (upstream-weaknesses.md row 34). */
function isSameJson(recorded: Uint8Array, json: Buffer): boolean {
  if (json.equals(recorded)) {
    return true;
  }
  const text = Buffer.from(recorded).toString('utf8');
  const modern = text.replace(/\\(?:u0008|u000c|.)/g, (sequence) =>
    sequence === '\\u0008' ? '\\b' : sequence === '\\u000c' ? '\\f' : sequence,
  );
  return modern !== text && json.equals(Buffer.from(modern));
}

function readSideFile(bytes: Uint8Array | undefined, layout: StructLayout): SideFile {
  if (bytes === undefined) {
    return undefined;
  }
  try {
    const value = parseStrictJson(bytes, { maxBytes: MAX_EVIDENCE_SIDE_FILE_BYTES });
    const problem = problemOf(value, layout);
    return problem === undefined ? { json: Buffer.from(encodeStruct(layout, toRecord(value))) } : { problem };
  } catch (error) {
    if (error instanceof JsonError) {
      return { problem: error.message };
    }
    throw error;
  }
}

/** Both files are flat: strings, and one list of strings. */
function problemOf(value: JsonValue, layout: StructLayout): string | undefined {
  if (!(value instanceof JsonObject)) {
    return 'it is not an object';
  }
  const types = new Map(layout.fields.map(({ name, type }) => [name, type]));
  for (const [name, member] of value.entries()) {
    const fits =
      types.get(name) === 'string'
        ? typeof member === 'string'
        : types.get(name) === 'string-list' && isStrings(member);
    if (!fits) {
      return 'it has a member that is unknown or of another type';
    }
  }
  return undefined;
}

function isStrings(member: JsonValue): boolean {
  return (
    member !== null &&
    typeof member === 'object' &&
    isJsonList(member) &&
    member.every((item) => typeof item === 'string')
  );
}

function toRecord(value: JsonValue): object {
  return value instanceof JsonObject ? Object.fromEntries(value.entries()) : {};
}
