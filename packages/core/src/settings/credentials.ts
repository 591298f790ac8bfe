import { ConfigurationError } from '../domain/diagnosis.ts';
import type { Environment } from '../domain/identity/sources.ts';
import type { HmacSigningKey } from '../domain/keys/hmac-keys.ts';
import { KEY_VARIABLES } from '../domain/keys/key-variables.ts';
import { MIN_SIGNING_KEY_BYTES } from '../domain/limits.ts';
import type { RandomBytes } from '../domain/ports.ts';
import type { ConfiguredSecret } from '../domain/secrets/needles.ts';

export type { Environment };

/** The signing keys of a run. Secrets are never inputs: they come as environment variables (README.md#use-the-command-line). */
export interface SigningKeys {
  readonly runner: HmacSigningKey | undefined;
  readonly evidence: HmacSigningKey | undefined;
  /** True: made for this run only, so nobody can check the signatures afterwards. */
  readonly ephemeral: boolean;
}

export const { key: RUNNER_KEY, id: RUNNER_KEY_ID } = KEY_VARIABLES.runner;
export const { key: EVIDENCE_KEY, id: EVIDENCE_KEY_ID } = KEY_VARIABLES.evidence;
export const { key: ATTESTATION_KEY } = KEY_VARIABLES.attestation;

/**
 * Makes random keys for a local trial.
 *
 * @throws ConfigurationError CAVRA-E201 when real keys are configured as well: it must be clear which ones sign
 */
export function ephemeralSigningKeys(environment: Environment, randomBytes: RandomBytes): SigningKeys {
  const configured = [RUNNER_KEY, EVIDENCE_KEY, ATTESTATION_KEY].filter((name) => environment[name]);
  if (configured.length > 0) {
    throw new ConfigurationError('CAVRA-E201', `--ephemeral-keys excludes ${configured.join(' and ')}`);
  }
  const make = (purpose: string): HmacSigningKey => ({
    id: `ephemeral-${purpose}-${Buffer.from(randomBytes(4)).toString('hex')}`,
    secret: Buffer.from(Buffer.from(randomBytes(MIN_SIGNING_KEY_BYTES)).toString('hex')),
  });
  return { runner: make('runner'), evidence: make('evidence'), ephemeral: true };
}

/** Variables that hold a secret of this product or of the platform, which must never reach the evidence. */
const SECRET_VARIABLES: readonly string[] = [
  RUNNER_KEY,
  EVIDENCE_KEY,
  ATTESTATION_KEY,
  'CAVRA_RUNNER_AUTH_OIDC_TOKEN',
  'CAVRA_GITLAB_OIDC_TOKEN',
  'CAVRA_VERIFY_OIDC_TOKEN',
  'GITLAB_OIDC_TOKEN',
  'CI_JOB_JWT_V2',
  'CI_JOB_TOKEN',
  'CAVRA_AZURE_OIDC_TOKEN',
  'CAVRA_AZURE_OIDC_REQUEST_TOKEN',
  'SYSTEM_ACCESSTOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_RUNTIME_TOKEN',
  'GITHUB_TOKEN',
];

/** Every secret that this process was given, by the name of its variable. */
export function configuredSecrets(environment: Environment): ConfiguredSecret[] {
  const tokenVariable = environment['CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV'];
  const names = tokenVariable ? [...SECRET_VARIABLES, tokenVariable] : SECRET_VARIABLES;
  return names.flatMap((name) => {
    const value = environment[name];
    return value ? [{ name, value }] : [];
  });
}
