import { resolve } from 'node:path';
import { MAX_INCLUSION_PROOF_BYTES, proofCheckpoint } from '../domain/checkpoint/inclusion-proof.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { Clock } from '../domain/ports.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import { readNamedFile } from '../io/files/read-regular-file.ts';
import { readSealQuestion, type SealFiles } from './seal-question.ts';
import { sealTrustFor } from './seal-trust.ts';
import { loadVerificationKeys, type VerificationKeyOptions } from './verification-keys.ts';
import { type InclusionOutcome, verifyInclusionProof } from './verify-proof.ts';

export interface VerifyProofOptions extends VerificationKeyOptions, SealFiles {
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
  const question = await readSealQuestion(options, options.workingDirectory);
  if (trust.length + question.identities.length === 0) {
    const message =
      'no public key was given to check the proof’s checkpoint with, and no identity to expect of a keyless seal';
    throw new ConfigurationError('CAVRA-E215', message);
  }
  const bytes = await readNamedFile(resolve(options.workingDirectory, options.path), {
    what: `the proof ${options.path}`,
    maxBytes: MAX_INCLUSION_PROOF_BYTES,
  });
  const seals = await sealTrustFor([proofCheckpoint(bytes)], question);
  return verifyInclusionProof(bytes, trust, options.expectations, options.now(), seals);
}
