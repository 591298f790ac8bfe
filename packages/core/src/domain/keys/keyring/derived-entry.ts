import type { JsonObject } from '../../json/value.ts';
import { derivedKeyId } from '../derived-key.ts';
import type { KeyringKey } from './keyring-key.ts';
import type { KeyringProblems, Path } from './keyring-problems.ts';

/** The members of a keyring's entry for a derived key; status and periods are those of the key that it is derived from. */
export const DERIVED_MEMBERS = ['id', 'purpose', 'algorithm', 'derived_from'] as const;

/**
 * Reads the entry of a derived evidence key; undefined when something of it is wrong, which `problems` then names.
 *
 * @param keys of the same keyring
 */
export function readDerivedKey(
  entry: JsonObject,
  path: Path,
  problems: KeyringProblems,
  keys: readonly (KeyringKey | undefined)[],
): KeyringKey | undefined {
  const before = problems.list.length;
  const expect = (name: string, expected: string) => {
    if (entry.get(name) !== expected) problems.add([...path, name], `must be ${expected} for a key that is derived`);
  };
  problems.refuseOthers(entry, DERIVED_MEMBERS, path);
  expect('purpose', 'evidence');
  expect('algorithm', 'HMAC-SHA256');
  const from = entry.get('derived_from');
  const source = keys.find((key) => key?.purpose === 'attestation' && key.id === from);
  if (source === undefined) {
    return problems.add([...path, 'derived_from'], 'must be the id of an attestation key of this keyring');
  }
  const id = derivedKeyId(source.id);
  if (entry.get('id') !== id) problems.add([...path, 'id'], 'must be derived_from and .hmac behind it');
  if (problems.list.length > before) return undefined;
  return { id, purpose: 'evidence', algorithm: 'HMAC-SHA256', derivedFrom: source.id, ...standing(source) };
}

/** Status and periods, and nothing else of a key. */
function standing({ status, notBefore, notAfter, revokedAt }: KeyringKey) {
  return {
    status,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}
