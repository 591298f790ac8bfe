import { ConfigurationError } from '../diagnosis.ts';
import { MIN_SIGNING_KEY_BYTES } from '../limits.ts';
import type { HmacVerificationKey } from './hmac-keys.ts';
import { isQuoted, type KeyValue, withoutLineEnd } from './key-form.ts';

/** The bytes that sign, and what a reader should know of them. */
export interface SigningSecret {
  readonly secret: Uint8Array;
  /** One sentence each. */
  readonly notes: readonly string[];
}

/**
 * Makes what signs of a value: one line end behind it is dropped.
 *
 * @param what how messages call it, for example the variable it came from
 * @throws ConfigurationError CAVRA-E207 it is no key, or has fewer than MIN_SIGNING_KEY_BYTES
 */
export function signingSecret({ bytes, fault, isFile }: KeyValue, what: string): SigningSecret {
  if (fault !== undefined) throw new ConfigurationError('CAVRA-E207', `${what} holds ${fault.is}, and no key`);
  const cleaned = withoutLineEnd(bytes);
  const secret = cleaned ?? bytes;
  if (secret.length < MIN_SIGNING_KEY_BYTES) {
    const size = `${secret.length} bytes; a key that signs needs at least ${MIN_SIGNING_KEY_BYTES}`;
    throw new ConfigurationError('CAVRA-E207', `${what} has ${size}`);
  }
  const notes = [
    ...(cleaned === undefined || isFile ? [] : [`${what} ends with a line end, which is no part of the key`]),
    ...(isQuoted(secret)
      ? [`${what} stands in quotes, which are part of the key: remove them where the key is stored`]
      : []),
  ];
  return { secret, notes };
}

/** What a value verifies with: as it is, and without the line end behind it, so that evidence of either signer verifies. */
export function verificationSecrets(bytes: Uint8Array): Pick<HmacVerificationKey, 'secret' | 'alternative'> {
  const alternative = withoutLineEnd(bytes);
  return alternative === undefined || alternative.length === 0 ? { secret: bytes } : { secret: bytes, alternative };
}
