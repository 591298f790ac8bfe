import { IDENTITY_FIELDS } from '../identity/sources.ts';
import { GUID_FORM } from './pattern.ts';
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
 * What the runner proved under a claim's name, as text; null when it proved nothing, or no plain value. With an HMAC these are `key_id`,
 * and the identity's fields as whoever holds the key asserts them. GUIDs are in lower case.
 */
export function claimText(runner: AuthenticatedRunner, name: string): string | null {
  const value = runner.method === 'oidc' ? oidcClaim(runner, name) : hmacField(runner, name);
  return value === null ? null : normal(value);
}

/**
 * The same, and for a claim that is a list of strings each of them: a condition is met by any.
 */
export function claimTexts(runner: AuthenticatedRunner, name: string): readonly string[] {
  const { claims = {} } = runner;
  const value = runner.method === 'oidc' && Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (!Array.isArray(value)) {
    const text = claimText(runner, name);
    return text === null ? [] : [text];
  }
  const items: readonly unknown[] = value;
  return items.every((item) => typeof item === 'string' && item !== '')
    ? items.map((item) => normal(String(item)))
    : [];
}

function normal(value: string): string {
  return GUID_FORM.test(value) ? value.toLowerCase() : value;
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
  const field = IDENTITY_FIELDS.find((each) => each === name);
  return (field && runner.identity[field]) || null;
}
