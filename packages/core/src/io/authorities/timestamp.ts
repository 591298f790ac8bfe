import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { MAX_TIMESTAMP_BYTES } from '../../domain/limits.ts';
import { QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE, timestampQuery } from '../../domain/timestamp/query.ts';
import { HttpFailure } from '../http/failure.ts';
import type { HttpClient } from '../http/http-client.ts';

export interface TimestampRequest {
  /** The authority's whole address; `http:` is allowed, because the answer is signed. */
  readonly url: string;
  /** Whose time is to be proven. */
  readonly signature: Uint8Array;
  readonly http: HttpClient;
  /** Unix ms. */
  readonly deadline: number;
}

/** Statuses of a good answer: Sigstore's authority says 201. */
const GRANTED = [200, 201];

/**
 * Asks an authority of RFC 3161 for a timestamp over a signature. What it answers is not looked at here.
 *
 * @returns TimeStampResp in DER
 * @throws RuntimeFailure CAVRA-E542
 */
export async function requestTimestamp({ url, signature, http, deadline }: TimestampRequest): Promise<Uint8Array> {
  try {
    const { body } = await http.request({
      method: 'POST',
      url,
      plainAllowed: true,
      statuses: GRANTED,
      headers: { 'content-type': QUERY_MEDIA_TYPE },
      body: timestampQuery(signature),
      contentTypes: [REPLY_MEDIA_TYPE],
      maxBytes: MAX_TIMESTAMP_BYTES,
      deadline,
    });
    return body;
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const message = `the timestamp authority gave no timestamp: ${error.message}`;
    throw new RuntimeFailure('CAVRA-E542', message, { cause: error });
  }
}
