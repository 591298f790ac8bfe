import { createHash } from 'node:crypto';
import { MAX_RECORD_BYTES } from '../limits.ts';
import type { FindingList } from './findings.ts';
import { LineSplitter } from './line-splitter.ts';
import { type StreamSummary, StreamVerifier, type StreamVerifierOptions } from './verifier.ts';

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
    this.#digest.update(chunk);
    this.#splitter.write(chunk);
  }

  finish(): StreamVerification {
    this.#splitter.end();
    const summary = this.#verifier.finish();
    return { summary, findings: this.#verifier.findings, sha256: this.#digest.digest('hex') };
  }
}
