import { AuthenticationError } from '../../diagnosis.ts';
import type { RequestAuthenticator } from '../request-authenticator.ts';
import { OIDC_JWT } from '../runner-authenticator.ts';
import { requiredString } from './token/claims.ts';
import { parseCompactToken } from './token/compact.ts';
import type { IssuerTrust } from './token/trust.ts';

/** An authenticator together with the one issuer that it trusts. */
export interface IssuerAuthenticator {
  readonly trust: Pick<IssuerTrust, 'provider' | 'issuer' | 'algorithms'>;
  readonly authenticator: RequestAuthenticator;
}

/**
 * Takes each token to the authenticator of its issuer, for a verifier that serves several platforms. Which one that is, the token says
 * before anything of it is proven; but it chooses only among what is pinned, and whatever it chose then proves everything anew.
 *
 * @throws AuthenticationError CAVRA-E306 no issuer is pinned for the provider, CAVRA-E315 malformed, CAVRA-E317 another issuer
 */
export function createIssuerRouter(issuers: readonly IssuerAuthenticator[]): RequestAuthenticator {
  return {
    async authenticate(request, auth) {
      const candidates = issuers.filter(({ trust }) => trust.provider === auth?.identity.provider);
      const [only, ...others] = candidates;
      if (only === undefined) {
        throw new AuthenticationError('CAVRA-E306', 'no issuer is pinned here for the provider of the identity');
      }
      if (others.length === 0 || auth?.algorithm !== OIDC_JWT) {
        return only.authenticator.authenticate(request, auth);
      }
      const { claims } = parseCompactToken(auth.signature ?? '', only.trust.algorithms);
      const issuer = requiredString(claims, 'iss');
      const chosen = candidates.find(({ trust }) => trust.issuer === issuer);
      if (chosen === undefined) {
        throw new AuthenticationError('CAVRA-E317', 'the token is from none of the issuers that are pinned here');
      }
      return chosen.authenticator.authenticate(request, auth);
    },
  };
}
