import { Buffer } from 'node:buffer';
import type { LinePlace } from './verifier.ts';

/** Takes the lines of a stream in order. */
export interface LineSink {
  /** @param line without its LF; valid only during the call */
  push(line: Uint8Array, place: LinePlace): void;
  /** A line longer than the limit; its bytes were dropped as they came. */
  pushOverlong(place: LinePlace): void;
}

const LF = 0x0a;
const INITIAL_CARRY_BYTES = 4096;

/** Cuts a stream of bytes into lines. It keeps at most one line, and of that no more than the limit. */
export class LineSplitter {
  readonly #sink: LineSink;
  readonly #maxLineBytes: number;
  /** Copy of what earlier chunks had of the line, in the first `#lineBytes` bytes; it grows by doubling. */
  #carry = Buffer.alloc(INITIAL_CARRY_BYTES);
  /** Bytes of the line so far, dropped ones included. */
  #lineBytes = 0;
  #line = 1;
  #lineStart = 0;

  constructor(sink: LineSink, maxLineBytes: number) {
    this.#sink = sink;
    this.#maxLineBytes = maxLineBytes;
  }

  /** @param chunk may be reused by the caller afterwards */
  write(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#endLine(chunk.subarray(start, end), true);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#keep(chunk.subarray(start));
    }
  }

  /** Whether the next byte begins a line. */
  get isAtLineStart(): boolean {
    return this.#lineBytes === 0;
  }

  /** Of the line that the next byte belongs to. */
  get place(): Pick<LinePlace, 'line' | 'offset'> {
    return { line: this.#line, offset: this.#lineStart };
  }

  /** Goes on behind whole lines that somebody else takes. */
  skip(lines: number, bytes: number): void {
    this.#line += lines;
    this.#lineStart += bytes;
  }

  /** The stream has ended; a last line without a line end is given now. */
  end(): void {
    if (this.#lineBytes > 0) {
      this.#endLine(new Uint8Array(), false);
    }
  }

  #keep(piece: Uint8Array): void {
    const length = this.#lineBytes + piece.length;
    if (length <= this.#maxLineBytes) {
      if (length > this.#carry.length) {
        const larger = Buffer.alloc(Math.max(length, this.#carry.length * 2));
        larger.set(this.#carry.subarray(0, this.#lineBytes));
        this.#carry = larger;
      }
      this.#carry.set(piece, this.#lineBytes);
    }
    this.#lineBytes = length;
  }

  #endLine(rest: Uint8Array, terminated: boolean): void {
    const carried = this.#lineBytes;
    const length = carried + rest.length;
    const place = { line: this.#line, offset: this.#lineStart, terminated };
    if (length > this.#maxLineBytes) {
      this.#sink.pushOverlong(place);
    } else if (carried === 0) {
      this.#sink.push(rest, place);
    } else {
      this.#keep(rest);
      this.#sink.push(this.#carry.subarray(0, length), place);
    }
    this.#lineBytes = 0;
    this.#line += 1;
    this.#lineStart += length + 1;
  }
}
