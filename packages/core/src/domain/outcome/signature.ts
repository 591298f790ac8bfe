import { timingSafeEqual } from 'node:crypto';
import type { HmacVerificationKey } from '../keys/hmac-keys.ts';
import { keyValidity } from '../keys/validity.ts';
import { parseInstant } from '../time/instant.ts';
import { outcomeMac } from './encode.ts';
import type { Outcome } from './outcome.ts';

export interface SignatureFault {
  readonly code: 'outcome_signature_missing' | 'outcome_signature_mismatch';
  readonly message: string;
}

/**
 * What is wrong with the signature of an outcome.
 *
 * @param isSealed a checkpoint of a trusted key covers the file
 */
export function signatureFault(
  outcome: Outcome,
  keys: readonly HmacVerificationKey[],
  isSealed: boolean,
): SignatureFault | undefined {
  const { signature, finished_at: time } = outcome;
  if (signature === null) {
    return isSealed ? undefined : { code: 'outcome_signature_missing', message: 'is not signed' };
  }
  const key = keys.find(({ id }) => id === signature.key_id) ?? keys.find(({ id }) => id === '');
  const wrong = (message: string) => ({ code: 'outcome_signature_mismatch', message }) as const;
  if (key === undefined) return isSealed ? undefined : wrong('is signed with a key that was not given');
  const secrets = key.alternative === undefined ? [key.secret] : [key.secret, key.alternative];
  const value = Buffer.from(signature.value, 'hex');
  if (!secrets.some((secret) => timingSafeEqual(Buffer.from(outcomeMac(outcome, secret), 'hex'), value))) {
    return wrong('does not have the signature of its key');
  }
  const validity = keyValidity(key, parseInstant(time) ?? Number.NaN, isSealed);
  return validity === 'valid' ? undefined : wrong(`is signed with a key that is ${validity.replaceAll('_', ' ')}`);
}
