import { lstat, open } from 'node:fs/promises';
import { ConfigurationError, EvidenceError } from '../../domain/diagnosis.ts';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
import { errorCode } from '../system/system-error.ts';
import { openEvidence } from './evidence-reader.ts';

/**
 * Opens evidence for verification: a folder, a stream, or a downloaded artifact as it is.
 *
 * @throws EvidenceError CAVRA-E403 nothing is there, or no stream; CAVRA-E401 an artifact that the gate did not make
 * @throws ConfigurationError CAVRA-E216 it is a link or special file, or cannot be read
 */
export async function openEvidenceSource(path: string): Promise<EvidenceSource> {
  if (!(await isArchive(path))) return openEvidence(path);
  const { openEvidenceArchive } = await import('./evidence-archive.ts');
  return openEvidenceArchive(path);
}

/**
 * Refuses what cannot be evidence by its very kind, and says what it is.
 *
 * @param path absolute
 * @throws EvidenceError CAVRA-E403 nothing is there
 * @throws ConfigurationError CAVRA-E216 it is another file of the gate
 */
export async function requireEvidencePath(path: string): Promise<void> {
  const start = await firstBytesOf(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
      throw new EvidenceError('CAVRA-E403', `${path} does not exist`, { cause: error });
    }
    return undefined;
  });
  const text = start?.toString('latin1').trimStart() ?? '';
  const kind = OTHER_KINDS.find(([beginning]) => beginning.test(text))?.[1];
  if (kind !== undefined) {
    throw new ConfigurationError('CAVRA-E216', `${path} is ${kind}; give the evidence folder, its .jsonl or its .zip`);
  }
}

/** What people take for the evidence, by how it begins. A record of a stream begins with a member, in the same line. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^<(?:!doctype html|html)/i, 'a report for people, which proves nothing by itself'],
  [/^\{\s*\n\s*"mediaType"|^\{"mediaType"/, 'a checkpoint, which is checked together with its evidence'],
  [/^\{\s*\n/, 'a JSON document and no evidence stream'],
];

/** How a zip with entries begins. */
/** How a zip with entries begins. */
const SIGNATURE = Buffer.from('PK\u0003\u0004', 'latin1');

/** What cannot be looked at is left to whoever opens it. */
async function isArchive(path: string): Promise<boolean> {
  const start = await firstBytesOf(path).catch(() => undefined);
  return start?.subarray(0, SIGNATURE.length).equals(SIGNATURE) === true;
}

const LOOK_BYTES = 64;

/** The beginning of a regular file; undefined for a folder, a link or a special file. */
async function firstBytesOf(path: string): Promise<Buffer | undefined> {
  if (!(await lstat(path)).isFile()) return undefined;
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(LOOK_BYTES);
    const { bytesRead } = await file.read(start, 0, LOOK_BYTES, 0);
    return start.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
