import type { KeyPurpose } from './hmac-keys.ts';
import type { Keyring } from './keyring.ts';
import { keyValidity } from './validity.ts';

/**
 * Why a key may not sign under a keyring, or undefined when it may: only the active key does, within its period (design.md
 * section 5.3).
 *
 * @param nowMs Unix milliseconds
 */
export function signingFault(
  keyring: Keyring,
  purpose: KeyPurpose,
  key: { readonly id: string },
  nowMs: number,
): string | undefined {
  const entry = keyring.keys.find(({ id, purpose: its }) => id === key.id && its === purpose);
  if (entry === undefined) return 'is not in the keyring';
  if (entry.status !== 'active') return `is ${entry.status} in the keyring; only the active key signs`;
  const validity = keyValidity(entry, nowMs);
  return validity === 'valid' ? undefined : `is active in the keyring, but ${validity.replaceAll('_', ' ')}`;
}
