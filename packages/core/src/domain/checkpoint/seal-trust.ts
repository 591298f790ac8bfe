import { DerError } from '../der/der.ts';
import { type CertificateIdentity, certificateIdentity } from '../keyless/certificate-identity.ts';
import { describeExpected, type ExpectedIdentity, isExpected } from '../keyless/expected-identity.ts';
import { describeDisagreement, identityDisagreements } from '../keyless/identity-agreement.ts';
import { formatTimestamp } from '../time/timestamp.ts';
import {
  type ProvenTime,
  type TimestampAuthorities,
  type TimestampVerdict,
  verifyTimestamp,
} from '../timestamp/verify.ts';
import type { RunnerIdentity } from '../wire/messages.ts';
import { readCertificate } from '../x509/certificate.ts';
import type { SealedEnvelope } from './bundle.ts';
import { CheckpointError } from './error.ts';

/** Whose word counts beside that of keys: authorities of time, and those who certify the keys of single runs. */
export interface SealTrust {
  readonly authorities: readonly TimestampAuthorities[];
  /** Whether the reader named these authorities: a timestamp of any other is then a fault, and not only unchecked. */
  readonly arePinned: boolean;
  /** Undefined: keyless seals are not accepted. */
  readonly keyless: KeylessTrust | undefined;
}

export interface KeylessTrust {
  /** One of these must have sealed. */
  readonly identities: readonly ExpectedIdentity[];
  /** Undefined: nothing with a certificate is read. */
  readonly checkCertificate: CertificateCheck | undefined;
}

/**
 * Checks that the pinned authority issued the envelope's certificate, that a log promised to publish it, that it was valid at a moment,
 * and that its key signed the envelope.
 *
 * @param atMs Unix milliseconds
 * @returns why not; undefined: all of it holds
 */
export type CertificateCheck = (envelope: SealedEnvelope, atMs: number) => string | undefined;

/** Nobody is trusted but keys. */
export const KEYS_ONLY: SealTrust = { authorities: [], arePinned: false, keyless: undefined };

/** @throws CheckpointError timestamp_invalid, timestamp_unpinned */
export function judgeTimestamps(
  { signature, timestamps = [] }: SealedEnvelope,
  { authorities, arePinned }: SealTrust,
): readonly TimestampVerdict[] {
  const verdicts = timestamps.map((timestamp) => verifyTimestamp(timestamp, signature, authorities));
  for (const verdict of verdicts) {
    if (verdict.state === 'invalid') {
      throw new CheckpointError('timestamp_invalid', `its timestamp proves nothing: ${verdict.reason}`);
    }
    if (verdict.state === 'unpinned' && arePinned) {
      const message = `its timestamp is of ${verdict.authority}, which is not one of the authorities that were given`;
      throw new CheckpointError('timestamp_unpinned', message);
    }
  }
  return verdicts;
}

/** The earliest of the proven times; undefined: there is none. */
export function earliestProven(verdicts: readonly TimestampVerdict[]): ProvenTime | undefined {
  return verdicts
    .filter((verdict) => verdict.state === 'proven')
    .sort((a, b) => a.timeMs + a.accuracyMs - (b.timeMs + b.accuracyMs))[0];
}

/**
 * Reads whose a keyless seal is. What it seals is not looked at before.
 *
 * @throws CheckpointError
 */
export function openCertificate(
  envelope: SealedEnvelope,
  certificate: Uint8Array,
  time: ProvenTime | undefined,
  { identities, checkCertificate }: KeylessTrust,
): CertificateIdentity {
  if (time === undefined) {
    const message = 'nobody proved when it was sealed, and its certificate was valid for minutes only';
    throw new CheckpointError('timestamp_missing', message);
  }
  const identity = readIdentity(certificate, time.timeMs);
  const fault =
    checkCertificate === undefined ? 'its certificate was not checked' : checkCertificate(envelope, time.timeMs);
  if (fault !== undefined) throw new CheckpointError('certificate_untrusted', fault);
  if (!identities.some((expected) => isExpected(identity, expected))) {
    const expected = identities.map(describeExpected).join(' or ');
    const message = `it is sealed by ${identity.subject} of ${identity.issuer}, expected ${expected}`;
    throw new CheckpointError('identity_unexpected', message);
  }
  return identity;
}

function readIdentity(bytes: Uint8Array, atMs: number): CertificateIdentity {
  try {
    const certificate = readCertificate(bytes);
    const { notBefore, notAfter } = certificate;
    if (atMs < notBefore || atMs > notAfter) {
      const [from, to, at] = [notBefore, notAfter, atMs].map(formatTimestamp);
      throw new CheckpointError(
        'certificate_untrusted',
        `its certificate was valid from ${from} to ${to}, and it was sealed at ${at}`,
      );
    }
    return certificateIdentity(certificate);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CheckpointError('certificate_untrusted', `the certificate does not count: ${error.message}`, {
      cause: error,
    });
  }
}

/** @throws CheckpointError certificate_mismatch */
export function requireAgreement(certificate: CertificateIdentity, identity: RunnerIdentity): void {
  const differences = identityDisagreements(certificate, identity);
  if (differences.length > 0) {
    throw new CheckpointError('certificate_mismatch', differences.map(describeDisagreement).join('; '));
  }
}
