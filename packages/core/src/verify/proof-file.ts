import { resolve } from 'node:path';
import { MAX_INCLUSION_PROOF_BYTES } from '../domain/checkpoint/inclusion-proof.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { Clock } from '../domain/ports.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import { loadVerificationKeys, type VerificationKeyOptions } from './verification-keys.ts';
import { type InclusionOutcome, verifyInclusionProof } from './verify-proof.ts';

export interface VerifyProofOptions extends VerificationKeyOptions {
  /** Of the proof's file, as given. */
  readonly path: string;
  readonly expectations?: EvidenceExpectations;
  readonly now: Clock;
}

/**
 * Verifies the file of an inclusion proof: one record that is under a checkpoint, without the others.
 *
 * @throws ConfigurationError CAVRA-E215 there is no public key to check the checkpoint with; CAVRA-E209, CAVRA-E216, CAVRA-E223 a file
 * @throws EvidenceError CAVRA-E405 it proves nothing
 */
export async function verifyProofFile(options: VerifyProofOptions): Promise<InclusionOutcome> {
  const { trust } = await loadVerificationKeys(options, false);
  if (trust.length === 0) {
    throw new ConfigurationError('CAVRA-E215', 'no public key was given to check the proof’s checkpoint with');
  }
  const bytes = await readProof(resolve(options.workingDirectory, options.path), options.path);
  return verifyInclusionProof(bytes, trust, options.expectations, options.now());
}

async function readProof(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MAX_INCLUSION_PROOF_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E216', `the proof ${name} ${error.message}`, { cause: error });
  }
}
