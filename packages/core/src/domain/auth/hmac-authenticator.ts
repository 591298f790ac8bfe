import { AuthenticationError, ConfigurationError } from '../diagnosis.ts';
import { IDENTITY_FIELDS } from '../identity/sources.ts';
import { validateIdentity } from '../identity/validate.ts';
import type { HmacVerificationKey } from '../keys/hmac-keys.ts';
import { keyValidity } from '../keys/validity.ts';
import { REQUEST_AUTH_EARLY_SECONDS, REQUEST_AUTH_LATE_SECONDS } from '../limits.ts';
import type { AuthenticatedRunner } from '../trust/trust-decision.ts';
import { requestDigest } from '../wire/encode.ts';
import type { EvaluateRequest, RunnerAuth, RunnerIdentity } from '../wire/messages.ts';
import {
  HMAC_IDENTITY,
  HMAC_REQUEST,
  parseRequestSignature,
  type RequestSignature,
  verifyIdentitySignature,
  verifyRequestSignature,
} from './hmac.ts';
import type { NonceMemory } from './nonce-memory.ts';
import type { Now, RequestAuthenticator } from './request-authenticator.ts';

export interface HmacAuthenticatorOptions {
  readonly keys: readonly HmacVerificationKey[];
  /** The name under which this verifier is asked; a proof for another audience is refused. Needed for `v2`. */
  readonly audience: string;
  /** `v1`: `HMAC-SHA256`, the identity alone. `v2`: `HMAC-SHA256-REQUEST`. */
  readonly accept: readonly ('v1' | 'v2')[];
  readonly now: Now;
  /**
   * Without it a replay within the lifetime of a proof is not noticed, and the result says so. `caller`: the result has what is to be
   * remembered as `use`.
   */
  readonly nonces?: NonceMemory | 'caller';
}

const FORM_OF: Readonly<Record<string, 'v1' | 'v2'>> = { [HMAC_IDENTITY]: 'v1', [HMAC_REQUEST]: 'v2' };

/**
 * Checks both HMAC forms of wire-format.md section 3.
 *
 * @throws ConfigurationError CAVRA-E207 a key is empty; CAVRA-E201 there is no key, or no audience for `v2`
 */
export function createHmacAuthenticator(options: HmacAuthenticatorOptions): RequestAuthenticator {
  checkOptions(options);
  return {
    async authenticate(request, auth) {
      if (auth === undefined) {
        throw new AuthenticationError('CAVRA-E301', 'the request carries no runner_auth');
      }
      return verify(options, request, auth);
    },
  };
}

function checkOptions({ keys, accept, audience }: HmacAuthenticatorOptions): void {
  if (keys.length === 0) {
    throw new ConfigurationError('CAVRA-E201', 'no key is configured to check runners with');
  }
  if (keys.some((key) => key.secret.length === 0)) {
    throw new ConfigurationError('CAVRA-E207', 'a runner key is empty');
  }
  if (accept.includes('v2') && audience === '') {
    throw new ConfigurationError('CAVRA-E201', `the audience of ${HMAC_REQUEST} proofs is not configured`);
  }
}

function verify(options: HmacAuthenticatorOptions, request: EvaluateRequest, auth: RunnerAuth): AuthenticatedRunner {
  const form = acceptedForm(options, auth.algorithm ?? '');
  const identity = auth.identity;
  validateIdentity(identity);
  const key = selectKey(options.keys, auth.key_id ?? '');
  const outcome =
    form === 'v1' ? verifyIdentityForm(key, identity, auth) : verifyRequestForm(options, key, request, auth);
  checkKeyAllowed(key, identity, options.now());
  return {
    method: 'hmac',
    identity,
    // The configured id, not the one that was sent: a key without a name stands for any, and must not vouch for one.
    keyId: key.id,
    verified: IDENTITY_FIELDS.filter((field) => Boolean(identity[field])),
    unverified: [],
    ...outcome,
  };
}

/** What a form has to say beside that the signature matches. */
type FormOutcome = Pick<AuthenticatedRunner, 'notes' | 'use'>;

function acceptedForm(options: HmacAuthenticatorOptions, algorithm: string): 'v1' | 'v2' {
  const form = Object.hasOwn(FORM_OF, algorithm) ? FORM_OF[algorithm] : undefined;
  if (form === undefined || !options.accept.includes(form)) {
    const accepted = Object.keys(FORM_OF).filter((name) => options.accept.some((one) => one === FORM_OF[name]));
    throw new AuthenticationError(
      'CAVRA-E306',
      `this runner_auth algorithm is not accepted here, expected ${accepted.join(' or ') || 'none'}`,
    );
  }
  return form;
}

/** A key without a name stands for every id; a named one only for its own. */
function selectKey(keys: readonly HmacVerificationKey[], keyId: string): HmacVerificationKey {
  const key = keys.find((one) => one.id === keyId) ?? keys.find((one) => one.id === '');
  if (key === undefined) {
    throw new AuthenticationError('CAVRA-E303', 'no runner key of the key_id in runner_auth is configured');
  }
  return key;
}

function verifyIdentityForm(key: HmacVerificationKey, identity: RunnerIdentity, auth: RunnerAuth): FormOutcome {
  if (!verifyIdentitySignature(key.secret, identity, auth.signature ?? '')) {
    throw new AuthenticationError('CAVRA-E303', 'the signature of the runner identity does not match');
  }
  const note = `${HMAC_IDENTITY} covers the runner identity alone: that it was made for this request, and now, is not proven`;
  return { notes: [note] };
}

function verifyRequestForm(
  options: HmacAuthenticatorOptions,
  key: HmacVerificationKey,
  request: EvaluateRequest,
  auth: RunnerAuth,
): FormOutcome {
  const signature = parseRequestSignature(auth.signature ?? '');
  if (signature === undefined) {
    throw new AuthenticationError('CAVRA-E303', 'the signature is not of the form v2.<issued_at>.<nonce>.<mac>');
  }
  const binding = {
    issuedAt: signature.issuedAt,
    nonce: signature.nonce,
    keyId: auth.key_id ?? '',
    audience: options.audience,
    requestSha256: requestDigest(request),
  };
  if (!verifyRequestSignature(key.secret, auth.identity, binding, signature.mac)) {
    throw new AuthenticationError(
      'CAVRA-E303',
      'the signature does not match this identity, request, key id and audience',
    );
  }
  const now = options.now();
  checkFresh(signature, now);
  return takeNonce(options.nonces, auth.key_id ?? '', signature, now);
}

function checkFresh(signature: RequestSignature, nowMs: number): void {
  const age = nowMs / 1000 - signature.issuedAt;
  if (!(age >= -REQUEST_AUTH_EARLY_SECONDS && age <= REQUEST_AUTH_LATE_SECONDS)) {
    throw new AuthenticationError(
      'CAVRA-E304',
      `the proof is ${age < 0 ? 'from the future' : 'too old'}, expected at most ${REQUEST_AUTH_EARLY_SECONDS} s before and ${REQUEST_AUTH_LATE_SECONDS} s after its issue`,
    );
  }
}

function takeNonce(
  nonces: HmacAuthenticatorOptions['nonces'],
  keyId: string,
  signature: RequestSignature,
  nowMs: number,
): FormOutcome {
  if (nonces === undefined) {
    const note = `nonces are not remembered here: a replay of the same request within ${REQUEST_AUTH_LATE_SECONDS} s is not noticed`;
    return { notes: [note] };
  }
  // One millisecond beyond the last moment at which the proof is still fresh.
  const expiresAt = (signature.issuedAt + REQUEST_AUTH_LATE_SECONDS) * 1000 + 1;
  if (nonces === 'caller') {
    return { notes: [], use: { kind: 'nonce', id: `${keyId}\n${signature.nonce}`, refusedFrom: expiresAt } };
  }
  const answer = nonces.take(signature.nonce, expiresAt, nowMs);
  if (answer === 'used') {
    throw new AuthenticationError('CAVRA-E305', 'the nonce of the proof was used before');
  }
  if (answer === 'full') {
    throw new AuthenticationError(
      'CAVRA-E308',
      'too many proofs are alive at once, so this one cannot be told from a replay',
    );
  }
  return { notes: [] };
}

function checkKeyAllowed(key: HmacVerificationKey, identity: RunnerIdentity, nowMs: number): void {
  const validity = keyValidity(key, nowMs);
  if (validity !== 'valid') {
    throw new AuthenticationError('CAVRA-E307', `the runner key is ${validity.replaceAll('_', ' ')}`);
  }
  if (key.status === 'retired') {
    throw new AuthenticationError('CAVRA-E307', 'the runner key is retired');
  }
  if (key.repositories !== undefined && !key.repositories.includes(identity.repository ?? '')) {
    throw new AuthenticationError('CAVRA-E307', 'the runner key may not speak for this repository');
  }
}
