import { configuredSecrets, type Environment } from '../../settings/credentials.ts';
import type { RunKeys } from './run-keys.ts';

/** Everything that must never reach the evidence: what the environment holds, and keys that came from elsewhere. */
export function secretsOf(
  environment: Environment,
  { evidence, runner, attestation }: Pick<RunKeys, 'evidence' | 'runner' | 'attestation'>,
) {
  const signing = [
    { name: 'the evidence key', value: evidence?.secret },
    { name: 'the runner key', value: runner?.secret },
  ].flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));
  return [...configuredSecrets(environment), ...signing, ...attestation.secrets];
}
