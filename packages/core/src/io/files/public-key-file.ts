import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { ed25519PublicKeys } from '../../domain/keys/ed25519.ts';
import { MAX_PUBLIC_KEY_FILE_BYTES } from '../../domain/limits.ts';
import { FileProblem, readRegularFile } from './read-regular-file.ts';

/**
 * Reads Ed25519 public keys from a file of PEM blocks.
 *
 * @param name how messages call it
 * @throws ConfigurationError CAVRA-E223
 */
export async function readPublicKeyFile(path: string, name: string): Promise<readonly KeyObject[]> {
  const bytes = await readBytes(path, name);
  return ed25519PublicKeys(Buffer.from(bytes).toString('latin1'), `the file ${name}`);
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MAX_PUBLIC_KEY_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E223', `the file ${name} ${error.message}`, { cause: error });
  }
}
