import { AuthenticationError } from '../diagnosis.ts';
import { IDENTITY_FIELDS } from '../identity/sources.ts';
import { validateIdentity } from '../identity/validate.ts';
import type { RunnerIdentity } from '../wire/messages.ts';

/** What a request-bound proof covers beside the identity (wire-format.md section 3). */
export interface RequestBinding {
  /** Unix seconds. */
  readonly issuedAt: number;
  /** 32 lower-case hex digits. */
  readonly nonce: string;
  /** The empty string when the key has no name. */
  readonly keyId: string;
  /** The configured name of the daemon that is asked. */
  readonly audience: string;
  /** SHA-256 of the canonical request without `runner_auth`, lower-case hex. */
  readonly requestSha256: string;
}

/**
 * The text that `HMAC-SHA256` signs: eleven lines, one LF between, none at the end.
 *
 * @throws AuthenticationError CAVRA-E302 when the identity is incomplete or a value would make the text ambiguous
 */
export function identityPayload(identity: RunnerIdentity): string {
  validateIdentity(identity);
  return ['cavra.runner-auth.v1', ...identityLines(identity)].join('\n');
}

/**
 * The text that `HMAC-SHA256-REQUEST` signs.
 *
 * @throws AuthenticationError CAVRA-E302 when a value would make the text ambiguous
 */
export function requestPayload(identity: RunnerIdentity, binding: RequestBinding): string {
  validateIdentity(identity);
  return [
    'cavra.runner-auth.v2',
    line('issued_at', String(binding.issuedAt)),
    line('nonce', binding.nonce),
    line('key_id', binding.keyId),
    line('audience', binding.audience),
    line('request_sha256', binding.requestSha256),
    ...identityLines(identity),
  ].join('\n');
}

function identityLines(identity: RunnerIdentity): string[] {
  return IDENTITY_FIELDS.map((field) => line(field, identity[field] ?? ''));
}

const LINE_END = /[\r\n]/;

function line(name: string, value: string): string {
  if (LINE_END.test(value) || !value.isWellFormed()) {
    throw new AuthenticationError('CAVRA-E302', `${name} holds a line end or invalid Unicode, so it cannot be signed`);
  }
  return `${name}=${value}`;
}
