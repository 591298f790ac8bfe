import { Buffer } from 'node:buffer';
import { type KeyObject, sign } from 'node:crypto';
import { DerError } from '../der/der.ts';
import { JsonError } from '../json/error.ts';
import { Members } from '../json/members.ts';
import { parseStrictJson } from '../json/parse.ts';
import { MAX_CERTIFICATE_CHAIN, MAX_CERTIFICATE_RESPONSE_BYTES } from '../limits.ts';
import { type Certificate, readCertificatesPem } from '../x509/certificate.ts';

/** What a certificate authority is asked and answers: Fulcio's `POST /api/v2/signingCert` (sigstore/fulcio, fulcio.proto). */

export const CERTIFICATE_PATH = '/api/v2/signingCert';
/** The audience of tokens for Fulcio. */
export const CERTIFICATE_AUDIENCE = 'sigstore';

export interface EphemeralKeyPair {
  /** P-256. */
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * The body of the question, JSON.
 *
 * @param token a secret
 * @param subject the token's `sub`; a signature over it shows that whoever asks has the private key
 */
export function certificateRequest(token: string, subject: string, key: EphemeralKeyPair): string {
  const proof = sign('sha256', Buffer.from(subject, 'utf8'), key.privateKey);
  return JSON.stringify({
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: String(key.publicKey.export({ format: 'pem', type: 'spki' })) },
      proofOfPossession: proof.toString('base64'),
    },
  });
}

/** The answer of a certificate authority is none. The message says what was expected. */
export class CertificateResponseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CertificateResponseError';
  }
}

/**
 * Reads the certificate of an answer. It must be one with a log's promise in it: a promise beside it (`signedCertificateDetachedSct`)
 * cannot stand in a bundle.
 *
 * @throws CertificateResponseError
 */
export function readCertificateResponse(body: Uint8Array): Certificate {
  const refusal = (message: string) => new CertificateResponseError(message);
  try {
    const answer = new Members(parseStrictJson(body, { maxBytes: MAX_CERTIFICATE_RESPONSE_BYTES }), refusal);
    const chain = answer.object('signedCertificateEmbeddedSct').object('chain');
    const [first] = chain.texts('certificates', MAX_CERTIFICATE_CHAIN);
    const [certificate] = readCertificatesPem(first ?? '', 1);
    if (certificate === undefined) throw refusal('it holds no certificate');
    return certificate;
  } catch (error) {
    if (error instanceof JsonError || error instanceof DerError) {
      throw new CertificateResponseError(error.message, { cause: error });
    }
    throw error;
  }
}
