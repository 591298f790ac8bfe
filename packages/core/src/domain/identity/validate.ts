import { AuthenticationError } from '../diagnosis.ts';
import type { Provider, RunnerIdentity } from '../wire/messages.ts';
import { IDENTITY_FIELDS, PROVIDERS } from './sources.ts';

const LINE_END = /[\r\n]/u;

export function isProvider(value: string | undefined): value is Provider {
  return (PROVIDERS as readonly (string | undefined)[]).includes(value);
}

/**
 * Refuses an identity that cannot be signed or verified: provider and repository are required, the provider must be a known one, and
 * no value may hold what makes the signed payload ambiguous (wire-format.md sections 2 and 3).
 *
 * @throws AuthenticationError CAVRA-E302 naming the field
 */
export function validateIdentity(identity: RunnerIdentity): void {
  for (const field of IDENTITY_FIELDS) {
    validateValue(field, identity[field]);
  }
  if (!identity.provider) {
    throw refusal('the runner identity has no provider');
  }
  if (!isProvider(identity.provider)) {
    throw refusal(`the provider of the runner identity must be one of ${PROVIDERS.join(', ')}`);
  }
  if (!identity.repository) {
    throw refusal('the runner identity has no repository');
  }
}

function validateValue(field: string, value: unknown): void {
  if (value === undefined) {
    return;
  }
  if (typeof value !== 'string') {
    throw refusal(`${field} of the runner identity is not a string`);
  }
  if (LINE_END.test(value)) {
    throw refusal(`${field} of the runner identity holds a line end, which makes its signature ambiguous`);
  }
  // Half of a surrogate pair becomes U+FFFD when encoded, so two different values would have one signature.
  if (!value.isWellFormed()) {
    throw refusal(`${field} of the runner identity is not valid Unicode, which makes its signature ambiguous`);
  }
}

function refusal(message: string): AuthenticationError {
  return new AuthenticationError('CAVRA-E302', message);
}
