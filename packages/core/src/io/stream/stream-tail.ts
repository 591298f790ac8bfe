import { EvidenceError } from '../../domain/diagnosis.ts';
import { recordHash } from '../../domain/evidence/record-hash.ts';
import { RecordReader } from '../../domain/evidence/record-reader.ts';
import { FILE_CHUNK_BYTES, MAX_RECORD_BYTES } from '../../domain/limits.ts';
import type { StreamFile } from './stream-file.ts';

/** The record that the next one continues. */
export interface LastRecord {
  readonly sequence: number;
  readonly recordHash: string;
  /** Its time, in milliseconds since the Unix epoch. */
  readonly time: number;
}

/** How a stream ends. */
export interface StreamTail {
  /** Undefined: there is none yet. */
  readonly last: LastRecord | undefined;
  /** Length up to and including `last`. */
  readonly goodBytes: number;
  /** `last` is whole, but its line end is missing. */
  readonly lacksLineEnd: boolean;
}

interface ParsedRecord extends LastRecord {
  readonly previousHash: string;
}

const LF = 0x0a;

/**
 * Reads the end of a stream, and of that no more than its last two lines. What follows the last line end was torn, unless it is a
 * whole record that hashes well and continues the one before: then only its line end was lost.
 *
 * @throws EvidenceError CAVRA-E404 the last line that has a line end is no record: a crash cannot do that
 */
export async function readStreamTail(file: StreamFile): Promise<StreamTail> {
  const goodBytes = (await lastLineEnd(file, file.size)) + 1;
  const last = goodBytes === 0 ? undefined : await readLastLine(file, goodBytes - 1);
  const rest = await readRecord(file, goodBytes, file.size);
  if (
    rest !== undefined &&
    rest.sequence === (last?.sequence ?? 0) + 1 &&
    rest.previousHash === (last?.recordHash ?? '')
  ) {
    return { last: rest, goodBytes: file.size, lacksLineEnd: true };
  }
  return { last, goodBytes, lacksLineEnd: false };
}

async function readLastLine(file: StreamFile, end: number): Promise<LastRecord> {
  const record = await readRecord(file, (await lastLineEnd(file, end)) + 1, end);
  if (record === undefined) {
    throw new EvidenceError(
      'CAVRA-E404',
      'the last line of the evidence stream is not a whole record with a matching hash',
    );
  }
  return record;
}

/** Offset of the last line end before `end`, or -1. */
async function lastLineEnd(file: StreamFile, end: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(FILE_CHUNK_BYTES, end));
  let until = end;
  while (until > 0) {
    const start = Math.max(0, until - buffer.length);
    const length = await file.read(buffer.subarray(0, until - start), start);
    const index = buffer.subarray(0, length).lastIndexOf(LF);
    if (index >= 0) {
      return start + index;
    }
    until = start;
  }
  return -1;
}

async function readRecord(file: StreamFile, start: number, end: number): Promise<ParsedRecord | undefined> {
  if (end - start > MAX_RECORD_BYTES || end === start) {
    return undefined;
  }
  const line = Buffer.allocUnsafe(end - start);
  const reader = new RecordReader();
  if ((await file.read(line, start)) < line.length || reader.read(line) !== undefined) {
    return undefined;
  }
  const { sequence, previousHash, recordHash: written } = reader;
  const time = reader.time.epochMilliseconds;
  return recordHash(reader.scan) === written ? { sequence, previousHash, recordHash: written, time } : undefined;
}
