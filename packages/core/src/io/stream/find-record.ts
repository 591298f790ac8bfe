import { MAX_RECORD_BYTES } from '../../domain/limits.ts';
import { LineSplitter } from '../../domain/verification/line-splitter.ts';
import { openEvidence } from '../evidence/evidence-reader.ts';

/** `record_id` is the fourth member of a record: it ends before this byte. */
const HEAD_BYTES = 256;

/**
 * Looks for a record of a stream by its id. Nothing of it is verified.
 *
 * @param path of the stream
 * @returns the record's line without its line end; undefined when no record has the id
 * @throws EvidenceError CAVRA-E403 there is no stream; ConfigurationError CAVRA-E216 it cannot be read
 */
export async function findRecord(path: string, recordId: string): Promise<Buffer | undefined> {
  const needle = Buffer.from(`"record_id":"${recordId}"`);
  let found: Buffer | undefined;
  const push = (line: Uint8Array) => {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
    if (found === undefined && bytes.subarray(0, HEAD_BYTES).includes(needle)) found = Buffer.from(bytes);
  };
  const splitter = new LineSplitter({ push, pushOverlong: () => undefined }, MAX_RECORD_BYTES);
  const source = await openEvidence(path);
  try {
    for await (const chunk of source.chunks()) {
      splitter.write(chunk);
      if (found !== undefined) return found;
    }
    splitter.end();
    return found;
  } finally {
    await source.close();
  }
}
