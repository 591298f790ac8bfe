import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type Der, DerError, TAG } from '../der/der.ts';
import { digestOf, isSigned } from '../x509/algorithms.ts';
import { type Certificate, EXTENSION, extendedKeyUsage, maySign } from '../x509/certificate.ts';
import { findChain } from '../x509/chain.ts';
import { ATTRIBUTE, readTimestampReply, type TimestampReply } from './reply.ts';

/** Authorities whose word on time is believed. */
export interface TimestampAuthorities {
  /** An authority's own certificate, or that of who issued it. */
  readonly anchors: readonly Certificate[];
  /** Certificates in between, believed only where an anchor stands behind them. */
  readonly others: readonly Certificate[];
  /** When each authority's word counts, Unix milliseconds, both included; undefined: always. */
  readonly period?: { readonly startMs: number; readonly endMs: number };
}

/** A time that an authority proved. */
export interface ProvenTime {
  /** Unix milliseconds, and by how many it may be wrong. */
  readonly timeMs: number;
  readonly accuracyMs: number;
  /** The authority's name as its certificate has it. */
  readonly authority: string;
}

/** What became of a timestamp: `unpinned`: nobody pinned its authority, so that nothing is known; `invalid`: it proves nothing about this signature. */
export type TimestampVerdict =
  | ({ readonly state: 'proven' } & ProvenTime)
  | { readonly state: 'unpinned'; readonly authority: string }
  | { readonly state: 'invalid'; readonly reason: string };

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/**
 * Judges a timestamp over a signature (RFC 3161 section 2.3 and 2.4.2): what was stamped, the authority's signature, its certificate,
 * and whether a pinned authority stands behind it.
 *
 * @param reply TimeStampResp in DER
 * @param signature the raw bytes that must have been stamped
 */
export function verifyTimestamp(
  reply: Uint8Array,
  signature: Uint8Array,
  authorities: readonly TimestampAuthorities[],
): TimestampVerdict {
  try {
    return judge(readTimestampReply(reply), signature, authorities);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { state: 'invalid', reason: error.message };
  }
}

function judge(
  reply: TimestampReply,
  stamped: Uint8Array,
  authorities: readonly TimestampAuthorities[],
): TimestampVerdict {
  const { info } = reply;
  const imprint = digest(info.imprintAlgorithm, stamped);
  if (imprint === undefined || !imprint.equals(info.imprint)) return invalid('it is of another signature');
  const pinned = authorities.flatMap(({ anchors, others }) => [...anchors, ...others]);
  const leaf = [...reply.certificates, ...pinned].find((certificate) => isSigner(certificate, reply));
  if (leaf === undefined) return { state: 'unpinned', authority: 'an authority without a certificate' };
  const fault = signatureFault(reply, leaf) ?? certificateFault(leaf);
  if (fault !== undefined) return invalid(fault);
  return chained(reply, leaf, authorities);
}

function chained(
  reply: TimestampReply,
  leaf: Certificate,
  authorities: readonly TimestampAuthorities[],
): TimestampVerdict {
  const { timeMs, accuracyMs } = reply.info;
  const authority = nameOf(leaf);
  let fault: string | undefined;
  for (const { anchors, others, period } of authorities) {
    const chain = findChain({ leaf, anchors, others: [...others, ...reply.certificates], atMs: timeMs });
    if (chain === 'unanchored') continue;
    const isInPeriod = period === undefined || (period.startMs <= timeMs && timeMs <= period.endMs);
    if (chain === 'invalid' || !isInPeriod) {
      fault = 'the certificates of its authority were not valid at that time';
    } else if (!namesChain(reply, chain)) {
      fault = 'it names other certificates than those of its authority';
    } else {
      return { state: 'proven', timeMs, accuracyMs, authority };
    }
  }
  return fault === undefined ? { state: 'unpinned', authority } : invalid(fault);
}

function isSigner({ issuer, serial }: Certificate, { signer }: TimestampReply): boolean {
  return issuer.equals(signer.issuer) && serial.equals(signer.serial);
}

/** The authority signs attributes, one of which is the digest of what it says, and one of which names its certificate. */
function signatureFault({ signer, infoBytes }: TimestampReply, { publicKey }: Certificate): string | undefined {
  const { attributes, digestAlgorithm, signedBytes, signature, signatureAlgorithm } = signer;
  const hash = digestOf(digestAlgorithm);
  const contentType = attributes.get(ATTRIBUTE.contentType)?.oid();
  const stated = attributes.get(ATTRIBUTE.messageDigest)?.expect(TAG.octetString).content;
  if (hash === undefined || contentType !== TIMESTAMP_INFO_TYPE || stated === undefined) {
    return 'its authority does not sign what it says';
  }
  if (!createHash(hash).update(infoBytes).digest().equals(stated)) return 'its authority signs another time';
  const isRight = isSigned(signedBytes, signature, { oid: signatureAlgorithm, digest: hash, key: publicKey });
  return isRight ? undefined : 'the signature of its authority is not right';
}

const TIMESTAMP_INFO_TYPE = '1.2.840.113549.1.9.16.1.4';

/** RFC 3161 section 2.3: a key that signs timestamps and nothing else. */
function certificateFault(leaf: Certificate): string | undefined {
  const usages = extendedKeyUsage(leaf) ?? [];
  const isCritical = leaf.extensions.get(EXTENSION.extendedKeyUsage)?.critical === true;
  const isForTime = usages.length === 1 && usages[0] === TIME_STAMPING && isCritical && maySign(leaf);
  return isForTime ? undefined : 'the certificate of its authority is not for timestamps alone';
}

/** The first certificate that the authority names must be its own; each other one must be in the chain (RFC 5035 section 3). */
function namesChain({ signer }: TimestampReply, chain: readonly Certificate[]): boolean {
  const v1 = signer.attributes.get(ATTRIBUTE.signingCertificate);
  const v2 = signer.attributes.get(ATTRIBUTE.signingCertificateV2);
  const lists = [
    ...(v1 === undefined ? [] : [certificateIds(v1).map((id) => readId(id, 'sha1'))]),
    ...(v2 === undefined ? [] : [certificateIds(v2).map((id) => readId(id, undefined))]),
  ];
  return (
    lists.length > 0 && lists.every((ids) => ids.length > 0 && ids.every((id, index) => isNamed(id, index, chain)))
  );
}

interface CertificateId {
  /** Name in node:crypto; undefined: it does not count. */
  readonly hash: string | undefined;
  readonly digest: Buffer;
}

function certificateIds(attribute: Der): readonly Der[] {
  return attribute.expect(TAG.sequence).elements().next(TAG.sequence).elements().rest();
}

/** ESSCertID has SHA-1, which serves here beside a signature that has not; ESSCertIDv2 has SHA-256 where it names none. */
function readId(id: Der, fixed: string | undefined): CertificateId {
  const parts = id.expect(TAG.sequence).elements();
  const named = fixed === undefined ? parts.optional(TAG.sequence) : undefined;
  const hash = fixed ?? (named === undefined ? 'sha256' : digestOf(named.elements().next(TAG.oid).oid()));
  return { hash, digest: parts.next(TAG.octetString).content };
}

function isNamed({ hash, digest: expected }: CertificateId, index: number, chain: readonly Certificate[]): boolean {
  if (hash === undefined) return false;
  const candidates = index === 0 ? chain.slice(0, 1) : chain;
  return candidates.some(({ bytes }) => createHash(hash).update(bytes).digest().equals(expected));
}

function digest(oid: string, data: Uint8Array): Buffer | undefined {
  const hash = digestOf(oid);
  return hash === undefined ? undefined : createHash(hash).update(data).digest();
}

/** The common name where there is one, in one line. */
function nameOf({ x509 }: Certificate): string {
  const common = /^CN=(.*)$/mu.exec(x509.subject)?.[1];
  return common ?? x509.subject.replace(/\n/gu, ', ');
}

function invalid(reason: string): TimestampVerdict {
  return { state: 'invalid', reason };
}
