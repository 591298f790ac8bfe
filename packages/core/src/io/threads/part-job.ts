import { PartFactsCollector } from '../../domain/checkpoint/stream-facts.ts';
import { type EvidenceExpectations, ExpectationCheck } from '../../domain/verification/expectations.ts';
import { FolderCheck, type SideFiles } from '../../domain/verification/folder-check.ts';
import type { SignaturePolicy } from '../../domain/verification/signatures.ts';
import type { RecordObserver, VerifiedPart } from '../../domain/verification/verifier.ts';

/** What is asked of the records of a stream, as plain data that can be sent to another thread. */
export interface PartJob {
  readonly signatures: SignaturePolicy;
  /** The files beside the stream, which a FolderCheck compares. */
  readonly sideFiles: SideFiles | undefined;
  readonly expectations: EvidenceExpectations | undefined;
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** Whether a checkpoint is held against the stream. */
  readonly facts: boolean;
}

/** Observers of one part, in the order in which those of the whole stream are. */
export function partObservers({ sideFiles, expectations, nowMs, facts }: PartJob): readonly RecordObserver[] {
  return [
    ...(sideFiles === undefined ? [] : [new FolderCheck(sideFiles)]),
    ...(expectations === undefined ? [] : [new ExpectationCheck(expectations, nowMs)]),
    ...(facts ? [new PartFactsCollector()] : []),
  ];
}

/** Verifies parts of one stream apart from each other. */
export interface PartVerifiers {
  /** How many parts should be on their way, so that nobody who verifies has to wait. */
  readonly lookahead: number;
  /** Memory for one part, always of the same size. */
  allocate(): Uint8Array;
  /**
   * @param memory from `allocate`, which must not change before the answer
   * @param length bytes of it to verify: whole lines
   * @returns undefined when anything is wrong, be it with the part or with who verifies
   */
  verify(memory: Uint8Array, length: number): Promise<VerifiedPart | undefined>;
  close(): Promise<void>;
}
