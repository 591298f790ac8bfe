import { createHash } from 'node:crypto';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { STREAM_FILE } from '../../domain/evidence/files.ts';
import { MAX_DELIVERED_BYTES } from '../../domain/limits.ts';
import { firstBytes } from '../files/first-bytes.ts';
import { writeDeliveredFile } from './delivered-file.ts';
import { openEvidence } from './evidence-reader.ts';

/**
 * Copies the evidence log of another program into an evidence folder, as it is at this moment.
 *
 * @param log a regular file, no link
 * @throws EvidenceError CAVRA-E403 there is none; ConfigurationError CAVRA-E216 it cannot be read; RuntimeFailure CAVRA-E501 it cannot be
 *   copied, CAVRA-E524 it is too large
 */
export async function copyEvidence(log: string, folder: string): Promise<void> {
  const size = await wholeLines(log);
  const digest = createHash('sha256');
  for await (const chunk of firstBytes(chunksOf(log), size)) digest.update(chunk);
  const promised = { name: STREAM_FILE, size, sha256: digest.digest('hex') };
  await writeDeliveredFile(folder, promised, firstBytes(chunksOf(log), size));
}

const LF = 0x0a;

/** The other program may be in the middle of a line. */
async function wholeLines(log: string): Promise<number> {
  let [size, whole] = [0, 0];
  for await (const chunk of chunksOf(log)) {
    const end = chunk.lastIndexOf(LF);
    if (end >= 0) whole = size + end + 1;
    size += chunk.length;
    if (size > MAX_DELIVERED_BYTES)
      throw new RuntimeFailure('CAVRA-E524', 'the evidence log is too large to be copied');
  }
  return whole;
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const source = await openEvidence(path);
  try {
    yield* source.chunks();
  } finally {
    await source.close();
  }
}
