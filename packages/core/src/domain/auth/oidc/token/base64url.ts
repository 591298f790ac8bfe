import { Buffer } from 'node:buffer';

const ALPHABET = /^[A-Za-z0-9_-]+$/u;

/**
 * Decodes base64url in its one canonical form (RFC 4648 section 5, RFC 7515 section 2): not empty, no padding, no white space, no
 * other alphabet, and no bit set beyond the last byte. Node's decoder accepts all of these.
 *
 * @returns undefined when the text is not of that form
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!ALPHABET.test(text)) {
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
