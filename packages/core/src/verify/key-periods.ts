import type { KeyPeriod } from '../domain/keys/validity.ts';
import type { NamedKeyPeriod } from '../report/model/model.ts';

/** Ids, status and periods of keys, and nothing else of them. */
export function namedPeriods(keys: readonly (KeyPeriod & { readonly id: string })[]): readonly NamedKeyPeriod[] {
  return keys.map(({ id, status, notBefore, notAfter, revokedAt }) => ({
    id,
    status,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  }));
}
