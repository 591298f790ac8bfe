import type { CertificateIdentity } from './certificate-identity.ts';
import { webAddressOf } from './web-address.ts';

/** Whose keyless seals are accepted. Everything is compared exactly. */
export interface ExpectedIdentity {
  /** The token's issuer. */
  readonly issuer: string;
  /** Full name of a repository on that issuer's server, ... */
  readonly repository?: string;
  /** ... or the certificate's name, as cosign's `--certificate-identity` has it. */
  readonly certificateIdentity?: string;
}

/** Whether a certificate is that of an expected identity. */
export function isExpected(found: CertificateIdentity, expected: ExpectedIdentity): boolean {
  const { issuer, repository, certificateIdentity } = expected;
  if (repository === undefined && certificateIdentity === undefined) return false;
  return (
    found.issuer === issuer &&
    (repository === undefined || found.repositoryUri === `${webAddressOf(issuer)}/${repository}`) &&
    (certificateIdentity === undefined || found.subject === certificateIdentity)
  );
}

/** For messages. */
export function describeExpected({ issuer, repository, certificateIdentity }: ExpectedIdentity): string {
  return `${certificateIdentity ?? repository ?? 'nobody'} of ${issuer}`;
}
