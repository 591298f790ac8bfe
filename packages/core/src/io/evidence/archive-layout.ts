import type { FileHandle } from 'node:fs/promises';
import type { Entry, LocalFileHeader } from 'yauzl';

/** Flag of an entry whose checksum and sizes stand behind its data. */
const HAS_DESCRIPTOR = 0x0008;
const DESCRIPTOR_SIGNATURE = 0x08074b50;
const SIGNATURE_BYTES = 4;
const CRC_BYTES = 4;
/** Sizes of four bytes each, or of eight. */
const SIZE_BYTES = [4, 8] as const;
const MAX_DESCRIPTOR_BYTES = 24;
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;
/** The end record without a comment; the end record and the locator of zip64. */
const END_BYTES = 22;
const ZIP64_END_BYTES = 56 + 20;

/** An entry as its two headers say it. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly header: LocalFileHeader;
}

/** Programs differ in which of an entry's two headers they believe. */
export function headersAgree({ entry, header }: PlacedEntry): boolean {
  return (
    Buffer.compare(header.fileName, entry.fileNameRaw) === 0 &&
    header.compressionMethod === entry.compressionMethod &&
    header.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    sizesAgree(entry, header)
  );
}

/** With a descriptor the header before the data may leave all three out, but not say other ones. */
function sizesAgree(entry: Entry, header: LocalFileHeader): boolean {
  const [uncompressed, compressed] = localSizes(header);
  const given = [header.crc32, uncompressed, compressed];
  const expected = [entry.crc32, entry.uncompressedSize, entry.compressedSize];
  const hasDescriptor = (entry.generalPurposeBitFlag & HAS_DESCRIPTOR) !== 0;
  return given.every((value, index) => value === expected[index] || (hasDescriptor && value === 0));
}

function localSizes({ uncompressedSize, compressedSize, extraField }: LocalFileHeader): readonly number[] {
  const zip64 = fieldOf(extraField, ZIP64_FIELD);
  let at = 0;
  return [uncompressedSize, compressedSize].map((size) => {
    if (size !== IN_ZIP64 || zip64 === undefined || zip64.length < at + 8) return size;
    at += 8;
    return Number(zip64.readBigUInt64LE(at - 8));
  });
}

function fieldOf(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  return undefined;
}

/**
 * Whether entries, directory and end stand one right behind the other and fill the whole file, so that no program finds an entry between
 * them that the directory does not list.
 *
 * @param directory offsets of the first byte of the directory, and of the first behind it
 */
export async function isContiguous(
  file: FileHandle,
  entries: readonly PlacedEntry[],
  directory: { readonly start: number; readonly end: number; readonly fileSize: number },
): Promise<boolean> {
  let at = 0;
  const inOrder = entries.toSorted((a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader);
  for (const [index, placed] of inOrder.entries()) {
    if (placed.entry.relativeOffsetOfLocalHeader !== at) return false;
    const dataEnd = placed.header.fileDataStart + placed.entry.compressedSize;
    at = inOrder[index + 1]?.entry.relativeOffsetOfLocalHeader ?? directory.start;
    if (!(await isRightBehind(file, placed.entry, dataEnd, at))) return false;
  }
  const behind = directory.fileSize - directory.end;
  return at === directory.start && (behind === END_BYTES || behind === ZIP64_END_BYTES + END_BYTES);
}

/** Nothing stands between an entry's data and what comes next, or its own descriptor. */
async function isRightBehind(file: FileHandle, entry: Entry, dataEnd: number, next: number): Promise<boolean> {
  const length = next - dataEnd;
  if ((entry.generalPurposeBitFlag & HAS_DESCRIPTOR) === 0) return length === 0;
  if (length < 0 || length > MAX_DESCRIPTOR_BYTES) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, dataEnd);
  return bytesRead === length && descriptorsOf(entry).some((descriptor) => descriptor.equals(buffer));
}

function descriptorsOf({ crc32, compressedSize, uncompressedSize }: Entry): readonly Buffer[] {
  const sizes = SIZE_BYTES.filter((bytes) => bytes === 8 || Math.max(compressedSize, uncompressedSize) <= IN_ZIP64);
  return sizes.flatMap((bytes) => {
    const descriptor = Buffer.alloc(SIGNATURE_BYTES + CRC_BYTES + 2 * bytes);
    descriptor.writeUInt32LE(DESCRIPTOR_SIGNATURE, 0);
    descriptor.writeUInt32LE(crc32, SIGNATURE_BYTES);
    for (const [index, size] of [compressedSize, uncompressedSize].entries()) {
      const at = SIGNATURE_BYTES + CRC_BYTES + index * bytes;
      if (bytes === 8) descriptor.writeBigUInt64LE(BigInt(size), at);
      else descriptor.writeUInt32LE(size, at);
    }
    return [descriptor, descriptor.subarray(SIGNATURE_BYTES)];
  });
}
