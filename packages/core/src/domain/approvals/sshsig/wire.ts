import { Buffer } from 'node:buffer';
import { SshSignatureError } from './error.ts';

/** Reads the data types of RFC 4251 section 5, none of which may reach beyond the end. */
export class SshReader {
  readonly #bytes: Buffer;
  /** How messages call what is read. */
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  raw(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new SshSignatureError('unreadable', `${this.#what} is cut off`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  byte(): number {
    return this.raw(1).readUInt8();
  }

  uint32(): number {
    return this.raw(4).readUInt32BE();
  }

  string(): Buffer {
    return this.raw(this.uint32());
  }

  /** A string of printable ASCII, as every name is. */
  name(): string {
    const text = this.string().toString('latin1');
    if (!/^[!-~]*$/u.test(text))
      throw new SshSignatureError('unreadable', `${this.#what} holds a name that is no text`);
    return text;
  }

  /** A positive integer in its one encoding: big-endian, without the sign byte. */
  positiveInteger(): Buffer {
    const bytes = this.string();
    const [first = 0x80, second = 0] = bytes;
    if (first >= 0x80 || (first === 0 && second < 0x80)) {
      throw new SshSignatureError('unreadable', `${this.#what} holds a number that is not positive or not canonical`);
    }
    return first === 0 ? bytes.subarray(1) : bytes;
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw new SshSignatureError('unreadable', `${rest} bytes follow ${this.#what}`);
  }
}

export function sshString(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
