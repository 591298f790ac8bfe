import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { printable } from '../json/pointer.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_CONFIGURATION_FILE_BYTES, MAX_KEYRING_KEYS, MAX_LISTED_PROBLEMS } from '../limits.ts';
import { ed25519PublicKey, publicKeySha256 } from './ed25519.ts';
import { type KeyringKey, readKeyringKey } from './keyring-key.ts';
import { KeyringProblems } from './keyring-problems.ts';

export const KEYRING_SCHEMA_VERSION = 'cavra.release-governance.keyring.v1';

/** All keys that somebody trusts, without any secret: those are referred to (design.md section 5.3). */
export interface Keyring {
  readonly keys: readonly KeyringKey[];
}

/**
 * Parses a keyring document. Unknown and duplicate members, two keys of one purpose and id, two active keys of one purpose, and one
 * public key twice are refused.
 *
 * @param bytes JSON, UTF-8, at most MAX_CONFIGURATION_FILE_BYTES
 * @param source what messages call it, for example the file's path
 * @throws ConfigurationError CAVRA-E209 naming everything that is wrong by its JSON Pointer, and never a value
 */
export function parseKeyring(bytes: Uint8Array, source = 'the keyring'): Keyring {
  const problems = new KeyringProblems();
  const keys = readDocument(parseDocument(bytes, source), problems);
  checkTogether(keys, problems);
  const { list } = problems;
  if (list.length > 0) {
    const rest = list.length - MAX_LISTED_PROBLEMS;
    const shown = [...list.slice(0, MAX_LISTED_PROBLEMS), ...(rest > 0 ? [`and ${rest} more`] : [])];
    throw new ConfigurationError('CAVRA-E209', `${printable(source)}: ${shown.join('; ')}`);
  }
  return { keys: keys.flatMap((key) => (key === undefined ? [] : [key])) };
}

function parseDocument(bytes: Uint8Array, source: string): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_CONFIGURATION_FILE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw new ConfigurationError('CAVRA-E209', `${printable(source)}: ${error.message}`, { cause: error });
  }
}

/** One entry per key in the document's order; undefined where it is wrong. */
function readDocument(document: JsonValue, problems: KeyringProblems): readonly (KeyringKey | undefined)[] {
  if (!(document instanceof JsonObject)) {
    problems.wrongType([], 'an object', document);
    return [];
  }
  problems.refuseOthers(document, ['schema_version', 'keys'], []);
  if (document.get('schema_version') !== KEYRING_SCHEMA_VERSION) {
    problems.add(['schema_version'], `must be ${KEYRING_SCHEMA_VERSION}`);
  }
  const keys = document.get('keys') ?? null;
  if (keys === null || typeof keys !== 'object' || !isJsonList(keys)) {
    problems.wrongType(['keys'], 'a list', keys);
    return [];
  }
  if (keys.length > MAX_KEYRING_KEYS) {
    problems.add(['keys'], `has ${keys.length} keys, at most ${MAX_KEYRING_KEYS} are allowed`);
    return [];
  }
  return keys.map((key, index) => readKeyringKey(key, ['keys', index], problems));
}

function checkTogether(keys: readonly (KeyringKey | undefined)[], problems: KeyringProblems): void {
  const ids = new Set<string>();
  const active = new Set<string>();
  const publicKeys = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (key === undefined) {
      continue;
    }
    const name = JSON.stringify([key.purpose, key.id]);
    if (ids.has(name)) {
      problems.add(['keys', index, 'id'], `is the id of another ${key.purpose} key`);
    }
    ids.add(name);
    if (key.status === 'active' && active.has(key.purpose)) {
      problems.add(['keys', index, 'status'], `must not be active: another ${key.purpose} key is`);
    }
    if (key.status === 'active') {
      active.add(key.purpose);
    }
    const digest = key.publicKey === undefined ? undefined : digestOf(key.publicKey);
    if (digest !== undefined && publicKeys.has(digest)) {
      problems.add(['keys', index, 'public_key'], 'is that of another key: one key has one status');
    }
    if (digest !== undefined) {
      publicKeys.add(digest);
    }
  }
}

/** The same for the same key, however its PEM is written. */
function digestOf(pem: string): string | undefined {
  const key = ed25519PublicKey(pem);
  return key === undefined ? undefined : publicKeySha256(key);
}
