import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_KEY_ID_LENGTH, MAX_KEY_REPOSITORIES } from '../limits.ts';
import { parseInstant } from '../time/instant.ts';
import { ed25519PublicKey } from './ed25519.ts';
import type { KeyPurpose, KeyStatus } from './hmac-keys.ts';
import type { KeyringProblems, Path } from './keyring-problems.ts';

export type KeyAlgorithm = 'HMAC-SHA256' | 'Ed25519';

/** Where a secret is; never the secret itself. */
export type SecretReference =
  /** Name of an environment variable: the key is the UTF-8 bytes of its value. */
  | { readonly env: string }
  /** Path of a file, relative to the keyring's folder: the key is its bytes without one line end after them. */
  | { readonly file: string };

/** One key of a keyring. Times are Unix milliseconds. */
export interface KeyringKey {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: KeyAlgorithm;
  readonly status: KeyStatus;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly revokedAt?: number;
  /** Runner keys: exact repositories that the key may speak for; absent: any. */
  readonly repositories?: readonly string[];
  /** HMAC: the key. Ed25519: the private key (PKCS#8 PEM), only where it signs. */
  readonly secret?: SecretReference;
  /** Ed25519: SubjectPublicKeyInfo PEM. */
  readonly publicKey?: string;
}

export const KEY_PURPOSES = ['runner', 'evidence', 'attestation', 'daemon'] as const satisfies readonly KeyPurpose[];
export const KEY_STATUSES = ['active', 'retiring', 'retired', 'revoked'] as const satisfies readonly KeyStatus[];
export const KEY_ALGORITHMS = ['HMAC-SHA256', 'Ed25519'] as const satisfies readonly KeyAlgorithm[];

/** Each purpose has one algorithm: records and runner proofs are MACs, checkpoints and a daemon's answers public-key signatures. */
export const ALGORITHM_OF: Readonly<Record<KeyPurpose, KeyAlgorithm>> = {
  runner: 'HMAC-SHA256',
  evidence: 'HMAC-SHA256',
  attestation: 'Ed25519',
  daemon: 'Ed25519',
};

export const KEY_MEMBERS = [
  'id',
  'purpose',
  'algorithm',
  'status',
  'secret',
  'public_key',
  'not_before',
  'not_after',
  'revoked_at',
  'repositories',
] as const;

/** Visible ASCII: an id stands in logs, file names and command lines. */
export const KEY_ID_FORM = /^[!-~]+$/u;
export const VARIABLE_FORM = /^[A-Za-z_][A-Za-z0-9_]*$/u;

/** Reads one key; undefined when something of it is wrong, which `problems` then names. */
export function readKeyringKey(value: JsonValue, path: Path, problems: KeyringProblems): KeyringKey | undefined {
  if (!(value instanceof JsonObject)) {
    return problems.wrongType(path, 'an object', value);
  }
  const before = problems.list.length;
  problems.refuseOthers(value, KEY_MEMBERS, path);
  const reader = new MemberReader(value, path, problems);
  const id = reader.id();
  const purpose = reader.oneOf('purpose', KEY_PURPOSES);
  const algorithm = reader.oneOf('algorithm', KEY_ALGORITHMS);
  const status = reader.oneOf('status', KEY_STATUSES);
  const material = reader.material(purpose, algorithm);
  const period = reader.period(status);
  const repositories = reader.repositories(purpose);
  const isComplete = problems.list.length === before;
  if (!isComplete || id === undefined || purpose === undefined || algorithm === undefined || status === undefined) {
    return undefined;
  }
  return { id, purpose, algorithm, status, ...material, ...period, ...(repositories ? { repositories } : {}) };
}

/** Reads the members of one key and says what is wrong with each. */
class MemberReader {
  readonly #object: JsonObject;
  readonly #path: Path;
  readonly #problems: KeyringProblems;

  constructor(object: JsonObject, path: Path, problems: KeyringProblems) {
    this.#object = object;
    this.#path = path;
    this.#problems = problems;
  }

  id(): string | undefined {
    const value = this.#required('id', 'a string');
    if (typeof value !== 'string') {
      return undefined;
    }
    if (value.length > MAX_KEY_ID_LENGTH || !KEY_ID_FORM.test(value)) {
      return this.#wrong('id', `must be 1 to ${MAX_KEY_ID_LENGTH} visible ASCII characters without blanks`);
    }
    return value;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.#required(name, 'a string');
    if (typeof value !== 'string') {
      return undefined;
    }
    return words.find((word) => word === value) ?? this.#wrong(name, `must be one of ${words.join(', ')}`);
  }

  material(
    purpose: KeyPurpose | undefined,
    algorithm: KeyAlgorithm | undefined,
  ): Pick<KeyringKey, 'secret' | 'publicKey'> {
    if (purpose !== undefined && algorithm !== undefined && ALGORITHM_OF[purpose] !== algorithm) {
      this.#wrong('algorithm', `must be ${ALGORITHM_OF[purpose]} for the purpose ${purpose}`);
    }
    const secret = this.#secret();
    const publicKey = this.#publicKey();
    if (algorithm === 'HMAC-SHA256' && !this.#object.has('secret')) {
      this.#wrong('secret', 'is missing');
    }
    if (algorithm === 'HMAC-SHA256' && this.#object.has('public_key')) {
      this.#wrong('public_key', 'does not belong to an HMAC key');
    }
    if (algorithm === 'Ed25519' && !this.#object.has('public_key')) {
      this.#wrong('public_key', 'is missing');
    }
    return { ...(secret ? { secret } : {}), ...(publicKey ? { publicKey } : {}) };
  }

  period(status: KeyStatus | undefined): Pick<KeyringKey, 'notBefore' | 'notAfter' | 'revokedAt'> {
    const notBefore = this.#instant('not_before');
    const notAfter = this.#instant('not_after');
    const revokedAt = this.#instant('revoked_at');
    if (notBefore !== undefined && notAfter !== undefined && notAfter <= notBefore) {
      this.#wrong('not_after', 'must be later than not_before');
    }
    if (this.#object.has('revoked_at') && status !== undefined && status !== 'revoked') {
      this.#wrong('revoked_at', 'belongs only to a key whose status is revoked');
    }
    return {
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(notAfter === undefined ? {} : { notAfter }),
      ...(revokedAt === undefined ? {} : { revokedAt }),
    };
  }

  repositories(purpose: KeyPurpose | undefined): readonly string[] | undefined {
    const value = this.#object.get('repositories');
    if (value === undefined) {
      return undefined;
    }
    if (purpose !== undefined && purpose !== 'runner') {
      return this.#wrong('repositories', 'belongs only to a runner key');
    }
    if (value === null || typeof value !== 'object' || !isJsonList(value) || value.length === 0) {
      return this.#wrong('repositories', 'must be a list of at least one repository');
    }
    if (value.length > MAX_KEY_REPOSITORIES) {
      return this.#wrong('repositories', `has ${value.length} entries, at most ${MAX_KEY_REPOSITORIES} are allowed`);
    }
    return this.#repositoryNames(value);
  }

  #repositoryNames(items: readonly JsonValue[]): readonly string[] {
    return items.flatMap((item, index) => {
      if (typeof item !== 'string' || item === '') {
        this.#problems.add([...this.#path, 'repositories', index], 'must be the full name of a repository');
        return [];
      }
      if (item.includes('*')) {
        this.#problems.add(
          [...this.#path, 'repositories', index],
          'must be an exact name, patterns are not known here',
        );
      }
      return [item];
    });
  }

  #secret(): SecretReference | undefined {
    const value = this.#object.get('secret');
    if (value === undefined) {
      return undefined;
    }
    const [name, ...others] = value instanceof JsonObject ? [...value.names()] : [];
    const text = value instanceof JsonObject && name !== undefined ? value.get(name) : undefined;
    if ((name !== 'env' && name !== 'file') || others.length > 0 || typeof text !== 'string') {
      return this.#wrong('secret', 'must be {"env": NAME} or {"file": PATH}; the secret itself may not stand here');
    }
    if (name === 'env') {
      return VARIABLE_FORM.test(text) ? { env: text } : this.#wrong('secret', 'names no environment variable');
    }
    return text !== '' && !text.includes('\0') ? { file: text } : this.#wrong('secret', 'names no file');
  }

  #publicKey(): string | undefined {
    const value = this.#object.get('public_key');
    if (value === undefined) {
      return undefined;
    }
    if (typeof value !== 'string' || ed25519PublicKey(value) === undefined) {
      return this.#wrong('public_key', 'must be an Ed25519 public key in PEM (BEGIN PUBLIC KEY)');
    }
    return value;
  }

  #instant(name: string): number | undefined {
    const value = this.#object.get(name);
    if (value === undefined) {
      return undefined;
    }
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    return instant ?? this.#wrong(name, 'must be a time of RFC 3339, such as 2026-10-01T00:00:00Z');
  }

  #required(name: string, expected: string): JsonValue | undefined {
    const value = this.#object.get(name);
    if (typeof value !== 'string') {
      this.#problems.wrongType([...this.#path, name], expected, value);
    }
    return value;
  }

  #wrong(name: string, problem: string): undefined {
    this.#problems.add([...this.#path, name], problem);
  }
}
