import { createHash } from 'node:crypto';
import { MAX_RECORD_BYTES } from '../limits.ts';
import type { FindingList } from './findings.ts';
import { LineSplitter } from './line-splitter.ts';
import { type StreamSummary, StreamVerifier, type StreamVerifierOptions, type VerifiedPart } from './verifier.ts';

/** What is known of a stream after its last byte. */
export interface StreamVerification {
  readonly summary: StreamSummary;
  readonly findings: FindingList;
  /** Of the whole stream, lower-case hex. */
  readonly sha256: string;
}

/** Verifies a stream given in chunks of any size, in one pass and in constant memory. */
export class StreamVerificationRun {
  readonly #verifier: StreamVerifier;
  readonly #splitter: LineSplitter;
  readonly #digest = createHash('sha256');

  constructor(options: StreamVerifierOptions) {
    this.#verifier = new StreamVerifier(options);
    this.#splitter = new LineSplitter(this.#verifier, MAX_RECORD_BYTES);
  }

  /** @param chunk may be reused by the caller afterwards */
  write(chunk: Uint8Array): void {
    this.hash(chunk);
    this.verify(chunk);
  }

  /** The first half of `write`: the same bytes follow in `verify`, or in `join` once they have been verified elsewhere. */
  hash(chunk: Uint8Array): void {
    this.#digest.update(chunk);
  }

  /** The second half of `write`; the pieces may be others. */
  verify(chunk: Uint8Array): void {
    this.#splitter.write(chunk);
  }

  /** Whether all that is asked of the stream can be told of its parts. */
  get canJoin(): boolean {
    return this.#verifier.canJoinParts;
  }

  /**
   * Takes over the next bytes, which have been verified elsewhere.
   *
   * @param part what a PartVerifier says of them
   * @param bytes how many they are
   * @returns false when they do not fit as they are, or the part begins within a line; `verify` is to be called with them then
   */
  join(part: VerifiedPart, bytes: number): boolean {
    if (!this.#splitter.isAtLineStart || !this.#verifier.joinPart(part, this.#splitter.place)) {
      return false;
    }
    this.#splitter.skip(part.records, bytes);
    return true;
  }

  finish(): StreamVerification {
    this.#splitter.end();
    const summary = this.#verifier.finish();
    return { summary, findings: this.#verifier.findings, sha256: this.#digest.digest('hex') };
  }
}
