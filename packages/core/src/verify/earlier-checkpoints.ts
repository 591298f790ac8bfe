import { type AttestationTrust, type Checkpoint, openCheckpoint } from '../domain/checkpoint/checkpoint.ts';
import { CheckpointError } from '../domain/checkpoint/error.ts';
import type { EarlierCheckpoint } from '../domain/checkpoint/verification.ts';
import { signerValidity } from '../domain/checkpoint/vouching.ts';
import { EvidenceError } from '../domain/diagnosis.ts';

/** A file that was read, and its name for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Opens checkpoints that are to be believed: each must be signed by a trusted key that counted when it was made.
 *
 * @throws EvidenceError CAVRA-E405 naming the one that is not
 */
export function openEarlierCheckpoints(
  files: readonly NamedBytes[],
  trust: readonly AttestationTrust[],
): readonly EarlierCheckpoint[] {
  const earlier = files.map(({ name, bytes }) => ({ name, checkpoint: open(name, bytes, trust) }));
  const all = earlier.map(({ checkpoint }) => checkpoint);
  for (const { name, checkpoint } of earlier) {
    const validity = signerValidity(checkpoint, all);
    if (validity !== 'valid') {
      const reason = `its key ${checkpoint.keyId} is ${validity.replaceAll('_', ' ')}`;
      throw new EvidenceError('CAVRA-E405', `the checkpoint ${name} does not count: ${reason}`);
    }
  }
  return earlier;
}

function open(name: string, bytes: Uint8Array, trust: readonly AttestationTrust[]): Checkpoint {
  if (trust.length === 0)
    throw new EvidenceError('CAVRA-E405', `no key was given to check the checkpoint ${name} with`);
  try {
    return openCheckpoint(bytes, trust);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new EvidenceError('CAVRA-E405', `the checkpoint ${name} cannot be believed: ${error.message}`, {
      cause: error,
    });
  }
}
