import { Der, DerError, primitive, TAG } from '../der/der.ts';
import { type Certificate, EXTENSION, extendedKeyUsage, maySign } from '../x509/certificate.ts';

/** What Fulcio writes into a certificate of the token that asked for it (sigstore/fulcio, docs/oid-info.md), by the last arc. */
const NAMES = {
  8: 'issuer',
  9: 'buildSignerUri',
  11: 'runnerEnvironment',
  12: 'repositoryUri',
  13: 'commit',
  14: 'ref',
  15: 'repositoryId',
  17: 'ownerId',
  20: 'trigger',
  21: 'runUri',
  22: 'visibility',
  23: 'environment',
} as const;

type ExtensionName = (typeof NAMES)[keyof typeof NAMES];

/** Whose a certificate is. Members that the certificate does not have are absent. */
export type CertificateIdentity = Readonly<Partial<Record<ExtensionName, string>>> & {
  readonly issuer: string;
  /** The subject alternative name: the workflow or pipeline definition that ran. */
  readonly subject: string;
};

const FULCIO_ARC = '1.3.6.1.4.1.57264.1';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
/** uniformResourceIdentifier of a GeneralName. */
const URI = 6;

/**
 * Reads whose a certificate is. It must be one for signatures, of an elliptic key on P-256, with exactly one name, a URI.
 *
 * @throws DerError
 */
export function certificateIdentity(certificate: Certificate): CertificateIdentity {
  const { publicKey } = certificate;
  if (publicKey.asymmetricKeyType !== 'ec' || publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new DerError('its key is not on P-256');
  }
  const usages = extendedKeyUsage(certificate) ?? [];
  if (!usages.includes(CODE_SIGNING) || !maySign(certificate)) throw new DerError('it is not for signatures');
  const members = new Map<string, string>();
  for (const [arc, name] of Object.entries(NAMES)) {
    const extension = certificate.extensions.get(`${FULCIO_ARC}.${arc}`);
    if (extension !== undefined) members.set(name, Der.read(extension.value).expect(TAG.utf8String).content.toString());
  }
  const issuer = members.get('issuer');
  if (issuer === undefined) throw new DerError('it names no issuer');
  return { ...Object.fromEntries(members), issuer, subject: subjectOf(certificate) };
}

function subjectOf({ extensions }: Certificate): string {
  const names = extensions.get(EXTENSION.subjectAltName);
  if (names === undefined) throw new DerError('it names no workflow');
  return Der.read(names.value).only(primitive(URI)).content.toString();
}
