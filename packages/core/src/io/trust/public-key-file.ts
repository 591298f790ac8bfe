import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { ed25519PublicKeys } from '../../domain/keys/ed25519.ts';
import { MAX_PUBLIC_KEY_FILE_BYTES } from '../../domain/limits.ts';
import { readTrustFile } from './trust-file.ts';

/**
 * Reads Ed25519 public keys from a file of PEM blocks.
 *
 * @param path `FILE@sha256:HEX` pins it
 * @param name how messages call it
 * @throws ConfigurationError CAVRA-E223, CAVRA-E218 it is not the pinned file
 */
export async function readPublicKeyFile(path: string, name: string): Promise<readonly KeyObject[]> {
  const { bytes } = await readTrustFile(path, {
    what: `the file ${name}`,
    maxBytes: MAX_PUBLIC_KEY_FILE_BYTES,
    code: 'CAVRA-E223',
  });
  return ed25519PublicKeys(Buffer.from(bytes).toString('latin1'), `the file ${name}`);
}
