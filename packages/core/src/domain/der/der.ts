import { Buffer } from 'node:buffer';
import { MAX_DER_DEPTH } from '../limits.ts';
import { daysFromDate, daysInMonth } from '../time/timestamp.ts';

/** The bytes are not DER, or not what was expected at this place. Whoever reads a document turns it into an error of its own. */
export class DerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/** Identifier octets (X.690 section 8.1.2) of what is read here. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier of `[n]` around something constructed. */
export const constructed = (n: number) => 0xa0 | n;
/** The identifier of `[n]` in place of something primitive. */
export const primitive = (n: number) => 0x80 | n;

const CONSTRUCTED_BIT = 0x20;
const MULTI_BYTE_TAG = 0x1f;
const MAX_LENGTH_BYTES = 4;
const MAX_OID_BYTES = 64;
const MORE_FOLLOWS = 0x80;

/** One element of DER: X.690, with definite lengths in their shortest form only. */
export class Der {
  readonly tag: number;
  readonly content: Buffer;
  /** The element with its header. */
  readonly bytes: Buffer;
  readonly #depth: number;

  private constructor(bytes: Buffer, start: number, depth: number) {
    const header = readHeader(bytes, start);
    this.tag = header.tag;
    this.content = bytes.subarray(header.contentStart, header.end);
    this.bytes = bytes.subarray(start, header.end);
    this.#depth = depth;
  }

  /** Reads bytes that are exactly one element. @throws DerError */
  static read(bytes: Uint8Array): Der {
    const element = new Der(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, 0);
    if (element.bytes.length !== bytes.byteLength) throw new DerError('there are bytes behind the element');
    return element;
  }

  /** The elements within, in their order. @throws DerError it is not constructed, or too deep */
  elements(): DerElements {
    if ((this.tag & CONSTRUCTED_BIT) === 0) throw new DerError('an element is not constructed');
    return new DerElements(this.#within());
  }

  /** Exactly one element within. */
  only(tag: number): Der {
    const elements = this.elements();
    const element = elements.next(tag);
    elements.end();
    return element;
  }

  /** An element in the content of an OCTET STRING. */
  inside(tag: number): Der {
    const [element, ...others] = this.#within();
    if (element === undefined || others.length > 0) throw new DerError('an octet string holds no single element');
    return element.expect(tag);
  }

  expect(tag: number): this {
    if (this.tag !== tag) throw new DerError(`an element is tagged ${hex(this.tag)}, expected ${hex(tag)}`);
    return this;
  }

  oid(): string {
    return readOid(this.expect(TAG.oid).content);
  }

  /** A whole number that is not negative, as a double holds exactly. */
  count(): number {
    const { content } = this;
    const isShortest = content.length > 0 && (content[0] !== 0 || content.length === 1 || (content[1] ?? 0) >= 0x80);
    if (!isShortest || (content[0] ?? 0) >= 0x80 || content.length > 6) throw new DerError('an integer is no count');
    return content.readUIntBE(0, content.length);
  }

  /** Unix milliseconds of a GeneralizedTime or a UTCTime (years 1950 to 2049), in UTC; smaller fractions are cut. */
  time(): number {
    const text = this.content.toString('latin1');
    if (this.tag === TAG.generalizedTime) return readTime(text);
    this.expect(TAG.utcTime);
    return readTime(`${text >= '5' ? '19' : '20'}${text}`);
  }

  /** DER has one form of each truth value. */
  boolean(): boolean {
    const [byte] = this.expect(TAG.boolean).content;
    if (this.content.length !== 1 || (byte !== 0 && byte !== 0xff)) throw new DerError('a boolean is not in its form');
    return byte === 0xff;
  }

  /** The bytes of a BIT STRING that is a whole number of bytes. */
  bits(): Buffer {
    if (this.expect(TAG.bitString).content[0] !== 0) throw new DerError('a bit string is not a whole number of bytes');
    return this.content.subarray(1);
  }

  #within(): readonly Der[] {
    if (this.#depth >= MAX_DER_DEPTH) throw new DerError('it is nested too deeply');
    const found: Der[] = [];
    for (let at = 0; at < this.content.length; ) {
      const element = new Der(this.content, at, this.#depth + 1);
      found.push(element);
      at += element.bytes.length;
    }
    return found;
  }
}

/** Takes elements one by one, so that nothing is left out or left over. */
export class DerElements {
  readonly #elements: readonly Der[];
  #at = 0;

  constructor(elements: readonly Der[]) {
    this.#elements = elements;
  }

  next(tag: number): Der {
    return this.any().expect(tag);
  }

  any(): Der {
    const element = this.#elements[this.#at];
    if (element === undefined) throw new DerError('an element is missing');
    this.#at += 1;
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): Der | undefined {
    return this.#elements[this.#at]?.tag === tag ? this.any() : undefined;
  }

  rest(): readonly Der[] {
    const rest = this.#elements.slice(this.#at);
    this.#at = this.#elements.length;
    return rest;
  }

  end(): void {
    if (this.#at < this.#elements.length) throw new DerError('there is an element too many');
  }
}

function readHeader(bytes: Buffer, start: number): { tag: number; contentStart: number; end: number } {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw new DerError('it is cut');
  if ((tag & MULTI_BYTE_TAG) === MULTI_BYTE_TAG) throw new DerError('a tag has more than one byte');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const contentStart = start + 2 + lengthBytes;
  if (first === 0x80 || lengthBytes > MAX_LENGTH_BYTES || contentStart > bytes.length) {
    throw new DerError('a length is not in DER');
  }
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
  const isShortest = lengthBytes === 0 || (length >= 0x80 && bytes[start + 2] !== 0);
  const end = contentStart + length;
  if (!isShortest || end > bytes.length) throw new DerError('a length is not in DER, or beyond the end');
  return { tag, contentStart, end };
}

/** Seven bits a byte, the highest bit saying that more follow; DER writes no zero before an arc. */
function readOid(content: Buffer): string {
  const arcs: bigint[] = [];
  let arc: bigint | undefined;
  for (const byte of content) {
    if (arc === undefined && byte === MORE_FOLLOWS) throw new DerError('an object identifier is not in DER');
    arc = ((arc ?? 0n) << 7n) | BigInt(byte & 0x7f);
    if (byte >= MORE_FOLLOWS) continue;
    arcs.push(arc);
    arc = undefined;
  }
  const [first, ...others] = arcs;
  if (first === undefined || arc !== undefined || content.length > MAX_OID_BYTES) {
    throw new DerError('an object identifier is not in DER');
  }
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

const TIME = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{0,17}[1-9]))?Z$/u;

function readTime(text: string): number {
  const match = TIME.exec(text);
  if (match === null) throw new DerError('a time is not in DER');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const isTime = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!isTime || hour > 23 || minute > 59 || second > 59) throw new DerError('a time is none');
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return ((daysFromDate(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + milliseconds;
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
