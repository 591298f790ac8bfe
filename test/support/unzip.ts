import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/** An entry of a zip file. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
  /** Unix mode and type, as the writer gave them. */
  readonly mode: number;
}

/**
 * Reads every entry of a zip file (APPNOTE 6.3, without zip64), by its directory.
 *
 * @throws Error when it is not one
 */
export function unzip(zip: Buffer): readonly ZipEntry[] {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip file');
  const entries: ZipEntry[] = [];
  let position = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (zip.readUInt32LE(position) !== DIRECTORY_ENTRY) throw new Error(`no directory entry at byte ${position}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(position + offset));
    const name = zip.toString('utf8', position + 46, position + 46 + (nameLength ?? 0));
    entries.push({ name, bytes: content(zip, position), mode: zip.readUInt32LE(position + 38) >>> 16 });
    position += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return entries;
}

function content(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const local = zip.readUInt32LE(entry + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(start, start + zip.readUInt32LE(entry + 20));
  return method === 0 ? packed : inflateRawSync(packed);
}
