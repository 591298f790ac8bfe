import { AuthenticationError } from '../diagnosis.ts';
import { HMAC_IDENTITY, HMAC_REQUEST } from './hmac.ts';
import type { RequestAuthenticator } from './request-authenticator.ts';

export const OIDC_JWT = 'OIDC-JWT';

export interface RunnerAuthenticatorOptions {
  readonly oidc?: RequestAuthenticator;
  readonly hmac?: RequestAuthenticator;
  /** With OIDC configured, HMAC is refused unless the configuration allows it by name (weakness row 31). */
  readonly allowHmacBesideOidc?: boolean;
}

/**
 * One authenticator that takes each proof to the one that is configured for its algorithm: the configuration decides what is
 * accepted, never the caller. With nothing configured, everything is refused (weakness rows 22, 23 and 35).
 */
export function createRunnerAuthenticator(options: RunnerAuthenticatorOptions): RequestAuthenticator {
  return {
    async authenticate(request, auth) {
      if (options.oidc === undefined && options.hmac === undefined) {
        throw new AuthenticationError(
          'CAVRA-E306',
          'no way to authenticate runners is configured, so nobody is accepted',
        );
      }
      if (auth === undefined) {
        throw new AuthenticationError('CAVRA-E301', 'the request carries no runner_auth');
      }
      return route(options, auth.algorithm ?? '').authenticate(request, auth);
    },
  };
}

function route(options: RunnerAuthenticatorOptions, algorithm: string): RequestAuthenticator {
  const { oidc, hmac } = options;
  if (algorithm === OIDC_JWT && oidc !== undefined) {
    return oidc;
  }
  const isHmac = algorithm === HMAC_IDENTITY || algorithm === HMAC_REQUEST;
  if (isHmac && hmac !== undefined) {
    if (oidc === undefined || options.allowHmacBesideOidc === true) {
      return hmac;
    }
    throw new AuthenticationError('CAVRA-E306', 'OIDC is configured, and HMAC is not allowed beside it by name');
  }
  throw new AuthenticationError(
    'CAVRA-E306',
    `this runner_auth algorithm is not accepted here, expected ${oidc === undefined ? 'HMAC' : OIDC_JWT}`,
  );
}
