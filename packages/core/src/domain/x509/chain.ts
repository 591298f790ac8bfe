import { MAX_CERTIFICATE_CHAIN } from '../limits.ts';
import { isKnownSignature } from './algorithms.ts';
import { authorityDepth, type Certificate, EXTENSION } from './certificate.ts';

/** Whom a chain must lead to, and what may stand in between. */
export interface ChainQuestion {
  readonly leaf: Certificate;
  /** Certificates that are trusted as they are. */
  readonly anchors: readonly Certificate[];
  /** Certificates that are believed only where an anchor stands behind them. */
  readonly others: readonly Certificate[];
  /** When each of the chain's certificates must be valid; Unix milliseconds. */
  readonly atMs: number;
}

/** Why there is no chain: `unanchored`: it leads to no anchor; `invalid`: it does, but one of its certificates does not hold. */
export type ChainFault = 'unanchored' | 'invalid';

/**
 * Finds a chain from a certificate to one that is trusted (RFC 5280 section 6, without policies and name constraints: a certificate that
 * has them as critical is not accepted).
 *
 * @returns the chain, the leaf first and the anchor last
 * @throws DerError an extension that is read here is malformed
 */
export function findChain(question: ChainQuestion): readonly Certificate[] | ChainFault {
  const paths = pathsFrom([question.leaf], question);
  if (paths.length === 0) return 'unanchored';
  return paths.find((path) => holds(path, question.atMs)) ?? 'invalid';
}

/** Every path to an anchor by name and signature. */
function pathsFrom(path: readonly Certificate[], question: ChainQuestion): readonly (readonly Certificate[])[] {
  const last = path.at(-1);
  if (last === undefined || path.length > MAX_CERTIFICATE_CHAIN) return [];
  if (question.anchors.some((anchor) => anchor.bytes.equals(last.bytes))) return [path];
  return [...question.anchors, ...question.others]
    .filter((issuer) => !path.some(({ bytes }) => bytes.equals(issuer.bytes)) && isIssuedBy(last, issuer))
    .flatMap((issuer) => pathsFrom([...path, issuer], question));
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return (
    certificate.issuer.equals(issuer.subject) &&
    isKnownSignature(certificate.signatureAlgorithm) &&
    certificate.x509.verify(issuer.publicKey)
  );
}

function holds(path: readonly Certificate[], atMs: number): boolean {
  return path.every(
    (certificate, index) =>
      certificate.notBefore <= atMs &&
      atMs <= certificate.notAfter &&
      hasNothingUnknown(certificate) &&
      // Between an authority and the leaf stand as many authorities as its place says.
      (index === 0 || (authorityDepth(certificate) ?? -1) >= index - 1),
  );
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
]);

function hasNothingUnknown({ extensions }: Certificate): boolean {
  return [...extensions].every(([oid, { critical }]) => !critical || UNDERSTOOD.has(oid));
}
