import type { ByteReader } from '../domain/verification/evidence-source.ts';
import type { StreamVerificationRun } from '../domain/verification/stream-verification.ts';
import type { VerifiedPart } from '../domain/verification/verifier.ts';
import type { PartVerifiers } from '../io/threads/part-job.ts';

/** Some bytes of a stream in memory of their own. */
interface Piece {
  readonly memory: Uint8Array;
  readonly length: number;
  /** Lines from the first byte of the first to the line end of the last. */
  readonly isWholeLines: boolean;
}

const LF = 0x0a;

/** Reads a stream as pieces of whole lines; a line that is longer than a piece becomes pieces without that promise. */
class StreamCutter {
  readonly #read: ByteReader;
  readonly #allocate: () => Uint8Array;
  #memory: Uint8Array;
  #length = 0;
  #isAtLineStart = true;

  /** @param allocate memory for one piece; always the same size */
  constructor(read: ByteReader, allocate: () => Uint8Array) {
    this.#read = read;
    this.#allocate = allocate;
    this.#memory = allocate();
  }

  /**
   * @param added told of all bytes, in their order and before they are part of a piece
   * @returns undefined: the stream has ended
   */
  async next(added: (bytes: Uint8Array) => void): Promise<Piece | undefined> {
    while (this.#length < this.#memory.length) {
      const length = await this.#read(this.#memory.subarray(this.#length));
      if (length === 0) break;
      added(this.#memory.subarray(this.#length, this.#length + length));
      this.#length += length;
    }
    return this.#length === 0 ? undefined : this.#cut();
  }

  #cut(): Piece {
    const memory = this.#memory;
    const filled = memory.subarray(0, this.#length);
    const isWholeLines = this.#isAtLineStart;
    // A line that began in an earlier piece is ended first, so that whole lines follow.
    const lineEnd = isWholeLines ? filled.lastIndexOf(LF) : filled.indexOf(LF);
    const length = lineEnd < 0 ? filled.length : lineEnd + 1;
    this.#memory = this.#allocate();
    this.#memory.set(filled.subarray(length));
    this.#length = filled.length - length;
    this.#isAtLineStart = lineEnd >= 0;
    return { memory, length, isWholeLines: isWholeLines && lineEnd >= 0 };
  }
}

/** A piece on its way: what verifies it may answer before the pieces ahead of it are joined. */
class PendingPiece {
  readonly memory: Uint8Array;
  readonly length: number;
  readonly answer: Promise<void>;
  isAnswered = false;
  part: VerifiedPart | undefined;

  constructor({ memory, length }: Piece, part: Promise<VerifiedPart | undefined>) {
    this.memory = memory;
    this.length = length;
    this.answer = part.then((answer) => {
      this.part = answer;
      this.isAnswered = true;
    });
  }
}

const NOT_VERIFIED: Promise<undefined> = Promise.resolve(undefined);

/**
 * Feeds a stream to a run, with its parts verified apart: the run only joins what is faultless and fits, and verifies the rest itself.
 * Its outcome is the same as that of `write` with every byte. Each byte is read once, and what was verified is what was hashed.
 *
 * @param joined told how many bytes of the stream are done
 */
export async function verifyInParts(
  read: ByteReader,
  run: StreamVerificationRun,
  verifiers: PartVerifiers,
  joined: (bytes: number) => void,
): Promise<void> {
  const pending: PendingPiece[] = [];
  const free: Uint8Array[] = [];
  const cutter = new StreamCutter(read, () => free.pop() ?? verifiers.allocate());
  const hash = (bytes: Uint8Array): void => run.hash(bytes);
  let done = 0;

  const join = (piece: PendingPiece): void => {
    if (piece.part === undefined || !run.join(piece.part, piece.length)) {
      run.verify(piece.memory.subarray(0, piece.length));
    }
    free.push(piece.memory);
    done += piece.length;
    joined(done);
  };
  const joinUntil = async (left: number): Promise<void> => {
    for (let first = pending[0]; first !== undefined; first = pending[0]) {
      if (pending.length > left) await first.answer;
      if (!first.isAnswered) return;
      pending.shift();
      join(first);
    }
  };

  for (let piece = await cutter.next(hash); piece !== undefined; piece = await cutter.next(hash)) {
    const part = piece.isWholeLines ? verifiers.verify(piece.memory, piece.length) : NOT_VERIFIED;
    pending.push(new PendingPiece(piece, part));
    await joinUntil(verifiers.lookahead);
  }
  await joinUntil(0);
}

/** Reads from chunks, each of which is valid only until the next is asked for. */
export function readerOf(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  return async (into) => {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return 0;
      rest = next.value;
    }
    const length = Math.min(rest.length, into.length);
    into.set(rest.subarray(0, length));
    rest = rest.subarray(length);
    return length;
  };
}
