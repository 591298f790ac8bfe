import type { Entry, ZipFile } from 'yauzl';
import { ConfigurationError, EvidenceError } from '../../domain/diagnosis.ts';
import { KNOWN_EVIDENCE_FILES } from '../../domain/evidence/files.ts';
import { MAX_ARCHIVE_CONTENT_BYTES, MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_RATIO } from '../../domain/limits.ts';
import { quoted } from '../../domain/verification/findings.ts';

/** Upper half of the external attributes, where Unix keeps the mode: the kind of the file in it. */
const KIND_SHIFT = 16;
const KIND_MASK = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;
const UNIX = 3;

const STORED = 0;
const DEFLATED = 8;
/** Below this an entry may be as repetitive as it likes. */
const RATIO_FROM_BYTES = 1024 * 1024;

/**
 * Lists an artifact's files by their names without folder. It must hold what the gate publishes and nothing else: known names, each
 * once, all in one folder, regular, not encrypted, stored or deflated, and the same in the directory and before the data, so that no
 * other program sees another file.
 *
 * @throws EvidenceError CAVRA-E401 with what it holds instead
 * @throws ConfigurationError CAVRA-E216 it is damaged
 */
export async function listArchive(path: string, zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_ARCHIVE_ENTRIES) {
    throw refusal(path, `it has ${zip.entryCount} entries, at most ${MAX_ARCHIVE_ENTRIES} are allowed`);
  }
  const files = new Map<string, Entry>();
  const folders: Entry[] = [];
  let bytes = 0;
  for (const entry of await allEntries(path, zip)) {
    refuseUnusual(path, entry);
    if (entry.fileName.endsWith('/')) {
      folders.push(entry);
      continue;
    }
    const name = baseName(entry);
    if (files.has(name)) throw refusal(path, `${quoted(name)} is in it twice`);
    files.set(name, entry);
    await refuseOtherHeader(path, zip, entry);
    bytes += entry.uncompressedSize;
  }
  if (bytes > MAX_ARCHIVE_CONTENT_BYTES) throw refusal(path, `its files have ${bytes} bytes together`);
  refuseOtherFolders(path, [...files.values()], folders);
  return files;
}

async function allEntries(path: string, zip: ZipFile): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      if (entries.length > MAX_ARCHIVE_ENTRIES) throw refusal(path, 'it has more entries than it says');
    }
    return entries;
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    throw damaged(path, error);
  }
}

function refuseUnusual(path: string, entry: Entry): void {
  const isFolder = entry.fileName.endsWith('/');
  const name = baseName(entry);
  if (!isFolder && !KNOWN_EVIDENCE_FILES.some((known) => known === name)) {
    throw refusal(path, `${quoted(entry.fileName)} is not a file of the gate`);
  }
  const kind = entry.versionMadeBy >>> 8 === UNIX ? (entry.externalFileAttributes >>> KIND_SHIFT) & KIND_MASK : 0;
  if (kind !== 0 && kind !== (isFolder ? FOLDER : REGULAR)) {
    throw refusal(path, `${quoted(entry.fileName)} is a link or another special file`);
  }
  if (entry.isEncrypted() || (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)) {
    throw refusal(path, `${quoted(entry.fileName)} is encrypted or compressed in an unusual way`);
  }
  const { compressedSize, uncompressedSize } = entry;
  if (uncompressedSize > RATIO_FROM_BYTES && uncompressedSize > compressedSize * MAX_ARCHIVE_RATIO) {
    throw refusal(path, `${quoted(entry.fileName)} would be more than ${MAX_ARCHIVE_RATIO} times as large as its data`);
  }
}

/** Programs differ in which of an entry's two headers they believe. */
async function refuseOtherHeader(path: string, zip: ZipFile, entry: Entry): Promise<void> {
  const header = await zip.readLocalFileHeaderPromise(entry).catch((error: unknown) => {
    throw damaged(path, error);
  });
  const isSame =
    Buffer.compare(header.fileName, entry.fileNameRaw) === 0 && header.compressionMethod === entry.compressionMethod;
  if (!isSame) throw refusal(path, `the two headers of ${quoted(entry.fileName)} differ`);
}

/** Platforms put the evidence at the top, in a folder of the artifact's name, or under its path in the job. */
function refuseOtherFolders(path: string, files: readonly Entry[], folders: readonly Entry[]): void {
  const places = new Set(files.map(folderOf));
  const [place = ''] = places;
  if (places.size > 1) throw refusal(path, 'its files are in more than one folder');
  const stray = folders.find(({ fileName }) => !`${place}/`.startsWith(fileName));
  if (stray !== undefined) throw refusal(path, `${quoted(stray.fileName)} is not a folder of the evidence`);
}

function folderOf({ fileName }: Entry): string {
  return fileName.slice(0, Math.max(fileName.lastIndexOf('/'), 0));
}

function baseName({ fileName }: Entry): string {
  return fileName.slice(fileName.lastIndexOf('/') + 1);
}

function refusal(path: string, reason: string): EvidenceError {
  return new EvidenceError('CAVRA-E401', `${path} is not an artifact of the gate: ${reason}`);
}

function damaged(path: string, cause: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E216', `${path} cannot be read as a zip (it is damaged)`, { cause });
}
