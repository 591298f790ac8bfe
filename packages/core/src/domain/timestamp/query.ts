import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** TimeStampReq of RFC 3161 section 2.4.1: version 1, a message imprint of SHA-256, no nonce, certReq true. */
const BEFORE_IMPRINT = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
const AFTER_IMPRINT = Buffer.from('0101ff', 'hex');

/** Media types of RFC 3161 section 3.4. */
export const QUERY_MEDIA_TYPE = 'application/timestamp-query';
export const REPLY_MEDIA_TYPE = 'application/timestamp-reply';

/**
 * The question to an authority: 59 bytes of DER. A nonce is not needed: the imprint is that of a signature made just now.
 *
 * @param signature raw bytes of the signature whose time is to be proven
 */
export function timestampQuery(signature: Uint8Array): Buffer {
  return Buffer.concat([BEFORE_IMPRINT, createHash('sha256').update(signature).digest(), AFTER_IMPRINT]);
}
