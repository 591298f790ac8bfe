import { AuthenticationError } from '../diagnosis.ts';
import type { Provider } from '../wire/messages.ts';
import { DETECTED_BY, type Environment, type Platform } from './sources.ts';

/** Every platform whose marker is set, in the order of the table in wire-format.md section 2. */
export function detectedPlatforms(env: Environment): Platform[] {
  return (Object.keys(DETECTED_BY) as Platform[]).filter((platform) => Boolean(env[DETECTED_BY[platform]]));
}

/**
 * Which platform this job runs on; `local` when none is detected.
 *
 * @throws AuthenticationError CAVRA-E302 when the markers of more than one platform are set: it cannot be known which one is true
 */
export function detectProvider(env: Environment): Provider {
  const [first, ...others] = detectedPlatforms(env);
  if (others.length > 0) {
    throw new AuthenticationError(
      'CAVRA-E302',
      `more than one CI platform is detected (${[first, ...others].join(', ')}); name the true one with CAVRA_RUNNER_PROVIDER`,
    );
  }
  return first ?? 'local';
}
