import { AuthenticationError } from '../diagnosis.ts';
import type { Provider, RunnerIdentity } from '../wire/messages.ts';
import { detectProvider } from './detect.ts';
import { type Environment, IDENTITY_FIELDS, type IdentityField, OVERRIDES, platformFields } from './sources.ts';
import { isProvider, validateIdentity } from './validate.ts';

/**
 * Reads which CI job this is (wire-format.md section 2). For each field the first non-empty one wins: `overrides`, the variable
 * `CAVRA_RUNNER_*`, then the variable of the platform that was detected (or that the provider override names).
 *
 * @param env the environment of the process
 * @param overrides fields that the caller knows better than the environment
 * @throws AuthenticationError CAVRA-E302 when the provider is unknown or ambiguous, provider or repository is missing, or a value
 *   holds a line end
 */
export function readIdentity(env: Environment, overrides: RunnerIdentity = {}): RunnerIdentity {
  const provider = effectiveProvider(env, overrides);
  const fromPlatform = provider === 'local' ? LOCAL : platformFields(provider, env);
  const identity: { -readonly [F in IdentityField]?: string } = {};
  for (const field of IDENTITY_FIELDS) {
    const value = overrides[field] || env[OVERRIDES[field]] || fromPlatform.get(field);
    if (value) {
      identity[field] = value;
    }
  }
  identity.provider = provider;
  validateIdentity(identity);
  return identity;
}

/** A run on somebody's machine has no platform to ask. */
const LOCAL: ReadonlyMap<IdentityField, string> = new Map([
  ['repository', 'local'],
  ['workflow', 'local'],
]);

function effectiveProvider(env: Environment, overrides: RunnerIdentity): Provider {
  const named = overrides.provider || env[OVERRIDES.provider];
  if (!named) {
    return detectProvider(env);
  }
  if (!isProvider(named)) {
    throw new AuthenticationError('CAVRA-E302', `${OVERRIDES.provider} names no provider that is known here`);
  }
  return named;
}
