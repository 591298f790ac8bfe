import type { AttestationTrust } from '../domain/checkpoint/checkpoint.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { ed25519PublicKey, publicKeySha256 } from '../domain/keys/ed25519.ts';
import { type Ed25519KeyPair, ed25519PrivateKey } from '../domain/keys/ed25519-private.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import { isQuoted, type KeyValue } from '../domain/keys/key-form.ts';
import { KEY_VARIABLES } from '../domain/keys/key-variables.ts';
import type { Keyring } from '../domain/keys/keyring/keyring.ts';
import { KEY_ID_FORM, type KeyringKey } from '../domain/keys/keyring/keyring-key.ts';
import { signingFault } from '../domain/keys/keyring/signing.ts';
import { MAX_KEY_ID_LENGTH } from '../domain/limits.ts';
import type { ConfiguredSecret } from '../domain/secrets/needles.ts';
import { readKeyValue } from '../io/files/key-value.ts';
import { type KeyringFile, readActiveSecret, type SecretSource } from '../io/trust/keyring-file.ts';
import type { Environment } from '../settings/credentials.ts';

/** What signs checkpoints in this run, and whose checkpoints are believed. */
export interface AttestationKeys {
  readonly signing: AttestationKey | undefined;
  readonly trust: readonly AttestationTrust[];
  /** The private key in the forms in which it could stand somewhere, to be searched for. */
  readonly secrets: readonly ConfiguredSecret[];
  /** What a reader should know of the key that signs, one sentence each. */
  readonly notes: readonly string[];
}

const { key: KEY_VARIABLE, id: KEY_ID_VARIABLE } = KEY_VARIABLES.attestation;

/** No key that signs checkpoints, and nobody whose checkpoints are believed. */
export const NO_ATTESTATION: AttestationKeys = { signing: undefined, trust: [], secrets: [], notes: [] };

/**
 * Gets the key that signs checkpoints: from the environment, else the keyring's active one where the keyring says where its private key
 * is. With a keyring, only its active key signs.
 *
 * @throws ConfigurationError CAVRA-E222 it is no Ed25519 private key; CAVRA-E207 the keyring does not let it sign now; CAVRA-E209 the
 *   keyring's active key has a private key that cannot be read; CAVRA-E201 the key id
 */
export async function loadAttestationKeys(
  source: SecretSource,
  file: KeyringFile | undefined,
  nowMs: number,
): Promise<AttestationKeys> {
  const { environment, workspace } = source;
  const text = environment[KEY_VARIABLE];
  const value = text ? await readKeyValue(text, workspace) : undefined;
  const given = value === undefined ? undefined : privateKeyOf(value, KEY_VARIABLE);
  const notes = value !== undefined && isQuoted(value.bytes) ? [`${KEY_VARIABLE} stands in quotes: remove them`] : [];
  if (file === undefined) {
    const signing = given === undefined ? undefined : { ...given, id: givenId(environment) ?? ownId(given) };
    const trust = signing === undefined ? [] : [{ ...signing, period: { status: 'active' as const } }];
    return { ...withSecrets(signing, trust), notes };
  }
  const trust = attestationTrust(file.keyring);
  if (given !== undefined) {
    return { ...withSecrets(ringed(given, givenId(environment), file.keyring, nowMs), trust), notes };
  }
  const active = await readActiveSecret(file, 'attestation', source, nowMs);
  if (active === undefined) return withSecrets(undefined, trust);
  const pair = privateKeyOf(active, `the attestation key ${active.id}`);
  return withSecrets(ringed(pair, active.id, file.keyring, nowMs), trust);
}

/**
 * The Ed25519 key that a variable or a file gives.
 *
 * @param what how messages call it
 * @throws ConfigurationError CAVRA-E222
 */
export function privateKeyOf({ bytes, fault }: KeyValue, what: string): Ed25519KeyPair {
  return ed25519PrivateKey(Buffer.from(bytes).toString('latin1'), what, fault);
}

function withSecrets(signing: AttestationKey | undefined, trust: readonly AttestationTrust[]): AttestationKeys {
  return { signing, trust, secrets: signing === undefined ? [] : secretsOf(signing), notes: [] };
}

/** The attestation keys of a keyring, which may have signed checkpoints within their periods. */
export function attestationTrust({ keys }: Keyring): readonly AttestationTrust[] {
  return keys.flatMap((key) => {
    const publicKey = key.purpose === 'attestation' ? publicKeyOf(key) : undefined;
    return publicKey === undefined ? [] : [{ id: key.id, publicKey, period: key }];
  });
}

function publicKeyOf({ publicKey }: KeyringKey) {
  return publicKey === undefined ? undefined : ed25519PublicKey(publicKey);
}

/** Found by the key itself: an id alone would let any key take the place of the active one. */
function ringed(pair: Ed25519KeyPair, id: string | undefined, keyring: Keyring, nowMs: number): AttestationKey {
  const digest = publicKeySha256(pair.publicKey);
  const entry = attestationTrust(keyring).find(({ publicKey }) => publicKeySha256(publicKey) === digest);
  if (entry?.id === undefined) {
    throw new ConfigurationError('CAVRA-E207', `the attestation key ${id ?? ownId(pair)} is not in the keyring`);
  }
  if (id !== undefined && id !== entry.id) {
    throw new ConfigurationError('CAVRA-E207', `the attestation key ${id} is in the keyring as ${entry.id}`);
  }
  const fault = signingFault(keyring, 'attestation', { id: entry.id }, nowMs);
  if (fault !== undefined) throw new ConfigurationError('CAVRA-E207', `the attestation key ${entry.id} ${fault}`);
  return { ...pair, id: entry.id };
}

/** The id that the environment gives the attestation key. @throws ConfigurationError CAVRA-E201 it is none */
export function givenId(environment: Environment): string | undefined {
  const id = environment[KEY_ID_VARIABLE];
  if (!id) return undefined;
  if (id.length > MAX_KEY_ID_LENGTH || !KEY_ID_FORM.test(id)) {
    const message = `${KEY_ID_VARIABLE} must be 1 to ${MAX_KEY_ID_LENGTH} visible ASCII characters without blanks`;
    throw new ConfigurationError('CAVRA-E201', message);
  }
  return id;
}

/** A key without a name is named by what it is. */
export function ownId({ publicKey }: Ed25519KeyPair): string {
  return `sha256:${publicKeySha256(publicKey)}`;
}

function secretsOf({ privateKey }: AttestationKey): readonly ConfiguredSecret[] {
  const name = 'the attestation key';
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  return [
    { name, value: der.toString('base64') },
    { name, value: seed.toString('base64') },
    { name, value: seed.toString('hex') },
  ];
}
