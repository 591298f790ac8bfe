import type { RunnerIdentity } from '../wire/messages.ts';
import type { IdentityField } from './sources.ts';

/** What tells one job of one run from every other. */
const RUN_FIELDS = [
  'provider',
  'repository',
  'run_id',
  'run_attempt',
  'job',
  'ref',
  'sha',
] as const satisfies readonly IdentityField[];

/**
 * Whether two identities are of the same job in the same attempt of the same run (weakness row 37). On a CI platform an identity
 * without a run id is never the same run as another.
 */
export function sameRun(a: RunnerIdentity, b: RunnerIdentity): boolean {
  if (a.provider !== 'local' && !a.run_id) {
    return false;
  }
  return RUN_FIELDS.every((field) => (a[field] ?? '') === (b[field] ?? ''));
}
