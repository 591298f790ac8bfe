import type { RunnerAuth, RunnerIdentity } from '../../wire/messages.ts';
import { OIDC_JWT } from '../runner-authenticator.ts';
import { parseHeader } from './token/compact.ts';

/**
 * Makes `runner_auth` of a platform's token (wire-format.md section 3): `key_id` is the `kid` of the token's header.
 *
 * @param token compact JWT; a secret, which nothing of this may log
 * @throws AuthenticationError CAVRA-E315 it is not a compact token with a header
 */
export function oidcProof(identity: RunnerIdentity, token: string): RunnerAuth {
  const kid = parseHeader(token).get('kid');
  return {
    identity,
    algorithm: OIDC_JWT,
    ...(typeof kid === 'string' && kid !== '' ? { key_id: kid } : {}),
    signature: token,
  };
}
