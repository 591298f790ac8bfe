import { Buffer } from 'node:buffer';
import type { HmacSigningKey } from '../keys/hmac-keys.ts';
import { requestDigest } from '../wire/encode.ts';
import type { EvaluateRequest, RunnerAuth, RunnerIdentity } from '../wire/messages.ts';
import { signIdentity, signRequest } from './hmac.ts';
import type { Now } from './request-authenticator.ts';

export interface HmacProverOptions {
  readonly key: HmacSigningKey;
  /** `v2` between our own parts; `v1` only towards a daemon that knows nothing else. */
  readonly form: 'v1' | 'v2';
  /** The configured name of whoever is asked. */
  readonly audience: string;
  readonly now: Now;
  readonly randomBytes: (size: number) => Uint8Array;
}

export interface HmacProver {
  readonly method: 'hmac';
  prove(identity: RunnerIdentity, request: EvaluateRequest): Promise<RunnerAuth>;
}

const NONCE_BYTES = 16;

/**
 * Makes `runner_auth` with the runner's HMAC key (wire-format.md section 3).
 *
 * `prove` throws ConfigurationError CAVRA-E207 when the key is too short and AuthenticationError CAVRA-E302 when the identity
 * cannot be signed.
 */
export function createHmacProver(options: HmacProverOptions): HmacProver {
  const { key, form, audience, now, randomBytes } = options;
  return {
    method: 'hmac',
    async prove(identity, request) {
      if (form === 'v1') {
        return signIdentity(key, identity);
      }
      return signRequest(key, identity, {
        issuedAt: Math.floor(now() / 1000),
        nonce: Buffer.from(randomBytes(NONCE_BYTES)).toString('hex'),
        audience,
        requestSha256: requestDigest(request),
      });
    },
  };
}
