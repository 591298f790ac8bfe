import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { deriveEvidenceKey } from '../domain/keys/derived-key.ts';
import { publicKeySha256 } from '../domain/keys/ed25519.ts';
import type { Ed25519KeyPair } from '../domain/keys/ed25519-private.ts';
import { keyFault } from '../domain/keys/key-form.ts';
import { derivedEntry, type KeyJson } from '../domain/keys/keyring/keyring-edit.ts';
import { MAX_SECRET_FILE_BYTES } from '../domain/limits.ts';
import { oneLine } from '../domain/text/printable.ts';
import { PRIVATE, writeNewFile } from '../io/files/new-file.ts';
import { readNamedFile } from '../io/files/read-regular-file.ts';
import { readKeyringFile } from '../io/trust/keyring-file.ts';
import { attestationTrust, givenId, ownId, privateKeyOf } from './attestation-keys.ts';
import { refuseToShow, type SecretOutput } from './private-screen.ts';

export interface EvidenceOfOptions extends SecretOutput {
  /** Path of an attestation key: Ed25519, PKCS#8. */
  readonly file: string;
  /** Id of the attestation key; undefined: the keyring's, else CAVRA_ATTESTATION_KEY_ID, else the digest of its public key. */
  readonly id: string | undefined;
  readonly keyring: string | undefined;
  /** Absolute. */
  readonly workingDirectory: string;
}

/** A derived evidence key without its secret; stable JSON. */
export interface DerivedKeyReport {
  readonly id: string;
  readonly derived_from: string;
  readonly secret_file?: string;
  /** The key's entry for a keyring that has the attestation key. */
  readonly entry: KeyJson;
}

export interface DerivedKey {
  readonly report: DerivedKeyReport;
  /** To be shown once; undefined: it is in its file. */
  readonly secret: string | undefined;
}

/**
 * Derives the evidence key of an attestation key, for the restricted vault that verifies record signatures.
 *
 * @throws ConfigurationError CAVRA-E224 the secret would be shown where others can read it; CAVRA-E216 the file cannot be read; CAVRA-E222
 *   it holds no attestation key; CAVRA-E207 the keyring has it under another id or not at all; CAVRA-E209 the keyring; CAVRA-E219 the
 *   new file cannot be written
 */
export async function evidenceKeyOf(options: EvidenceOfOptions): Promise<DerivedKey> {
  refuseToShow(options);
  const { file, secretFile, workingDirectory } = options;
  const pair = await readPair(file, workingDirectory);
  const source = { id: await idOf(pair, options), privateKey: pair.privateKey };
  const { id, secret } = deriveEvidenceKey(source);
  const text = Buffer.from(secret).toString('latin1');
  if (secretFile !== undefined) {
    await writeNewFile(resolve(workingDirectory, secretFile), secretFile, `${text}\n`, PRIVATE);
  }
  return {
    report: {
      id,
      derived_from: source.id,
      ...(secretFile === undefined ? {} : { secret_file: secretFile }),
      entry: derivedEntry(source.id),
    },
    secret: secretFile === undefined ? text : undefined,
  };
}

async function readPair(file: string, workingDirectory: string): Promise<Ed25519KeyPair> {
  const path = resolve(workingDirectory, file);
  const bytes = await readNamedFile(path, { what: oneLine(file), maxBytes: MAX_SECRET_FILE_BYTES });
  return privateKeyOf({ bytes, fault: keyFault(bytes) }, oneLine(file));
}

async function idOf(pair: Ed25519KeyPair, options: EvidenceOfOptions): Promise<string> {
  const { id, keyring: name, environment, workingDirectory } = options;
  if (name === undefined) return id ?? givenId(environment) ?? ownId(pair);
  const { keyring } = await readKeyringFile(resolve(workingDirectory, name));
  const digest = publicKeySha256(pair.publicKey);
  const entry = attestationTrust(keyring).find(({ publicKey }) => publicKeySha256(publicKey) === digest);
  if (entry?.id === undefined || (id !== undefined && id !== entry.id)) {
    const where = entry?.id === undefined ? 'is not in' : `is ${entry.id} in`;
    throw new ConfigurationError(
      'CAVRA-E207',
      `the attestation key of ${oneLine(options.file)} ${where} the keyring ${oneLine(name)}`,
    );
  }
  return entry.id;
}
