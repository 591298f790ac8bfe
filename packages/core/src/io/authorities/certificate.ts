import { AuthenticationError, type CavraError, RuntimeFailure } from '../../domain/diagnosis.ts';
import {
  CERTIFICATE_PATH,
  CertificateResponseError,
  certificateRequest,
  type EphemeralKeyPair,
  readCertificateResponse,
} from '../../domain/keyless/certificate-request.ts';
import { MAX_CERTIFICATE_RESPONSE_BYTES } from '../../domain/limits.ts';
import type { Certificate } from '../../domain/x509/certificate.ts';
import { HttpFailure } from '../http/failure.ts';
import type { HttpClient } from '../http/http-client.ts';

export interface CertificateQuestion {
  /** Address of the instance, without the path. */
  readonly url: string;
  /** The job's token for it; a secret. */
  readonly token: string;
  /** The token's `sub`. */
  readonly subject: string;
  readonly key: EphemeralKeyPair;
  readonly http: HttpClient;
  /** Unix ms. */
  readonly deadline: number;
}

/** Statuses of a good answer. */
const ISSUED = [200, 201];

/**
 * Asks a certificate authority (Fulcio) for a certificate of the job's identity. What is in it is not looked at here.
 *
 * @throws AuthenticationError CAVRA-E351 it refused
 * @throws RuntimeFailure CAVRA-E540 it cannot be reached, is failing, or answered with something else
 */
export async function requestCertificate(question: CertificateQuestion): Promise<Certificate> {
  const { url, token, subject, key, http, deadline } = question;
  try {
    const { body } = await http.request({
      method: 'POST',
      url: `${url.replace(/\/+$/u, '')}${CERTIFICATE_PATH}`,
      statuses: ISSUED,
      headers: { 'content-type': 'application/json' },
      body: certificateRequest(token, subject, key),
      contentTypes: ['application/json'],
      maxBytes: MAX_CERTIFICATE_RESPONSE_BYTES,
      deadline,
    });
    return readCertificateResponse(body);
  } catch (error) {
    throw diagnose(error);
  }
}

function diagnose(error: unknown): unknown {
  if (error instanceof CertificateResponseError) {
    const message = `the certificate authority answered with something else than a certificate: ${error.message}`;
    return new RuntimeFailure('CAVRA-E540', message, { cause: error });
  }
  return error instanceof HttpFailure ? failureOf(error) : error;
}

/** 408 and 429 were tried again and are the authority's trouble, not the job's. */
function failureOf(failure: HttpFailure): CavraError {
  const { status = 0 } = failure;
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const message = `the certificate authority gave no certificate: ${failure.message}`;
  return isRefusal
    ? new AuthenticationError('CAVRA-E351', message, { cause: failure })
    : new RuntimeFailure('CAVRA-E540', message, { cause: failure });
}
