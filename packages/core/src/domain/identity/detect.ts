import { AuthenticationError } from '../diagnosis.ts';
import type { Provider } from '../wire/messages.ts';
import { CI_TOKEN_VARIABLES, DETECTED_BY, type Environment, OVERRIDES, type Platform } from './sources.ts';

/**
 * Every platform whose marker is set or that CAVRA_RUNNER_PROVIDER names, in the order of docs/migrating.md. An adapter knows its
 * platform, and hands over an environment that has that platform's marker and no other.
 */
export function detectedPlatforms(env: Environment): Platform[] {
  const named = env[OVERRIDES.provider];
  return (Object.keys(DETECTED_BY) as Platform[]).filter(
    (platform) => platform === named || Boolean(env[DETECTED_BY[platform]]),
  );
}

/**
 * Which platform this job runs on; `local` when it is no CI job.
 *
 * @throws AuthenticationError CAVRA-E302 the provider is not known for certain: the markers of more than one platform are set, or none
 *   is although the job holds the token of a platform; or a CI job calls itself local
 */
export function detectProvider(env: Environment): Provider {
  const marked = (Object.keys(DETECTED_BY) as Platform[]).filter((platform) => Boolean(env[DETECTED_BY[platform]]));
  const [first, ...others] = marked;
  if (others.length > 0) {
    throw unclear(`more than one CI platform is detected (${marked.join(', ')})`);
  }
  if (first === undefined) refuseTokens(env, 'but no variable says which platform it runs on');
  return first ?? 'local';
}

/**
 * Refuses the provider `local` for a job of a CI platform: nothing of its identity, its event and its evidence would be asked for.
 *
 * @throws AuthenticationError CAVRA-E302
 */
export function refuseLocalInCi(env: Environment): void {
  const [marked] = (Object.keys(DETECTED_BY) as Platform[]).filter((platform) => Boolean(env[DETECTED_BY[platform]]));
  if (marked !== undefined) throw unclear(`${OVERRIDES.provider} is local, but this is a job of ${marked}`);
  refuseTokens(env, `but ${OVERRIDES.provider} is local`);
}

/** In containers of some runners the marker is missing: such a job must not pass for somebody's own machine. */
function refuseTokens(env: Environment, but: string): void {
  const held = CI_TOKEN_VARIABLES.filter((name) => Boolean(env[name]));
  if (held.length > 0) throw unclear(`this job holds the token of a CI platform (${held.join(', ')}), ${but}`);
}

function unclear(message: string): AuthenticationError {
  const platforms = Object.keys(DETECTED_BY).join(', ');
  return new AuthenticationError('CAVRA-E302', `${message}; set ${OVERRIDES.provider} to one of ${platforms}`);
}
