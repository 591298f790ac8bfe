import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
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

/** How a zip with entries begins. */
const SIGNATURE = Buffer.from('PK\u0003\u0004', 'latin1');

/** What cannot be looked at is left to whoever opens it. */
async function isArchive(path: string): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    if (!(await lstat(path)).isFile()) return false;
    file = await open(path, 'r');
    const start = Buffer.alloc(SIGNATURE.length);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    return bytesRead === start.length && start.equals(SIGNATURE);
  } catch {
    return false;
  } finally {
    await file?.close();
  }
}
