import { crc32, deflateRawSync } from 'node:zlib';

/** A zip written by hand, so that every field of it can be a lie. */
export interface ZipEntry {
  readonly name: string;
  readonly data: string | Uint8Array;
  readonly stored?: boolean;
  /** Unix mode with the kind of the file; a regular file by default. */
  readonly mode?: number;
  /** Name before the data, where it differs from that in the directory. */
  readonly localName?: string;
  readonly method?: number;
  readonly flags?: number;
  /** Claimed size of the content. */
  readonly size?: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const UNIX = 3;

export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = Buffer.from(entry.data);
    const content = entry.stored === true ? data : deflateRawSync(data);
    const common = commonFields(entry, data, content);
    const local = named(LOCAL, [20], common, entry.localName ?? entry.name);
    parts.push(local, content);
    const attributes = ((entry.mode ?? 0o100644) << 16) >>> 0;
    directory.push(centralHeader(entry.name, common, attributes, offset));
    offset += local.length + content.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** Flags, method, time, date, checksum and both sizes. */
function commonFields({ stored, method, flags, size }: ZipEntry, data: Buffer, content: Buffer): Buffer {
  const fields = Buffer.alloc(20);
  fields.writeUInt16LE(flags ?? 0x0800, 0);
  fields.writeUInt16LE(method ?? (stored === true ? 0 : 8), 2);
  fields.writeUInt32LE(crc32(data), 8);
  fields.writeUInt32LE(content.length, 12);
  fields.writeUInt32LE(size ?? data.length, 16);
  return fields;
}

function named(signature: number, versions: readonly number[], common: Buffer, name: string): Buffer {
  const head = Buffer.alloc(4 + versions.length * 2);
  head.writeUInt32LE(signature, 0);
  for (const [index, version] of versions.entries()) head.writeUInt16LE(version, 4 + index * 2);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16LE(Buffer.byteLength(name), 0);
  return Buffer.concat([head, common, lengths, Buffer.from(name)]);
}

function centralHeader(name: string, common: Buffer, attributes: number, offset: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE((UNIX << 8) | 20, 4);
  head.writeUInt16LE(20, 6);
  const tail = Buffer.alloc(18);
  tail.writeUInt16LE(Buffer.byteLength(name), 0);
  tail.writeUInt32LE(attributes, 10);
  tail.writeUInt32LE(offset, 14);
  return Buffer.concat([head, common, tail, Buffer.from(name)]);
}
