import { readBindingFacts } from '../../domain/auth/oidc/bind/facts.ts';
import type { OidcTrust } from '../../domain/auth/oidc/token/trust.ts';
import { createOidcAuthenticator } from '../../domain/auth/oidc/verify.ts';
import type { RequestAuthenticator } from '../../domain/auth/request-authenticator.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { Clock } from '../../domain/ports.ts';
import type { HttpClient } from './http-client.ts';
import { askAhead, createJwksSource } from './jwks-source.ts';

/** What verifies the token of this very job, with the issuer’s keys from where the trust says; they come while the token is asked for. */
export function openOidcAuthenticator(
  trust: OidcTrust,
  options: {
    readonly environment: Environment;
    readonly http: HttpClient;
    readonly deadline: number;
    readonly now: Clock;
  },
): RequestAuthenticator {
  const { environment, http, deadline, now } = options;
  const source = createJwksSource(trust.jwks, { http, now, deadline });
  return createOidcAuthenticator({
    ...trust,
    jwks: askAhead(source),
    now,
    facts: readBindingFacts(trust.provider, environment),
  });
}
