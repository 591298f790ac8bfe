import { Buffer } from 'node:buffer';

const ALPHABET = /^[A-Za-z0-9+/]+={0,2}$/u;

/**
 * Decodes base64 in its one canonical form (RFC 4648 section 4): not empty, padded, no white space, no other alphabet, and no bit set
 * beyond the last byte. Node's decoder accepts all of these.
 *
 * @returns undefined when the text is not of that form
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (!ALPHABET.test(text)) {
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
