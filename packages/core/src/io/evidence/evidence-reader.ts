import { constants, readSync } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, EvidenceError } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE, CLAIMS_FILE, RESPONSE_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import { MAX_CHECKPOINT_BYTES, MAX_EVIDENCE_SIDE_FILE_BYTES, STREAM_CHUNK_BYTES } from '../../domain/limits.ts';
import type { ByteReader, EvidenceSource } from '../../domain/verification/evidence-source.ts';
import type { SideFiles } from '../../domain/verification/folder-check.ts';
import { FileProblem, readRegularFile } from '../files/read-regular-file.ts';
import { errorCode } from '../system/system-error.ts';

/**
 * Opens an evidence folder or a stream for verification. Links are not followed, neither to the folder nor within it.
 *
 * @throws EvidenceError CAVRA-E403 nothing is there, or the folder has no stream
 * @throws ConfigurationError CAVRA-E216 it is a link or special file, or cannot be read
 */
export async function openEvidence(path: string): Promise<EvidenceSource> {
  const isFolder = await isDirectory(path);
  const streamPath = isFolder ? join(path, STREAM_FILE) : path;
  const sideFiles = isFolder ? await readSideFiles(path) : undefined;
  const checkpoint = isFolder ? await readSideFile(join(path, CHECKPOINT_FILE), MAX_CHECKPOINT_BYTES) : undefined;
  const file = await openRegularFile(streamPath);
  const { size } = await file.stat();
  return {
    path: streamPath,
    size,
    sideFiles,
    checkpoint,
    chunks: () => readChunks(file, streamPath, size),
    reader: () => readerInto(file, streamPath),
    close: () => file.close(),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readSideFiles(folder: string): Promise<SideFiles> {
  return {
    claims: await readSideFile(join(folder, CLAIMS_FILE)),
    response: await readSideFile(join(folder, RESPONSE_FILE)),
  };
}

async function readSideFile(path: string, maxBytes = MAX_EVIDENCE_SIDE_FILE_BYTES): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(path, maxBytes);
  } catch (error) {
    if (error instanceof FileProblem && error.code === 'missing') {
      return undefined;
    }
    throw unreadable(path, error);
  }
}

async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    // Windows has no O_NOFOLLOW; elsewhere the open below also refuses a link that was put there since.
    if ((await lstat(path)).isSymbolicLink()) {
      throw new FileProblem('link', 'is a link');
    }
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw new FileProblem('not_regular', 'is not a regular file');
    }
    return file;
  } catch (error) {
    throw unreadable(path, error);
  }
}

const SMALLEST_CHUNK_BYTES = 4096;

/** Reads one chunk ahead while the one before is worked on. */
async function* readChunks(file: FileHandle, path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  // Room for one byte more than there should be shows at once that a small file has ended.
  const chunkBytes = Math.min(STREAM_CHUNK_BYTES, Math.max(size + 1, SMALLEST_CHUNK_BYTES));
  let [current, next] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  let reading = readChunk(file, current, 0);
  try {
    for (let position = 0; ; ) {
      const length = await reading;
      if (length === 0) {
        return;
      }
      position += length;
      reading = readChunk(file, next, position);
      yield current.subarray(0, length);
      [current, next] = [next, current];
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    // When the consumer stops early a read may still be under way; its outcome is of no interest then.
    await reading.catch(() => undefined);
  }
}

/** Waits for each read: what a stream of many pieces would pay for asking other threads to read is more than it could win. */
function readerInto({ fd }: FileHandle, path: string): ByteReader {
  let position = 0;
  return (into) => {
    try {
      const length = readSync(fd, into, 0, into.length, position);
      position += length;
      return length;
    } catch (error) {
      throw unreadable(path, error);
    }
  };
}

function readChunk(file: FileHandle, into: Buffer, position: number): Promise<number> {
  const reading = file.read(into, 0, into.length, position).then(({ bytesRead }) => bytesRead);
  // It may fail before anybody waits for it; whoever does still gets the error.
  reading.catch(() => undefined);
  return reading;
}

function unreadable(path: string, error: unknown): ConfigurationError | EvidenceError {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'missing') {
    return new EvidenceError('CAVRA-E403', `${path} does not exist`, { cause: error });
  }
  const problem =
    error instanceof FileProblem
      ? error.message
      : code === 'ELOOP'
        ? 'is a link'
        : `cannot be read (${code || 'invalid path'})`;
  return new ConfigurationError('CAVRA-E216', `${path} ${problem}`, { cause: error });
}
