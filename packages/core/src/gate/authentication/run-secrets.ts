import type { HmacSigningKey, HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import type { ConfiguredSecret } from '../../domain/secrets/needles.ts';
import { configuredSecrets, type Environment } from '../../settings/credentials.ts';
import type { RunKeys } from './run-keys.ts';

/** The keys of a run that are secrets. */
export type SecretKeys = Partial<
  Pick<RunKeys, 'evidence' | 'runner' | 'evidenceVerification' | 'runnerVerification' | 'attestation'>
>;

/** Everything that must never reach the evidence: what the environment holds, and keys that came from elsewhere, old ones included. */
export function secretsOf(environment: Environment, keys: SecretKeys): readonly ConfiguredSecret[] {
  const { evidence, runner, evidenceVerification = [], runnerVerification = [], attestation } = keys;
  return [
    ...configuredSecrets(environment),
    ...named('the evidence key', [evidence, ...evidenceVerification]),
    ...named('the runner key', [runner, ...runnerVerification]),
    ...(attestation?.secrets ?? []),
  ];
}

function named(name: string, keys: readonly (HmacSigningKey | HmacVerificationKey | undefined)[]): ConfiguredSecret[] {
  return keys.flatMap((key) => (key === undefined ? [] : [{ name, value: key.secret }]));
}
