import { type FileHandle, open } from 'node:fs/promises';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { ConfigurationError, EvidenceError } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE, CLAIMS_FILE, RESPONSE_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import { MAX_ARCHIVE_BYTES, MAX_CHECKPOINT_BYTES, MAX_EVIDENCE_SIDE_FILE_BYTES } from '../../domain/limits.ts';
import type { EvidenceSource } from '../../domain/verification/evidence-source.ts';
import { quoted } from '../../domain/verification/findings.ts';
import { errorCode } from '../system/system-error.ts';
import { listArchive } from './archive-entries.ts';

/**
 * Opens a downloaded artifact as it is: a zip that holds one evidence folder and nothing else (see `listArchive`).
 *
 * @throws EvidenceError CAVRA-E401 it holds anything else; CAVRA-E403 it holds no stream
 * @throws ConfigurationError CAVRA-E216 it cannot be read
 */
export async function openEvidenceArchive(path: string): Promise<EvidenceSource> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const { size } = await file.stat();
    if (size > MAX_ARCHIVE_BYTES) {
      throw new ConfigurationError('CAVRA-E216', `${path} is larger than ${MAX_ARCHIVE_BYTES} bytes`);
    }
    return await openEntries(path, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openEntries(path: string, file: FileHandle): Promise<EvidenceSource> {
  const zip = await readable(path, () => fromFdPromise(file.fd, { autoClose: false, strictFileNames: true }));
  const entries = await listArchive(path, zip);
  const stream = entries.get(STREAM_FILE);
  if (stream === undefined) throw new EvidenceError('CAVRA-E403', `${path} has no ${STREAM_FILE}`);
  const read = (name: string, maxBytes: number) => readEntry(path, zip, entries.get(name), maxBytes);
  return {
    path: `${path}/${stream.fileName}`,
    size: stream.uncompressedSize,
    sideFiles: {
      claims: await read(CLAIMS_FILE, MAX_EVIDENCE_SIDE_FILE_BYTES),
      response: await read(RESPONSE_FILE, MAX_EVIDENCE_SIDE_FILE_BYTES),
    },
    checkpoint: await read(CHECKPOINT_FILE, MAX_CHECKPOINT_BYTES),
    chunks: () => chunksOf(path, zip, stream),
    // The descriptor is ours: yauzl reads from it and does not close it.
    close: () => file.close(),
  };
}

async function readEntry(
  path: string,
  zip: ZipFile,
  entry: Entry | undefined,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (entry === undefined) return undefined;
  if (entry.uncompressedSize > maxBytes) {
    throw new EvidenceError('CAVRA-E401', `${quoted(entry.fileName)} in ${path} is larger than ${maxBytes} bytes`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(path, zip, entry)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The reader checks that an entry has the size that it claims, and ends with an error as soon as it has more. */
async function* chunksOf(path: string, zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ConfigurationError {
  const reason = errorCode(error) || 'it is damaged';
  return new ConfigurationError('CAVRA-E216', `${path} cannot be read as a zip (${reason})`, { cause: error });
}
