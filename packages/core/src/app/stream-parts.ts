import type { StreamVerificationRun } from '../domain/evidence/stream-verification.ts';
import type { VerifiedPart } from '../domain/evidence/verifier.ts';
import type { PartVerifiers } from './part-job.ts';

/** Some bytes of a stream in memory of their own. */
interface Piece {
  readonly memory: Uint8Array;
  readonly length: number;
  /** Lines from the first byte of the first to the line end of the last. */
  readonly isWholeLines: boolean;
}

const LF = 0x0a;

/** Cuts a stream into pieces of whole lines; a line that is longer than a piece becomes pieces without that promise. */
export class StreamCutter {
  readonly #allocate: () => Uint8Array;
  #memory: Uint8Array;
  #length = 0;
  #isAtLineStart = true;

  /** @param allocate memory for one piece; always the same size */
  constructor(allocate: () => Uint8Array) {
    this.#allocate = allocate;
    this.#memory = allocate();
  }

  /** @param chunk may be reused by the caller between two pieces */
  *write(chunk: Uint8Array): Generator<Piece, void, undefined> {
    for (let start = 0; start < chunk.length; ) {
      const part = chunk.subarray(start, start + this.#memory.length - this.#length);
      this.#memory.set(part, this.#length);
      this.#length += part.length;
      start += part.length;
      if (this.#length === this.#memory.length) {
        yield this.#cut();
      }
    }
  }

  /** The rest of the stream. */
  *end(): Generator<Piece, void, undefined> {
    while (this.#length > 0) {
      yield this.#cut();
    }
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

interface PendingPiece extends Piece {
  readonly part: Promise<VerifiedPart | undefined>;
}

const NOT_VERIFIED: Promise<undefined> = Promise.resolve(undefined);

/**
 * Feeds a stream to a run, with its parts verified beside this thread: the run only joins what is faultless and fits, and verifies the
 * rest itself. Its outcome is the same as that of `write` with every chunk.
 *
 * @param joined told how many bytes of the stream are done
 */
export async function verifyInParts(
  chunks: AsyncIterable<Uint8Array>,
  run: StreamVerificationRun,
  verifiers: PartVerifiers,
  joined: (bytes: number) => void,
): Promise<void> {
  const pending: PendingPiece[] = [];
  const free: Uint8Array[] = [];
  const cutter = new StreamCutter(() => free.pop() ?? verifiers.allocate());
  let done = 0;

  const joinFirst = async (): Promise<void> => {
    const piece = pending.shift();
    if (piece === undefined) return;
    const part = await piece.part;
    if (part === undefined || !run.join(part, piece.length)) {
      run.verify(piece.memory.subarray(0, piece.length));
    }
    free.push(piece.memory);
    done += piece.length;
    joined(done);
  };
  const add = async (piece: Piece): Promise<void> => {
    const part = piece.isWholeLines ? verifiers.verify(piece.memory, piece.length) : NOT_VERIFIED;
    pending.push({ ...piece, part });
    // Enough that nobody who verifies ever waits for this thread.
    if (pending.length > 2 * verifiers.concurrency) await joinFirst();
  };

  for await (const chunk of chunks) {
    run.hash(chunk);
    for (const piece of cutter.write(chunk)) await add(piece);
  }
  for (const piece of cutter.end()) await add(piece);
  while (pending.length > 0) await joinFirst();
}
