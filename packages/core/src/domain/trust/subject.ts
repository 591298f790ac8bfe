import { GUID_FORM } from './parse-condition.ts';
import type { AuthenticatedRunner } from './trust-decision.ts';

/** One condition of a rule held against what a runner proved. */
export interface ConditionResult {
  /** `match.<claim>`, `requests.<field>`, or what is looked at. */
  readonly name: string;
  /** `rule`: written in the policy; `built-in`: holds for every rule that does not say otherwise. */
  readonly origin: 'rule' | 'built-in';
  /** For a person to read. */
  readonly expected: string;
  /** What the runner proved, the request says; null: nothing. It comes from outside and may be of any length. */
  readonly actual: string | null;
  readonly met: boolean;
}

/**
 * What the runner proved under a claim's name, as text; null when it proved nothing, or no plain value. With an HMAC these are the
 * identity's fields and `key_id`. GUIDs are in lower case.
 */
export function claimText(runner: AuthenticatedRunner, name: string): string | null {
  const value = runner.method === 'oidc' ? oidcClaim(runner, name) : hmacField(runner, name);
  return typeof value === 'string' && GUID_FORM.test(value) ? value.toLowerCase() : value;
}

function oidcClaim({ claims = {} }: AuthenticatedRunner, name: string): string | null {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof value === 'boolean' || typeof value === 'bigint' || Number.isSafeInteger(value)) {
    return String(value);
  }
  return typeof value === 'string' && value !== '' ? value : null;
}

function hmacField(runner: AuthenticatedRunner, name: string): string | null {
  if (name === 'key_id') {
    return runner.keyId || null;
  }
  const field = runner.verified.find((verified) => verified === name);
  return (field && runner.identity[field]) || null;
}
