import { Buffer } from 'node:buffer';
import { ConfigurationError } from '../diagnosis.ts';
import type { RecordReader } from '../evidence/record-reader.ts';
import type { MerkleTree } from '../merkle/merkle.ts';
import { InclusionProver } from '../merkle/merkle-proof.ts';
import type { FindingPlace } from '../verification/findings.ts';
import type { RecordObserver } from '../verification/verifier.ts';
import { inclusionProofText } from './inclusion-proof.ts';

/** Takes one record out of a stream together with the proof that it is in it. */
export class InclusionRecorder implements RecordObserver {
  readonly #record: number;
  readonly #tree: MerkleTree;
  readonly #prover: InclusionProver;
  #line: Buffer | undefined;

  /** @param record its number, from 1 */
  constructor(tree: MerkleTree, record: number) {
    this.#tree = tree;
    this.#record = record;
    this.#prover = new InclusionProver(tree, record - 1);
  }

  record({ scan }: RecordReader, { record }: FindingPlace): void {
    if (record === this.#record) this.#line = Buffer.from(scan.line);
  }

  finish(): void {}

  /**
   * The proof's file; undefined: there is no checkpoint.
   *
   * @throws ConfigurationError CAVRA-E217 the stream has no such record
   */
  proofText(checkpoint: Uint8Array | undefined): string | undefined {
    if (checkpoint === undefined) return undefined;
    if (this.#line === undefined) {
      const message = `there is no record ${this.#record}: the stream has ${this.#tree.size}`;
      throw new ConfigurationError('CAVRA-E217', message);
    }
    return inclusionProofText({
      line: this.#line,
      record: this.#record,
      size: this.#tree.size,
      path: this.#prover.proof(),
      checkpoint,
    });
  }
}
