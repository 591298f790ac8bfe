import { parseBundle, type SealedEnvelope } from '../domain/checkpoint/bundle.ts';
import { CheckpointError } from '../domain/checkpoint/error.ts';
import { KEYS_ONLY, type SealTrust } from '../domain/checkpoint/seal-trust.ts';
import { DerError } from '../domain/der/der.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { certificateIdentity } from '../domain/keyless/certificate-identity.ts';
import type { ExpectedIdentity } from '../domain/keyless/expected-identity.ts';
import type { TrustedRoot } from '../domain/keyless/trusted-root.ts';
import { printableName } from '../domain/text/printable.ts';
import type { TimestampAuthorities } from '../domain/timestamp/verify.ts';
import { readCertificate } from '../domain/x509/certificate.ts';

/** Whose timestamps and keyless seals a reader believes. */
export interface SealQuestion {
  /** Undefined: the embedded root of Sigstore's public instance. */
  readonly root?: TrustedRoot;
  /** Authorities of time that the reader names, in place of those of the root. */
  readonly authorities?: readonly TimestampAuthorities[];
  /** Whose keyless seals are accepted; empty: nobody's. */
  readonly identities: readonly ExpectedIdentity[];
}

/**
 * A keyless seal proves that somebody made it: whoever reads it must say who that may be.
 *
 * @throws ConfigurationError CAVRA-E261 naming whose it says that it is
 */
export function requireExpectedIdentity(bundle: Uint8Array | undefined, { identities }: SealQuestion): void {
  const certificate = peek(bundle)?.certificate;
  if (certificate === undefined || identities.length > 0) return;
  throw new ConfigurationError(
    'CAVRA-E261',
    `the evidence is sealed without a key, by ${claimedIdentity(certificate)}`,
  );
}

/** What a certificate says, before anything of it is believed. */
function claimedIdentity(bytes: Uint8Array): string {
  try {
    const { subject, issuer } = certificateIdentity(readCertificate(bytes));
    return printableName(`${subject} of ${issuer}, as it says`);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return 'a certificate that names nobody';
  }
}

/**
 * Makes what checkpoints are opened with. Authorities and the library for certificates are loaded only where one of the bundles has
 * something for them to judge.
 *
 * @param bundles of the checkpoints that are about to be opened
 */
export async function sealTrustFor(
  bundles: readonly (Uint8Array | undefined)[],
  question: SealQuestion,
): Promise<SealTrust> {
  const envelopes = bundles.flatMap((bytes) => peek(bytes) ?? []);
  const hasCertificate = envelopes.some(({ certificate }) => certificate !== undefined);
  const hasTimestamps = envelopes.some(({ timestamps = [] }) => timestamps.length > 0);
  const { identities, authorities } = question;
  const root = hasCertificate || hasTimestamps ? (question.root ?? (await publicRoot())) : undefined;
  const keyless =
    identities.length === 0 ? undefined : { identities, checkCertificate: await check(root, hasCertificate) };
  return {
    authorities: authorities ?? (root === undefined ? KEYS_ONLY.authorities : rootTimestampAuthorities(root)),
    arePinned: authorities !== undefined,
    keyless,
  };
}

async function check(root: TrustedRoot | undefined, hasCertificate: boolean) {
  if (root === undefined || !hasCertificate) return undefined;
  const { createCertificateCheck } = await import('./certificate-check.ts');
  return createCertificateCheck(root);
}

/** The embedded root of Sigstore's public instance. */
export async function publicRoot(): Promise<TrustedRoot> {
  const { publicTrustedRoot } = await import('../domain/keyless/public-instance/public-root.ts');
  return publicTrustedRoot();
}

/** A root's authorities of time; every certificate of their chains is trusted as it is. */
export function rootTimestampAuthorities({ timestampAuthorities }: TrustedRoot): readonly TimestampAuthorities[] {
  return timestampAuthorities.map(({ chain, period }) => ({ anchors: chain, others: [], period }));
}

/** What is no bundle is said when it is opened. */
function peek(bytes: Uint8Array | undefined): SealedEnvelope | undefined {
  if (bytes === undefined) return undefined;
  try {
    return parseBundle(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return undefined;
  }
}
