import { Buffer } from 'node:buffer';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { derivedKeyId, deriveEvidenceKey } from '../../domain/keys/derived-key.ts';
import type { AttestationKey, HmacSigningKey } from '../../domain/keys/hmac-keys.ts';
import { KEY_VARIABLES } from '../../domain/keys/key-variables.ts';
import type { KeyringFile } from '../../io/trust/keyring-file.ts';

/**
 * The evidence key that the attestation key stands for: where none is given, and the keyring, if there is one, names no evidence key. One
 * that the keyring names as derived is read with the keyring.
 *
 * @param given the evidence key of the environment
 * @throws ConfigurationError CAVRA-E207 the given key has the id of the derived one, and is another
 */
export function standInEvidenceKey(
  given: HmacSigningKey | undefined,
  attestation: AttestationKey | undefined,
  file: KeyringFile | undefined,
): HmacSigningKey | undefined {
  if (attestation === undefined) return undefined;
  if (given !== undefined) refuseOther(given, attestation);
  const isNamed = file?.keyring.keys.some(({ purpose }) => purpose === 'evidence') === true;
  return given !== undefined || isNamed ? undefined : deriveEvidenceKey(attestation);
}

function refuseOther(given: HmacSigningKey, attestation: AttestationKey): void {
  if (given.id !== derivedKeyId(attestation.id)) return;
  if (Buffer.from(deriveEvidenceKey(attestation).secret).equals(given.secret)) return;
  const { key, id } = KEY_VARIABLES.evidence;
  const message = `${key} is not the key that is derived from the attestation key ${attestation.id}, although ${id} says so: take both variables away`;
  throw new ConfigurationError('CAVRA-E207', message);
}

/** What a reader of the result should know of the evidence key. */
export function derivedKeyNotes(
  evidence: { readonly id: string } | undefined,
  attestation: { readonly id: string } | undefined,
): readonly string[] {
  const isDerived = attestation !== undefined && evidence?.id === derivedKeyId(attestation.id);
  return isDerived
    ? [
        `the evidence key ${evidence.id} is derived from the attestation key ${attestation.id}: the job keeps one secret`,
      ]
    : [];
}
