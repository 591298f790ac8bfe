import { createHash } from 'node:crypto';
import { compactVerify } from 'jose';
import { AuthenticationError, ConfigurationError } from '../../diagnosis.ts';
import { validateIdentity } from '../../identity/validate.ts';
import { plainObject } from '../../json/plain.ts';
import type { JsonObject } from '../../json/value.ts';
import type { AuthenticatedRunner } from '../../trust/trust-decision.ts';
import { requestDigest } from '../../wire/encode.ts';
import type { EvaluateRequest, RunnerAuth } from '../../wire/messages.ts';
import type { NonceMemory } from '../nonce-memory.ts';
import type { Now, RequestAuthenticator } from '../request-authenticator.ts';
import { OIDC_JWT } from '../runner-authenticator.ts';
import type { BindingFacts } from './bind/binding.ts';
import { BINDERS } from './bind/index.ts';
import { audienceClaim, requiredString } from './token/claims.ts';
import { type CompactToken, parseCompactToken } from './token/compact.ts';
import { type JwksSource, type KeySelection, selectKey } from './token/jwks.ts';
import { checkTimes } from './token/times.ts';
import type { IssuerTrust } from './token/trust.ts';

export interface OidcAuthenticatorOptions extends IssuerTrust {
  readonly jwks: JwksSource;
  readonly now: Now;
  /** What the environment says beside the identity; a resident daemon has none. */
  readonly facts?: BindingFacts;
  /**
   * Takes each pair of token id and request once. Without it a replay is not noticed, and the result says so. `caller`: the result has
   * what is to be remembered as `use`.
   */
  readonly replay?: NonceMemory | 'caller';
}

/**
 * Verifies `OIDC-JWT` proofs (design.md section 4): the token against pinned trust, then the claimed identity against the token.
 *
 * `authenticate` throws AuthenticationError: CAVRA-E301 no proof, E302 identity unusable, E305 replayed, E306 another kind of proof,
 * E314 keys cannot be had, E315 token malformed, E316 signature or key, E317 issuer or audience, E318 times, E319 the identity
 * contradicts the token or the repository is not proven. No error holds any part of the token.
 *
 * @throws ConfigurationError CAVRA-E211 issuer, audience, algorithms or greatest age are not usable
 */
export function createOidcAuthenticator(options: OidcAuthenticatorOptions): RequestAuthenticator {
  checkOptions(options);
  return {
    async authenticate(request, auth) {
      const proof = requireProof(auth);
      validateIdentity(proof.identity);
      checkProvider(options, proof);
      const token = parseCompactToken(proof.signature ?? '', options.algorithms);
      checkKeyId(proof, token);
      await verifySignature(options, token, proof.signature ?? '');
      checkIssuer(options, token.claims);
      checkAudience(options, token.claims);
      requiredString(token.claims, 'sub');
      const refusedFrom = checkTimes(options, token.claims, options.now());
      const binding = BINDERS[options.provider](proof.identity, token.claims, options.facts ?? {}, options);
      const replay = takeOnce(options, proof, token.claims, request, refusedFrom);
      return { ...describe(proof, token), ...binding, ...replay };
    },
  };
}

function checkOptions(options: OidcAuthenticatorOptions): void {
  const missing = (['issuer', 'audience'] as const).filter((name) => options[name] === '');
  if (missing.length > 0) {
    throw new ConfigurationError('CAVRA-E211', `the OIDC trust has no ${missing.join(' and no ')}`);
  }
  if (options.algorithms.length === 0) {
    throw new ConfigurationError('CAVRA-E211', 'the OIDC trust pins no signature algorithm');
  }
  if (!(options.maxTokenAgeSeconds > 0)) {
    throw new ConfigurationError('CAVRA-E211', 'the greatest age of a token must be more than 0 seconds');
  }
}

function requireProof(auth: RunnerAuth | undefined): RunnerAuth {
  if (auth === undefined) {
    throw new AuthenticationError('CAVRA-E301', 'the request carries no runner_auth');
  }
  if (auth.algorithm !== OIDC_JWT) {
    throw new AuthenticationError(
      'CAVRA-E306',
      `this runner_auth algorithm is not accepted here, expected ${OIDC_JWT}`,
    );
  }
  return auth;
}

function checkProvider(options: OidcAuthenticatorOptions, { identity }: RunnerAuth): void {
  if (identity.provider !== options.provider) {
    throw new AuthenticationError(
      'CAVRA-E319',
      `provider of the identity is not ${options.provider}, whose tokens are pinned here`,
    );
  }
}

function checkKeyId(auth: RunnerAuth, token: CompactToken): void {
  if (auth.key_id && auth.key_id !== token.kid) {
    throw new AuthenticationError('CAVRA-E319', 'key_id of runner_auth is not the kid of the token');
  }
}

async function verifySignature(options: OidcAuthenticatorOptions, token: CompactToken, jwt: string): Promise<void> {
  const selection = await findKey(options, token);
  if (!selection.found) {
    throw new AuthenticationError('CAVRA-E316', selection.reason);
  }
  try {
    await compactVerify(jwt, selection.key.publicKey, { algorithms: [token.algorithm] });
  } catch (error) {
    throw new AuthenticationError('CAVRA-E316', 'the signature of the token does not match', { cause: error });
  }
}

/** The platform may have rotated its keys since they were fetched: an unknown id is looked for once more. */
async function findKey(options: OidcAuthenticatorOptions, token: CompactToken): Promise<KeySelection> {
  const first = selectKey(await options.jwks.get({ refresh: false }), token.kid, token.algorithm);
  if (first.found || !first.unknown) {
    return first;
  }
  return selectKey(await options.jwks.get({ refresh: true }), token.kid, token.algorithm);
}

function checkIssuer(options: OidcAuthenticatorOptions, claims: JsonObject): void {
  if (requiredString(claims, 'iss') !== options.issuer) {
    throw new AuthenticationError('CAVRA-E317', `the token is not from the pinned issuer ${options.issuer}`);
  }
}

function checkAudience(options: OidcAuthenticatorOptions, claims: JsonObject): void {
  const [audience, ...others] = audienceClaim(claims);
  if (audience !== options.audience || others.length > 0) {
    throw new AuthenticationError(
      'CAVRA-E317',
      `the token is not for the pinned audience ${options.audience} and for no other`,
    );
  }
}

function describe(
  proof: RunnerAuth,
  token: CompactToken,
): Pick<AuthenticatedRunner, 'method' | 'identity' | 'keyId' | 'claims'> {
  return { method: 'oidc', identity: proof.identity, keyId: token.kid, claims: plainObject(token.claims) };
}

const REPLAY_UNNOTICED =
  'token ids are not remembered here: a replay of the same request before the token expires is not noticed';

/** One token may ask several questions, each of them once (design.md section 4, replay). */
function takeOnce(
  options: OidcAuthenticatorOptions,
  proof: RunnerAuth,
  claims: JsonObject,
  request: EvaluateRequest,
  refusedFrom: number,
): Pick<AuthenticatedRunner, 'notes' | 'use'> {
  if (options.replay === undefined) {
    return { notes: [REPLAY_UNNOTICED] };
  }
  if (options.replay === 'caller') {
    const id = `${tokenName(options, proof, claims)}\n${requestDigest(request)}`;
    return { notes: [], use: { kind: 'token', id, refusedFrom } };
  }
  const tokenId = requiredString(claims, 'jti');
  const answer = options.replay.take(`${tokenId}\n${requestDigest(request)}`, refusedFrom, options.now());
  if (answer === 'used') {
    throw new AuthenticationError('CAVRA-E305', 'the token was used for this request before');
  }
  if (answer === 'full') {
    throw new AuthenticationError(
      'CAVRA-E308',
      'too many tokens are alive at once, so this one cannot be told from a replay',
    );
  }
  return { notes: [] };
}

/** What tells a token from every other: its id within its issuer, or its digest where the issuer gives no ids. */
function tokenName(options: OidcAuthenticatorOptions, proof: RunnerAuth, claims: JsonObject): string {
  return claims.has('jti')
    ? `jti\n${options.issuer}\n${requiredString(claims, 'jti')}`
    : `sha256\n${createHash('sha256')
        .update(proof.signature ?? '')
        .digest('hex')}`;
}
