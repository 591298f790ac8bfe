import type { DecisionResponse, EvaluateRequest, RunnerAuth } from '../wire/messages.ts';
import { replaceTokens } from './jwt.ts';

/** What stands in evidence in the place of a token (wire-format.md section 5). */
export const REDACTED_TOKEN = '<redacted-oidc-jwt>';

/**
 * The request as it may be recorded: the JWT of `runner_auth` and whatever looks like a JWT in any other string replaced by
 * `<redacted-oidc-jwt>` (wire-format.md section 5). The request given is not changed.
 */
export function redactRequest(request: EvaluateRequest): EvaluateRequest {
  const redacted = redactStrings(request);
  const auth = redacted.runner_auth;
  return auth === undefined ? redacted : { ...redacted, runner_auth: redactProof(auth) };
}

/** The same for the response, which repeats fields of the request. */
export function redactResponse(response: DecisionResponse): DecisionResponse {
  return redactStrings(response);
}

/** The signature of this algorithm is a token, even one too damaged to look like one. */
function redactProof(auth: RunnerAuth): RunnerAuth {
  const isToken = auth.algorithm?.trim().toUpperCase() === 'OIDC-JWT';
  return isToken && auth.signature ? { ...auth, signature: REDACTED_TOKEN } : auth;
}

/** Replaces tokens in every string of plain data, at any depth; everything else stays as it is, and what holds none is not copied. */
function redactStrings<T>(value: T): T {
  return redactValue(value) as T;
}

function redactValue(value: unknown): unknown {
  if (typeof value === 'string') {
    return replaceTokens(value, REDACTED_TOKEN);
  }
  if (Array.isArray(value)) {
    const redacted = value.map(redactValue);
    return redacted.some((item, index) => item !== value[index]) ? redacted : value;
  }
  return typeof value === 'object' && value !== null ? redactMembers(value) : value;
}

function redactMembers(object: object): object {
  const changed = Object.entries(object).flatMap(([name, member]) => {
    const redacted = redactValue(member);
    return redacted === member ? [] : [[name, redacted] as const];
  });
  return changed.length === 0 ? object : { ...object, ...Object.fromEntries(changed) };
}
