import { Buffer } from 'node:buffer';
import { resolve } from 'node:path';
import { DerError } from '../domain/der/der.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { ExpectedIdentity } from '../domain/keyless/expected-identity.ts';
import { parseTrustedRoot, type TrustedRoot } from '../domain/keyless/trusted-root.ts';
import { MAX_CONFIGURATION_FILE_BYTES, MAX_PINNED_CERTIFICATES } from '../domain/limits.ts';
import { oneLine } from '../domain/text/printable.ts';
import type { TimestampAuthorities } from '../domain/timestamp/verify.ts';
import { readCertificatesPem } from '../domain/x509/certificate.ts';
import { readTrustFile } from '../io/trust/trust-file.ts';
import type { SealQuestion } from './seal-trust.ts';

/** Files that say whose seals count; as given, `FILE@sha256:HEX` included. */
export interface SealFiles {
  /** A trusted root in place of the embedded one. */
  readonly trustedRoot?: string | undefined;
  /** Certificates of an authority of time in place of those of the root. */
  readonly timestampCertificate?: string | undefined;
  /** Whose keyless seals are accepted. */
  readonly identities?: readonly ExpectedIdentity[];
}

/**
 * Reads whose seals count.
 *
 * @param workingDirectory absolute
 * @throws ConfigurationError CAVRA-E260 the trusted root, CAVRA-E264 the certificates, CAVRA-E218 one is not the pinned file
 */
export async function readSealQuestion(files: SealFiles, workingDirectory: string): Promise<SealQuestion> {
  const { trustedRoot, timestampCertificate, identities = [] } = files;
  return {
    identities,
    ...(trustedRoot === undefined ? {} : { root: await readTrustedRootFile(trustedRoot, workingDirectory) }),
    ...(timestampCertificate === undefined
      ? {}
      : { authorities: await readTimestampCertificates(timestampCertificate, workingDirectory) }),
  };
}

/** @throws ConfigurationError CAVRA-E260, CAVRA-E218 */
export async function readTrustedRootFile(reference: string, workingDirectory: string): Promise<TrustedRoot> {
  const what = `the trusted root ${oneLine(reference)}`;
  const named = { what, maxBytes: MAX_CONFIGURATION_FILE_BYTES, code: 'CAVRA-E260' } as const;
  const { bytes } = await readTrustFile(resolve(workingDirectory, reference), named);
  return parseTrustedRoot(bytes, what);
}

/** @throws ConfigurationError CAVRA-E264, CAVRA-E218 */
export async function readTimestampCertificates(
  reference: string,
  workingDirectory: string,
): Promise<readonly TimestampAuthorities[]> {
  const what = `the timestamp certificate ${oneLine(reference)}`;
  const named = { what, maxBytes: MAX_CONFIGURATION_FILE_BYTES, code: 'CAVRA-E264' } as const;
  const { bytes } = await readTrustFile(resolve(workingDirectory, reference), named);
  try {
    return [
      { anchors: readCertificatesPem(Buffer.from(bytes).toString('latin1'), MAX_PINNED_CERTIFICATES), others: [] },
    ];
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new ConfigurationError('CAVRA-E264', `${what}: ${error.message}`, { cause: error });
  }
}
