import { bundleFromJSON } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { bundleText } from '../domain/checkpoint/bundle.ts';
import type { CertificateCheck } from '../domain/checkpoint/seal-trust.ts';
import type { RootAuthority, RootPeriod, TrustedRoot } from '../domain/keyless/trusted-root.ts';

/**
 * Checks certificates by Sigstore's own library: the chain to the root, the promise of a log in the certificate, and the signature
 * (docs/decisions/0013-own-timestamps.md). The time is proven before, by `domain/timestamp`.
 *
 * @param root whose authorities and logs are trusted
 */
export function createCertificateCheck(root: TrustedRoot): CertificateCheck {
  const verifier = new Verifier(toTrustMaterial(libraryRoot(root)), {
    tlogThreshold: 0,
    ctlogThreshold: 1,
    timestampThreshold: 1,
  });
  return (envelope, atMs) => {
    const { timestamps: _, ...sealed } = envelope;
    try {
      const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundleText(sealed))));
      verifier.verify({ ...entity, timestamps: [provenAt(atMs)] });
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  };
}

/** Hostile bytes can make the library fail in any way: none of them is a certificate that counts. */
function reasonOf(error: unknown): string {
  if (!(error instanceof VerificationError)) return 'its certificate cannot be read';
  switch (error.code) {
    case 'SIGNATURE_ERROR':
      return 'the signature is not that of the certificate’s key over this statement';
    case 'CERTIFICATE_ERROR':
      return `its certificate does not lead to the trusted root at the proven time: ${error.message}`;
    default:
      return `its certificate does not count: ${error.message}`;
  }
}

/**
 * A time that was proven already, in the one form in which the library takes it as it is: that of a log entry, which it checks elsewhere
 * and of which there is none here.
 */
function provenAt(atMs: number): SignedEntity['timestamps'][number] {
  return {
    $case: 'transparency-log',
    tlogEntry: {
      logIndex: '0',
      logId: { keyId: Buffer.alloc(0) },
      kindVersion: { kind: '', version: '' },
      integratedTime: String(Math.floor(atMs / 1000)),
      inclusionPromise: { signedEntryTimestamp: Buffer.alloc(0) },
      inclusionProof: undefined,
      canonicalizedBody: Buffer.alloc(0),
    },
  };
}

type LibraryRoot = Parameters<typeof toTrustMaterial>[0];

/** The root in the library's form. Its logs of signatures and its authorities of time are not asked there. */
function libraryRoot({ certificateAuthorities, certificateLogs }: TrustedRoot): LibraryRoot {
  return {
    mediaType: '',
    tlogs: [],
    timestampAuthorities: [],
    certificateAuthorities: certificateAuthorities.map(libraryAuthority),
    ctlogs: certificateLogs.map(({ id, publicKey, period }) => ({
      baseUrl: '',
      hashAlgorithm: 0,
      publicKey: { rawBytes: publicKey, keyDetails: 0, validFor: libraryPeriod(period) },
      logId: { keyId: id },
      checkpointKeyId: undefined,
      operator: '',
    })),
  };
}

function libraryAuthority({ chain, period }: RootAuthority): LibraryRoot['certificateAuthorities'][number] {
  return {
    subject: undefined,
    uri: '',
    certChain: { certificates: chain.map(({ bytes }) => ({ rawBytes: bytes })) },
    validFor: libraryPeriod(period),
    operator: '',
  };
}

function libraryPeriod({ startMs, endMs }: RootPeriod) {
  return { start: new Date(startMs), end: new Date(endMs) };
}
