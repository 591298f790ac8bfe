/** The few ASN.1 types that an X.509 certificate needs, in DER (ITU-T X.690). */

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function encode(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const hex = size.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

export const sequence = (...items: readonly Uint8Array[]) => encode(TAGS.sequence, ...items);
export const set = (...items: readonly Uint8Array[]) => encode(TAGS.set, ...items);
export const octetString = (content: Uint8Array) => encode(TAGS.octetString, content);
export const utf8String = (text: string) => encode(TAGS.utf8String, Buffer.from(text, 'utf8'));
export const yes = encode(TAGS.boolean, Buffer.from([0xff]));

/** @param unused bits at the end that do not count */
export const bitString = (content: Uint8Array, unused = 0) => encode(TAGS.bitString, Buffer.from([unused]), content);

/** A non-negative integer. */
export function integer(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Uint8Array.of(0) : magnitude.subarray(first);
  return encode(TAGS.integer, ...((bytes[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : []), bytes);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(TAGS.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const low = value & 0x7f;
  const high: number[] = [];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) high.unshift((rest & 0x7f) | 0x80);
  return [...high, low];
}

/** @param time Unix ms */
export function generalizedTime(time: number): Buffer {
  const digits = new Date(time)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return encode(TAGS.generalizedTime, Buffer.from(digits, 'ascii'));
}
