import type { Buffer } from 'node:buffer';
import { constructed, Der, type DerElements, DerError, TAG } from '../der/der.ts';
import { MAX_TIMESTAMP_BYTES, MAX_TIMESTAMP_CERTIFICATES } from '../limits.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';
import { readTimestampInfo, type TimestampInfo } from './info.ts';

/** What an authority answered (RFC 3161 section 2.4.2, RFC 5652 section 5): read, and nothing of it believed yet. */
export interface TimestampReply {
  readonly info: TimestampInfo;
  /** The bytes that say it, whose digest the authority signs among its attributes. */
  readonly infoBytes: Buffer;
  readonly certificates: readonly Certificate[];
  readonly signer: TimestampSigner;
}

export interface TimestampSigner {
  /** DER of the issuer's name and content of the serial number of the signer's certificate. */
  readonly issuer: Buffer;
  readonly serial: Buffer;
  /** Object identifiers. */
  readonly digestAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  /** The attributes as they are signed: a SET OF. */
  readonly signedBytes: Buffer;
  /** Content of each attribute's single value, by object identifier. */
  readonly attributes: ReadonlyMap<string, Der>;
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TIMESTAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const GRANTED = [0, 1];

/** Attributes that an authority signs (RFC 5652 section 11, RFC 5035 section 3). */
export const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

/**
 * Reads a TimeStampResp. Strict: DER only, one signer that is named by issuer and serial number, no attribute twice.
 *
 * @throws DerError it is none, or a refusal
 */
export function readTimestampReply(bytes: Uint8Array): TimestampReply {
  if (bytes.length > MAX_TIMESTAMP_BYTES) throw new DerError(`it has more than ${MAX_TIMESTAMP_BYTES} bytes`);
  const reply = Der.read(bytes).expect(TAG.sequence).elements();
  const status = reply.next(TAG.sequence).elements().next(TAG.integer).count();
  if (!GRANTED.includes(status)) throw new DerError(`the authority refused, with status ${status}`);
  const token = reply.next(TAG.sequence).elements();
  reply.end();
  if (token.next(TAG.oid).oid() !== SIGNED_DATA) throw new DerError('it holds no signed data');
  const signed = token.next(constructed(0)).only(TAG.sequence).elements();
  token.end();
  return readSignedData(signed);
}

function readSignedData(signed: DerElements): TimestampReply {
  signed.next(TAG.integer);
  signed.next(TAG.set);
  const content = signed.next(TAG.sequence).elements();
  if (content.next(TAG.oid).oid() !== TIMESTAMP_INFO) throw new DerError('it signs something else than a time');
  const infoBytes = content.next(constructed(0)).only(TAG.octetString).content;
  content.end();
  const certificates = signed.optional(constructed(0))?.elements().rest() ?? [];
  if (certificates.length > MAX_TIMESTAMP_CERTIFICATES) throw new DerError('it holds too many certificates');
  signed.optional(constructed(1));
  const signer = readSigner(signed.next(TAG.set).only(TAG.sequence).elements());
  signed.end();
  return {
    info: readTimestampInfo(infoBytes),
    infoBytes,
    certificates: certificates.map(({ bytes }) => readCertificate(bytes)),
    signer,
  };
}

function readSigner(signer: DerElements): TimestampSigner {
  signer.next(TAG.integer);
  const name = signer.next(TAG.sequence).elements();
  const [issuer, serial] = [name.next(TAG.sequence).bytes, name.next(TAG.integer).content];
  name.end();
  const digestAlgorithm = algorithmOf(signer);
  const signed = signer.next(constructed(0));
  const signatureAlgorithm = algorithmOf(signer);
  const signature = signer.next(TAG.octetString).content;
  signer.optional(constructed(1));
  signer.end();
  const attributes = readAttributes(signed.elements().rest());
  return {
    issuer,
    serial,
    digestAlgorithm,
    signatureAlgorithm,
    signature,
    signedBytes: asSet(signed.bytes),
    attributes,
  };
}

function algorithmOf(elements: DerElements): string {
  return elements.next(TAG.sequence).elements().next(TAG.oid).oid();
}

function readAttributes(list: readonly Der[]): ReadonlyMap<string, Der> {
  const attributes = new Map<string, Der>();
  for (const attribute of list) {
    const parts = attribute.expect(TAG.sequence).elements();
    const oid = parts.next(TAG.oid).oid();
    const [value, ...others] = parts.next(TAG.set).elements().rest();
    parts.end();
    if (value === undefined || others.length > 0 || attributes.has(oid)) {
      throw new DerError('a signed attribute has not exactly one value');
    }
    attributes.set(oid, value);
  }
  return attributes;
}

/** The attributes are signed under the tag of a SET OF, and sent under another one (RFC 5652 section 5.4). */
function asSet(bytes: Buffer): Buffer {
  const set = Uint8Array.prototype.slice.call(bytes) as Buffer;
  set[0] = TAG.set;
  return set;
}
