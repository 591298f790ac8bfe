import { resolve } from 'node:path';
import type { AttestationTrust } from '../domain/checkpoint/checkpoint.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import type { AbsentKey } from '../domain/verification/signatures.ts';
import type { KeyringFile } from '../io/files/keyring-file.ts';
import { type Environment, readEvidenceVerificationKey } from '../settings/credentials.ts';

/** What evidence is checked with. */
export interface VerificationKeys {
  /** For the signatures of records. */
  readonly keys: readonly HmacVerificationKey[];
  /** Evidence keys of the keyring whose secrets are not here. */
  readonly absentKeys: readonly AbsentKey[];
  /** For the signatures of checkpoints. */
  readonly trust: readonly AttestationTrust[];
}

export interface VerificationKeyOptions {
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly keyring: string | undefined;
  /** Files of Ed25519 public keys. */
  readonly publicKeys?: readonly string[];
}

/**
 * Gets the keys for a verification. Public keys that are named are the only ones trusted for checkpoints; what the keyring says of
 * the same key, its period and status, counts all the same.
 *
 * @param integrityOnly leave the signatures of records alone
 * @throws ConfigurationError CAVRA-E209 the keyring, CAVRA-E223 a public key, CAVRA-E215 the keyring has nothing to check with
 */
export async function loadVerificationKeys(
  options: VerificationKeyOptions,
  integrityOnly: boolean,
): Promise<VerificationKeys> {
  const { environment, workingDirectory, keyring, publicKeys = [] } = options;
  const file = keyring === undefined ? undefined : await openKeyring(resolve(workingDirectory, keyring));
  const pinned = await pinnedTrust(publicKeys, file, workingDirectory);
  if (integrityOnly) return { keys: [], absentKeys: [], trust: pinned };
  if (file === undefined) {
    const key = readEvidenceVerificationKey(environment);
    return { keys: key === undefined ? [] : [key], absentKeys: [], trust: pinned };
  }
  const { resolveHmacKeys } = await import('../io/files/keyring-file.ts');
  const { keys, unresolved } = await resolveHmacKeys(file, 'evidence', environment);
  const absentKeys = file.keyring.keys.filter(({ purpose, id }) => purpose === 'evidence' && unresolved.includes(id));
  const trust = pinned.length > 0 ? pinned : await ringTrust(file);
  if (keys.length === 0 && trust.length === 0) throw nothingIn(String(keyring), unresolved);
  return { keys, absentKeys, trust };
}

async function openKeyring(path: string): Promise<KeyringFile> {
  const { readKeyringFile } = await import('../io/files/keyring-file.ts');
  return readKeyringFile(path);
}

async function ringTrust({ keyring }: KeyringFile): Promise<readonly AttestationTrust[]> {
  if (!keyring.keys.some(({ purpose }) => purpose === 'attestation')) return [];
  const { attestationTrust } = await import('../keys/attestation-keys.ts');
  return attestationTrust(keyring);
}

async function pinnedTrust(
  files: readonly string[],
  keyring: KeyringFile | undefined,
  workingDirectory: string,
): Promise<readonly AttestationTrust[]> {
  if (files.length === 0) return [];
  const { readPublicKeyFile } = await import('../io/files/public-key-file.ts');
  const { publicKeySha256 } = await import('../domain/keys/ed25519.ts');
  const known = keyring === undefined ? [] : await ringTrust(keyring);
  const pinned: AttestationTrust[] = [];
  for (const name of files) {
    for (const publicKey of await readPublicKeyFile(resolve(workingDirectory, name), name)) {
      const digest = publicKeySha256(publicKey);
      const entry = known.find((each) => publicKeySha256(each.publicKey) === digest);
      pinned.push(entry ?? { id: undefined, publicKey, period: { status: 'active' } });
    }
  }
  return pinned;
}

function nothingIn(keyring: string, unresolved: readonly string[]): ConfigurationError {
  const missing =
    unresolved.length === 0
      ? 'has neither an evidence key nor an attestation key'
      : `has no attestation key, and no secret here for ${unresolved.join(', ')}`;
  return new ConfigurationError('CAVRA-E215', `the keyring ${keyring} ${missing}`);
}
