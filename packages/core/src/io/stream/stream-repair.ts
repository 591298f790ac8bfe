import { TORN_FILE } from '../../domain/evidence/files.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { StreamFile } from './stream-file.ts';
import { type LastRecord, readStreamTail } from './stream-tail.ts';

export interface RepairedStream {
  /** The record that the next one continues; undefined: there is none yet. */
  readonly last: LastRecord | undefined;
  /** What a reader of the report must know. */
  readonly notes: readonly string[];
}

/**
 * Makes a stream end in a whole line again, as it may not after a crash or on a full disk (upstream-weaknesses.md rows 10 and 11): a
 * torn line is moved to the file for torn lines, a lost line end is added.
 *
 * @throws EvidenceError CAVRA-E404 the last line that has a line end is no record
 * @throws RuntimeFailure CAVRA-E501, CAVRA-E503; ConfigurationError CAVRA-E208
 */
export async function repairStream(file: StreamFile, folder: string, fileName: string): Promise<RepairedStream> {
  const { last, goodBytes, lacksLineEnd } = await readStreamTail(file);
  const notes: string[] = [];
  const tornBytes = file.size - goodBytes;
  if (lacksLineEnd) {
    await file.append(Buffer.from('\n'));
    notes.push(`the last record of ${fileName} had lost its line end; it was added`);
  } else if (tornBytes > 0) {
    await setTornBytesAside(file, goodBytes, folder);
    await file.truncate(goodBytes);
    notes.push(`the last line of ${fileName} was cut short; its ${tornBytes} bytes were moved to ${TORN_FILE}`);
  }
  return { last, notes };
}

/** Durable in the other file before they are cut off here: a crash in between repeats them, but loses nothing. */
async function setTornBytesAside(file: StreamFile, start: number, folder: string): Promise<void> {
  const aside = await StreamFile.open(folder, TORN_FILE);
  try {
    const chunk = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
    for (let position = start; position < file.size; ) {
      const length = await file.read(chunk.subarray(0, file.size - position), position);
      if (length === 0) {
        break;
      }
      await aside.append(chunk.subarray(0, length));
      position += length;
    }
    await aside.append(Buffer.from('\n'));
  } finally {
    await aside.close();
  }
}
