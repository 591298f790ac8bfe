import { AuthenticationError } from '../../../diagnosis.ts';
import type { JsonObject } from '../../../json/value.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../../../limits.ts';
import { requiredString, requiredTime, timeClaim } from './claims.ts';
import type { IssuerTrust } from './trust.ts';

/**
 * Checks when a token was issued and until when it holds (design.md section 4). The tolerance is for an issuer whose clock is ahead
 * of ours; how long a token holds is the issuer's last word and is not stretched. How far away the end may be is not limited:
 * GitLab's is the job's timeout, so the age counts from `iat`.
 *
 * @param nowMs Unix milliseconds
 * @returns from when on the token is refused for its age, Unix milliseconds
 * @throws AuthenticationError CAVRA-E315 a claim is missing or of another type; CAVRA-E318 expired, too old or from the future
 */
export function checkTimes(trust: IssuerTrust, claims: JsonObject, nowMs: number): number {
  const now = nowMs / 1000;
  const issuedAt = Number(requiredTime(claims, 'iat'));
  const expiresAt = Number(requiredTime(claims, 'exp'));
  const notBefore = timeClaim(claims, 'nbf');
  requireOptionalClaims(trust, claims);
  if (!(now <= expiresAt)) {
    throw refusal('the token is expired');
  }
  if (!(issuedAt <= now + CLOCK_TOLERANCE_SECONDS)) {
    throw refusal('the token was issued in the future');
  }
  if (notBefore !== undefined && !(Number(notBefore) <= now + CLOCK_TOLERANCE_SECONDS)) {
    throw refusal('the token does not hold yet');
  }
  if (!(now - issuedAt <= trust.maxTokenAgeSeconds)) {
    throw refusal(`the token was issued more than ${trust.maxTokenAgeSeconds} s ago`);
  }
  // One millisecond beyond the last moment that is still accepted.
  return Math.min(expiresAt, issuedAt + trust.maxTokenAgeSeconds) * 1000 + 1;
}

function requireOptionalClaims(trust: IssuerTrust, claims: JsonObject): void {
  if (trust.requiredClaims.includes('nbf')) {
    requiredTime(claims, 'nbf');
  }
  if (trust.requiredClaims.includes('jti')) {
    requiredString(claims, 'jti');
  }
}

function refusal(problem: string): AuthenticationError {
  return new AuthenticationError('CAVRA-E318', problem);
}
