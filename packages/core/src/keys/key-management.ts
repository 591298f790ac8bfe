import { rm } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { detectedPlatforms } from '../domain/identity/detect.ts';
import { defaultKeyId, type GeneratedKey, generateKey, KEY_SEED_BYTES } from '../domain/keys/generate.ts';
import type { KeyPurpose } from '../domain/keys/hmac-keys.ts';
import {
  addActiveKey,
  EMPTY_KEYRING,
  findKey,
  type KeyJson,
  type KeyringJson,
  keyringText,
  parseKeyringJson,
  retireKey,
  revokeKey,
} from '../domain/keys/keyring-edit.ts';
import { type SecretReference, VARIABLE_FORM } from '../domain/keys/keyring-key.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { parseInstant } from '../domain/time/instant.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';
import { changeKeyring } from '../io/files/keyring-store.ts';
import { PRIVATE, PUBLIC, writeNewFile } from '../io/files/new-file.ts';
import type { Environment } from '../settings/credentials.ts';

export interface GenerateKeyOptions {
  readonly purpose: KeyPurpose;
  /** By default the purpose and the quarter, for example `ci-evidence-2026-q4`. */
  readonly id: string | undefined;
  /** Keyring in which the key becomes the active one; created when it is not there. */
  readonly keyring: string | undefined;
  /** New file for the secret, readable by its owner only. */
  readonly secretFile: string | undefined;
  /** New file for the public key. */
  readonly publicKeyFile: string | undefined;
  /** Variable that the keyring refers to for the secret. */
  readonly secretVariable: string | undefined;
  /** RFC 3339; by default now. */
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  /** Runner keys: the repositories that the key may speak for; empty: any. */
  readonly repositories: readonly string[];
  /** Whether the caller would show a secret to a person and to nobody else. */
  readonly isPrivateScreen: boolean;
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/** A new key without its secret; stable JSON. */
export interface GeneratedKeyReport {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: string;
  readonly public_key?: string;
  readonly secret_file?: string;
  readonly public_key_file?: string;
  /** The key's entry, as it stands in the keyring or can be put there. */
  readonly entry: KeyJson;
  readonly keyring?: string;
  /** Id of the key that signed so far and now retires. */
  readonly retiring?: string;
}

export interface KeyGeneration {
  readonly report: GeneratedKeyReport;
  /** To be shown once; undefined: it is in its file. */
  readonly secret: GeneratedKey | undefined;
}

/**
 * Makes a key, writes its secret to a file of its owner or hands it over to be shown once, and lets it be the active one of a keyring.
 *
 * @throws ConfigurationError CAVRA-E224 the secret would be shown where others can read it; CAVRA-E209 the keyring does not take the
 *   key; CAVRA-E217 an option; CAVRA-E219 a file cannot be written. Nothing is left behind then
 */
export async function generateKeyFiles(options: GenerateKeyOptions): Promise<KeyGeneration> {
  refuseToShow(options);
  const { purpose, keyring, secretFile, publicKeyFile, now } = options;
  const key = generateKey(purpose, options.randomBytes(KEY_SEED_BYTES));
  if (publicKeyFile !== undefined && key.publicKey === undefined) {
    throw new ConfigurationError('CAVRA-E217', `a ${purpose} key has no public key: it is a shared secret`);
  }
  const entry = entryOf(options, key, options.id ?? defaultKeyId(purpose, now()));
  // Found out before anything is written.
  parseKeyringJson(Buffer.from(keyringText(addActiveKey(EMPTY_KEYRING, entry))), 'the new key');
  const written: string[] = [];
  try {
    await writeFiles(options, key, written);
    const retiring = keyring === undefined ? undefined : await addToKeyring(options, keyring, entry);
    return {
      report: {
        id: entry.id,
        purpose,
        algorithm: key.algorithm,
        ...(key.publicKey === undefined ? {} : { public_key: key.publicKey }),
        ...(secretFile === undefined ? {} : { secret_file: secretFile }),
        ...(publicKeyFile === undefined ? {} : { public_key_file: publicKeyFile }),
        entry,
        ...(keyring === undefined ? {} : { keyring }),
        ...(retiring === undefined ? {} : { retiring }),
      },
      secret: secretFile === undefined ? key : undefined,
    };
  } catch (error) {
    // A key that came into no keyring is nobody's.
    for (const path of written) await rm(path, { force: true });
    throw error;
  }
}

function refuseToShow({ secretFile, isPrivateScreen, environment }: GenerateKeyOptions): void {
  if (secretFile !== undefined) return;
  const platforms = detectedPlatforms(environment);
  if (platforms.length > 0 || environment['CI']) {
    const where = platforms.length > 0 ? platforms.join(' and ') : 'CI';
    throw new ConfigurationError('CAVRA-E224', `a secret must not be printed to the log of ${where}`);
  }
  if (!isPrivateScreen) {
    throw new ConfigurationError('CAVRA-E224', 'the output is not a terminal, or is for programs');
  }
}

function entryOf(options: GenerateKeyOptions, key: GeneratedKey, id: string): KeyJson {
  const { purpose, notBefore, notAfter, repositories, now } = options;
  const secret = referenceOf(options, key, id);
  return {
    id,
    purpose,
    algorithm: key.algorithm,
    status: 'active',
    ...(secret === undefined ? {} : { secret }),
    ...(key.publicKey === undefined ? {} : { public_key: key.publicKey }),
    // A runner's clock may be behind that of whoever makes its key.
    not_before: notBefore ?? formatTimestamp(Math.floor(now() / 1000) * 1000 - CLOCK_TOLERANCE_SECONDS * 1000),
    ...(notAfter === undefined ? {} : { not_after: notAfter }),
    ...(repositories.length === 0 ? {} : { repositories }),
  };
}

/** An HMAC key must say where its secret is; a private key need not, for whoever verifies does not hold it. */
function referenceOf(options: GenerateKeyOptions, key: GeneratedKey, id: string): SecretReference | undefined {
  const { secretVariable, secretFile, keyring, workingDirectory } = options;
  if (secretVariable !== undefined) {
    if (VARIABLE_FORM.test(secretVariable)) return { env: secretVariable };
    throw new ConfigurationError('CAVRA-E217', '--secret-env must be the name of an environment variable');
  }
  if (key.algorithm === 'Ed25519') return undefined;
  if (secretFile === undefined || keyring === undefined) return { env: variableOf(id) };
  const folder = dirname(resolve(workingDirectory, keyring));
  return { file: relative(folder, resolve(workingDirectory, secretFile)).split(sep).join('/') };
}

/** `ci-evidence-2026-q4` -> `CAVRA_KEY_CI_EVIDENCE_2026_Q4` */
function variableOf(id: string): string {
  return `CAVRA_KEY_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

async function writeFiles(
  { secretFile, publicKeyFile, workingDirectory }: GenerateKeyOptions,
  key: GeneratedKey,
  written: string[],
): Promise<void> {
  if (secretFile !== undefined) {
    const path = resolve(workingDirectory, secretFile);
    const text = key.secret.endsWith('\n') ? key.secret : `${key.secret}\n`;
    await writeNewFile(path, secretFile, text, PRIVATE);
    written.push(path);
  }
  if (publicKeyFile !== undefined && key.publicKey !== undefined) {
    const path = resolve(workingDirectory, publicKeyFile);
    await writeNewFile(path, publicKeyFile, key.publicKey, PUBLIC);
    written.push(path);
  }
}

async function addToKeyring(
  { workingDirectory, purpose }: GenerateKeyOptions,
  name: string,
  entry: KeyJson,
): Promise<string | undefined> {
  let retiring: string | undefined;
  await changeKeyring(resolve(workingDirectory, name), name, true, (keyring) => {
    retiring = keyring.keys.find((key) => key.purpose === purpose && key.status === 'active')?.id;
    return addActiveKey(keyring, entry);
  });
  return retiring;
}

export interface ChangeKeyOptions {
  readonly keyring: string;
  readonly id: string;
  /** Needed only where keys of several purposes have the id. */
  readonly purpose: KeyPurpose | undefined;
  /** RFC 3339: when its period ends, or since when it is compromised. */
  readonly at: string | undefined;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
}

/** A key as an edit left it; stable JSON. */
export interface ChangedKeyReport {
  readonly keyring: string;
  readonly entry: KeyJson;
  /** Whether a key of this purpose still signs. */
  readonly has_active: boolean;
}

/**
 * Ends the period of a key, now unless told otherwise.
 *
 * @throws ConfigurationError CAVRA-E209 the keyring or the key; CAVRA-E217 the time; CAVRA-E219 the keyring cannot be written
 */
export async function retireKeyringKey(options: ChangeKeyOptions): Promise<ChangedKeyReport> {
  const at = instantOf(options.at) ?? options.now();
  return changeKey(options, (keyring) => retireKey(keyring, options, at));
}

/**
 * Declares a key compromised since a moment, or from its beginning.
 *
 * @throws ConfigurationError as `retireKeyringKey`
 */
export async function revokeKeyringKey(options: ChangeKeyOptions): Promise<ChangedKeyReport> {
  const since = instantOf(options.at);
  if (since !== undefined && since > options.now()) {
    throw new ConfigurationError('CAVRA-E217', 'a key cannot be compromised in the future; retire it instead');
  }
  return changeKey(options, (keyring) => revokeKey(keyring, options, since));
}

async function changeKey(
  options: ChangeKeyOptions,
  change: (keyring: KeyringJson) => KeyringJson,
): Promise<ChangedKeyReport> {
  const path = resolve(options.workingDirectory, options.keyring);
  const written = await changeKeyring(path, options.keyring, false, change);
  const entry = findKey(written, options);
  const hasActive = written.keys.some(({ purpose, status }) => purpose === entry.purpose && status === 'active');
  return { keyring: options.keyring, entry, has_active: hasActive };
}

function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant === undefined) {
    throw new ConfigurationError('CAVRA-E217', 'a time must be of RFC 3339, such as 2026-10-01T00:00:00Z');
  }
  return instant;
}
