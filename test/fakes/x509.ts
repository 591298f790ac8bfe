import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  encode,
  generalizedTime,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utf8String,
  yes,
} from './der.ts';

/** X.509 certificates of any content, good or bad (RFC 5280 section 4.1). */

export const OID = {
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

export const DIGITAL_SIGNATURE = bitString(Buffer.from([0x80]), 7);
export const KEY_CERT_SIGN = bitString(Buffer.from([0x04]), 2);

const HOUR_MS = 3_600_000;

/** Unix ms. */
export interface Period {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** From an hour ago for a day. */
export function defaultPeriod(): Period {
  return { notBefore: Date.now() - HOUR_MS, notAfter: Date.now() + 24 * HOUR_MS };
}

export interface CertificatePlan {
  /** Common names. */
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly period: Period;
  readonly extensions: readonly Buffer[];
  readonly serial?: Buffer;
  /** `sha256` by default. */
  readonly digest?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
}

const NULL = encode(0x05);
const SIGNATURES: Readonly<Record<string, Readonly<Record<string, readonly [oid: string, parameters?: Buffer]>>>> = {
  ec: {
    sha1: ['1.2.840.10045.4.1'],
    sha256: ['1.2.840.10045.4.3.2'],
    sha384: ['1.2.840.10045.4.3.3'],
    sha512: ['1.2.840.10045.4.3.4'],
  },
  rsa: {
    sha1: ['1.2.840.113549.1.1.5', NULL],
    sha256: ['1.2.840.113549.1.1.11', NULL],
    sha384: ['1.2.840.113549.1.1.12', NULL],
    sha512: ['1.2.840.113549.1.1.13', NULL],
  },
};

/** AlgorithmIdentifier of a signature by a key of this kind. */
export function signatureAlgorithm(key: KeyObject, digest: string): Buffer {
  const [oid, parameters] = SIGNATURES[key.asymmetricKeyType ?? '']?.[digest] ?? [];
  if (oid === undefined) throw new Error(`no signature of ${key.asymmetricKeyType} with ${digest}`);
  return sequence(objectIdentifier(oid), ...(parameters === undefined ? [] : [parameters]));
}

/** The part of a certificate that is signed. */
export function tbsCertificate(plan: CertificatePlan): Buffer {
  const { issuer, subject, publicKey, signer, period, extensions, serial = randomBytes(16), digest = 'sha256' } = plan;
  return sequence(
    encode(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    signatureAlgorithm(signer, digest),
    distinguishedName(issuer),
    sequence(generalizedTime(period.notBefore), generalizedTime(period.notAfter)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, sequence(...extensions)),
  );
}

/** A certificate in DER. */
export function certify(plan: CertificatePlan): Buffer {
  const { signer, digest = 'sha256' } = plan;
  const toBeSigned = tbsCertificate(plan);
  return sequence(toBeSigned, signatureAlgorithm(signer, digest), bitString(sign(digest, toBeSigned, signer)));
}

export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

/** @param value DER */
export function extension(identifier: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(identifier), ...(critical ? [yes] : []), octetString(value));
}

/** What makes a certificate one of an authority. */
export function authorityExtensions(publicKey: KeyObject): readonly Buffer[] {
  return [
    extension(OID.basicConstraints, sequence(yes), true),
    extension(OID.keyUsage, KEY_CERT_SIGN, true),
    extension(OID.subjectKeyId, octetString(keyId(publicKey))),
  ];
}

export function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}
