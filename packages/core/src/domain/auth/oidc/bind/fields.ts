import { AuthenticationError } from '../../../diagnosis.ts';
import { IDENTITY_FIELDS, type IdentityField } from '../../../identity/sources.ts';
import type { JsonObject } from '../../../json/value.ts';
import type { RunnerIdentity } from '../../../wire/messages.ts';
import { stringClaim } from '../token/claims.ts';
import type { Binding } from './binding.ts';

/** Which claim proves which field of the identity. */
export type FieldClaims = readonly (readonly [field: IdentityField, claim: string])[];

/**
 * Compares every field that the identity has with its claim, exactly. What the token does not say stays unverified.
 *
 * @param proven fields that were proven in another way: the provider by the issuer, on Azure the repository
 * @throws AuthenticationError CAVRA-E319 naming the field that is contradicted
 */
export function bindFields(
  identity: RunnerIdentity,
  claims: JsonObject,
  table: FieldClaims,
  proven: readonly IdentityField[],
): Binding {
  const verified = new Set(proven);
  for (const [field, claim] of table) {
    if (matches(identity[field], stringClaim(claims, claim), field, claim)) {
      verified.add(field);
    }
  }
  const claimed = IDENTITY_FIELDS.filter((field) => Boolean(identity[field]));
  return {
    verified: claimed.filter((field) => verified.has(field)),
    unverified: claimed.filter((field) => !verified.has(field)),
  };
}

function matches(value: string | undefined, claim: string | undefined, field: string, name: string): boolean {
  if (!value || claim === undefined) {
    return false;
  }
  if (value !== claim) {
    throw contradiction(`${field} of the identity is not the ${name} of the token`);
  }
  return true;
}

/** A value from the environment and the claim that should say the same. */
export type FactClaim = readonly [fact: string | undefined, claim: string];

/**
 * Holds facts of the environment against the token. One that agrees is enough, because platforms spell addresses in more than one
 * way; letter case does not count.
 *
 * @param what the thing that the facts are about, for the message
 * @throws AuthenticationError CAVRA-E319 when facts are known, and the token agrees with none of them
 */
export function checkFacts(claims: JsonObject, facts: readonly FactClaim[], what: string): void {
  const comparable = facts.flatMap(([fact, name]) => {
    const claim = stringClaim(claims, name);
    return fact && claim !== undefined ? [{ name, agrees: fact.toLowerCase() === claim.toLowerCase() }] : [];
  });
  if (comparable.length > 0 && !comparable.some(({ agrees }) => agrees)) {
    const names = comparable.map(({ name }) => name).join(' or ');
    throw contradiction(`${what} of this job is not the ${names} of the token`);
  }
}

export function contradiction(problem: string): AuthenticationError {
  return new AuthenticationError('CAVRA-E319', problem);
}
