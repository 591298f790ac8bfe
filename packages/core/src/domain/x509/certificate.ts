import { Buffer } from 'node:buffer';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { constructed, Der, type DerElements, DerError, primitive, TAG } from '../der/der.ts';

/** An extension of a certificate; its value is DER. */
export interface CertificateExtension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** What is needed of an X.509 certificate (RFC 5280). Names and the serial number are their DER. Times are Unix milliseconds. */
export interface Certificate {
  readonly bytes: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly serial: Buffer;
  /** First and last moment of its validity, both included. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Object identifier of the algorithm with which its issuer signed it. */
  readonly signatureAlgorithm: string;
  /** By object identifier. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
  readonly publicKey: KeyObject;
  /** The same as node:crypto sees it. */
  readonly x509: X509Certificate;
}

const VERSION_3 = 2;

export const EXTENSION = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

/**
 * Reads a certificate of version 3 from its DER. Its signature is `chain.ts`'s to check.
 *
 * @throws DerError
 */
export function readCertificate(bytes: Uint8Array): Certificate {
  const root = Der.read(bytes).expect(TAG.sequence);
  const parts = root.elements();
  const body = parts.next(TAG.sequence).elements();
  const algorithm = parts.next(TAG.sequence);
  parts.next(TAG.bitString);
  parts.end();
  if (body.next(constructed(0)).only(TAG.integer).count() !== VERSION_3)
    throw new DerError('a certificate is not of version 3');
  const serial = body.next(TAG.integer).content;
  const signed = body.next(TAG.sequence);
  if (!signed.bytes.equals(algorithm.bytes)) throw new DerError('a certificate names two signature algorithms');
  const signatureAlgorithm = signed.elements().next(TAG.oid).oid();
  const issuer = body.next(TAG.sequence).bytes;
  const validity = body.next(TAG.sequence).elements();
  const [notBefore, notAfter] = [validity.any().time(), validity.any().time()];
  const subject = body.next(TAG.sequence).bytes;
  body.next(TAG.sequence);
  const extensions = readExtensions(body);
  const x509 = parsed(root.bytes);
  const { publicKey } = x509;
  return {
    bytes: root.bytes,
    issuer,
    subject,
    serial,
    notBefore,
    notAfter,
    signatureAlgorithm,
    extensions,
    publicKey,
    x509,
  };
}

function readExtensions(body: DerElements): ReadonlyMap<string, CertificateExtension> {
  body.optional(primitive(1));
  body.optional(primitive(2));
  const list = body.optional(constructed(3));
  body.end();
  const extensions = new Map<string, CertificateExtension>();
  for (const extension of list?.only(TAG.sequence).elements().rest() ?? []) {
    const parts = extension.expect(TAG.sequence).elements();
    const oid = parts.next(TAG.oid).oid();
    const critical = parts.optional(TAG.boolean)?.boolean() ?? false;
    const value = parts.next(TAG.octetString).content;
    parts.end();
    if (extensions.has(oid)) throw new DerError('a certificate has an extension twice');
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

function parsed(bytes: Buffer): X509Certificate {
  try {
    const certificate = new X509Certificate(bytes);
    // Read here, so that a key that OpenSSL cannot use is found out as well.
    if (certificate.publicKey.type !== 'public') throw new DerError('a certificate has no public key');
    return certificate;
  } catch (error) {
    if (error instanceof DerError) throw error;
    throw new DerError('a certificate cannot be read');
  }
}

const CERTIFICATE_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/gu;

/**
 * Reads the certificates of a PEM file, with any text between them that is not PEM.
 *
 * @throws DerError a block is cut, or is anything else than a certificate
 */
export function readCertificatesPem(text: string, most: number): readonly Certificate[] {
  const blocks = [...text.matchAll(CERTIFICATE_BLOCK)];
  if (blocks.length === 0) throw new DerError('it holds no certificate in PEM (BEGIN CERTIFICATE)');
  if (blocks.length > most) throw new DerError(`it holds ${blocks.length} certificates, at most ${most} are allowed`);
  if (text.split('-----BEGIN').length !== blocks.length + 1) throw new DerError('it holds PEM that is cut or damaged');
  return blocks.map(([, label = '', body = '']) => {
    if (label !== 'CERTIFICATE') {
      throw new DerError(label.includes('PRIVATE') ? 'it holds a private key' : `it holds a ${label}`);
    }
    return readCertificate(Buffer.from(body.replace(/\s+/gu, ''), 'base64'));
  });
}

/** The object identifiers of the extended key usage; undefined: the certificate has none. @throws DerError */
export function extendedKeyUsage({ extensions }: Certificate): readonly string[] | undefined {
  const extension = extensions.get(EXTENSION.extendedKeyUsage);
  if (extension === undefined) return undefined;
  return Der.read(extension.value)
    .expect(TAG.sequence)
    .elements()
    .rest()
    .map((usage) => usage.oid());
}

const DIGITAL_SIGNATURE = 0x80;
const NON_REPUDIATION = 0x40;
const CERTIFICATE_SIGN = 0x04;

/** The first byte of the key usage's bits; undefined: the certificate does not restrict it. */
function keyUsage({ extensions }: Certificate): number | undefined {
  const extension = extensions.get(EXTENSION.keyUsage);
  if (extension === undefined) return undefined;
  return Der.read(extension.value).expect(TAG.bitString).content[1] ?? 0;
}

/** Whether the key may sign data. */
export function maySign(certificate: Certificate): boolean {
  return ((keyUsage(certificate) ?? DIGITAL_SIGNATURE) & (DIGITAL_SIGNATURE | NON_REPUDIATION)) !== 0;
}

/** How many certificate authorities may stand between this one and a leaf; undefined: it is no certificate authority. */
export function authorityDepth(certificate: Certificate): number | undefined {
  const extension = certificate.extensions.get(EXTENSION.basicConstraints);
  if (extension === undefined || ((keyUsage(certificate) ?? CERTIFICATE_SIGN) & CERTIFICATE_SIGN) === 0)
    return undefined;
  const parts = Der.read(extension.value).expect(TAG.sequence).elements();
  const isAuthority = parts.optional(TAG.boolean)?.boolean() ?? false;
  const depth = parts.optional(TAG.integer)?.count() ?? Number.POSITIVE_INFINITY;
  parts.end();
  return isAuthority ? depth : undefined;
}
