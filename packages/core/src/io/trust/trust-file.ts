import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { fileReference } from '../../domain/pull-request/pin.ts';
import { type NamedFile, readNamedFile, readRegularFile } from '../files/read-regular-file.ts';

/** A file that says whom to trust, read once. */
export interface TrustFile {
  /** The file's own path, without its pin. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads a file of role trust: a policy, a keyring, a JWKS, public keys, certificates. Its name may be `FILE@sha256:HEX`, which pins the
 * very bytes that are returned.
 *
 * @param reference a path, with or without a pin
 * @throws ConfigurationError the code of `named`: it cannot be read; CAVRA-E218 it is not the pinned file, CAVRA-E201 the pin is none
 */
export function readTrustFile(reference: string, named: NamedFile): Promise<TrustFile> {
  return pinned(reference, named.what, (path) => readNamedFile(path, named));
}

/**
 * The same for a reader who says in another way that the file cannot be read.
 *
 * @throws FileProblem it cannot be read
 * @throws ConfigurationError CAVRA-E218, CAVRA-E201
 */
export function readTrustBytes(reference: string, maxBytes: number, what: string): Promise<TrustFile> {
  return pinned(reference, what, (path) => readRegularFile(path, maxBytes));
}

async function pinned(
  reference: string,
  what: string,
  read: (path: string) => Promise<Uint8Array>,
): Promise<TrustFile> {
  const { path, sha256: pin } = fileReference(reference);
  const bytes = await read(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (pin !== undefined && pin !== sha256) throw otherFile(what, sha256, pin);
  return { path, bytes, sha256 };
}

/** What is said of a file that is not the pinned one, with both digests. */
export function otherFile(what: string, sha256: string, pin: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E218', `${what} has the SHA-256 ${sha256}, expected ${pin}`);
}
