import { TOKEN_REUSE_MS } from '../../domain/limits.ts';
import type { Clock } from '../../domain/ports.ts';
import type { AcquiredToken } from './token-source.ts';

/**
 * Remembers what was acquired for an audience, so that the requests of one run ask the platform once. A failure is remembered too: a
 * second request would only wait for the same answer. After TOKEN_REUSE_MS the platform is asked again, well before its tokens expire.
 *
 * @param acquire gets a token for an audience
 */
export function createTokenMemory(
  acquire: (audience: string) => Promise<AcquiredToken>,
  now: Clock,
): (audience: string) => Promise<AcquiredToken> {
  const remembered = new Map<string, { readonly since: number; readonly token: Promise<AcquiredToken> }>();
  return (audience) => {
    const known = remembered.get(audience);
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.since;
    if (known !== undefined && age >= 0 && age < TOKEN_REUSE_MS) return known.token;
    const token = acquire(audience);
    remembered.set(audience, { since: now(), token });
    return token;
  };
}
