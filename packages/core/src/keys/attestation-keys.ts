import type { AttestationTrust } from '../domain/checkpoint/checkpoint.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { ed25519PublicKey, publicKeySha256 } from '../domain/keys/ed25519.ts';
import { type Ed25519KeyPair, ed25519PrivateKey } from '../domain/keys/ed25519-private.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import type { Keyring } from '../domain/keys/keyring.ts';
import { KEY_ID_FORM, type KeyringKey } from '../domain/keys/keyring-key.ts';
import { signingFault } from '../domain/keys/signing.ts';
import { MAX_KEY_ID_LENGTH } from '../domain/limits.ts';
import type { ConfiguredSecret } from '../domain/secrets/needles.ts';
import { type KeyringFile, readActiveSecret } from '../io/files/keyring-file.ts';
import type { Environment } from '../settings/credentials.ts';

/** What signs checkpoints in this run, and whose checkpoints are believed. */
export interface AttestationKeys {
  readonly signing: AttestationKey | undefined;
  readonly trust: readonly AttestationTrust[];
  /** The private key in the forms in which it could stand somewhere, to be searched for. */
  readonly secrets: readonly ConfiguredSecret[];
}

const KEY_VARIABLE = 'CAVRA_ATTESTATION_KEY';
const KEY_ID_VARIABLE = 'CAVRA_ATTESTATION_KEY_ID';

/**
 * Gets the key that signs checkpoints: from the environment, else the keyring's active one where the keyring says where its private key
 * is. With a keyring, only its active key signs.
 *
 * @throws ConfigurationError CAVRA-E222 it is no Ed25519 private key; CAVRA-E207 the keyring does not let it sign now; CAVRA-E209 the
 *   keyring's active key has a private key that cannot be read; CAVRA-E201 the key id
 */
export async function loadAttestationKeys(
  environment: Environment,
  file: KeyringFile | undefined,
  nowMs: number,
): Promise<AttestationKeys> {
  const text = environment[KEY_VARIABLE];
  const given = text ? ed25519PrivateKey(text, KEY_VARIABLE) : undefined;
  if (file === undefined) {
    const signing = given === undefined ? undefined : { ...given, id: givenId(environment) ?? ownId(given) };
    return withSecrets(signing, signing === undefined ? [] : [{ ...signing, period: { status: 'active' } }]);
  }
  const trust = attestationTrust(file.keyring);
  if (given !== undefined) return withSecrets(ringed(given, givenId(environment), file.keyring, nowMs), trust);
  const active = await readActiveSecret(file, 'attestation', environment, nowMs);
  if (active === undefined) return withSecrets(undefined, trust);
  const pair = ed25519PrivateKey(Buffer.from(active.secret).toString('latin1'), `the attestation key ${active.id}`);
  return withSecrets(ringed(pair, active.id, file.keyring, nowMs), trust);
}

function withSecrets(signing: AttestationKey | undefined, trust: readonly AttestationTrust[]): AttestationKeys {
  return { signing, trust, secrets: signing === undefined ? [] : secretsOf(signing) };
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

function givenId(environment: Environment): string | undefined {
  const id = environment[KEY_ID_VARIABLE];
  if (!id) return undefined;
  if (id.length > MAX_KEY_ID_LENGTH || !KEY_ID_FORM.test(id)) {
    const message = `${KEY_ID_VARIABLE} must be 1 to ${MAX_KEY_ID_LENGTH} visible ASCII characters without blanks`;
    throw new ConfigurationError('CAVRA-E201', message);
  }
  return id;
}

/** A key without a name is named by what it is. */
function ownId({ publicKey }: Ed25519KeyPair): string {
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
