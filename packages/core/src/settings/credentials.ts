import { ConfigurationError } from '../domain/diagnosis.ts';
import type { Environment } from '../domain/identity/sources.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import { MIN_SIGNING_KEY_BYTES } from '../domain/limits.ts';
import type { RandomBytes } from '../domain/ports.ts';
import type { ConfiguredSecret } from '../domain/secrets/needles.ts';
import { isUnexpanded } from '../domain/secrets/unexpanded.ts';

export type { Environment };

/** The signing keys of a run. Secrets are never inputs: they come as environment variables (interfaces.md). */
export interface SigningKeys {
  readonly runner: HmacSigningKey | undefined;
  readonly evidence: HmacSigningKey | undefined;
  /** True: made for this run only, so nobody can check the signatures afterwards. */
  readonly ephemeral: boolean;
}

const RUNNER_KEY = 'CAVRA_RUNNER_AUTH_HMAC_KEY';
const RUNNER_KEY_ID = 'CAVRA_RUNNER_AUTH_KEY_ID';
const EVIDENCE_KEY = 'CAVRA_DAEMON_EVIDENCE_HMAC_KEY';
const EVIDENCE_KEY_ID = 'CAVRA_DAEMON_EVIDENCE_KEY_ID';
const ATTESTATION_KEY = 'CAVRA_ATTESTATION_KEY';

/**
 * Reads the signing keys from the environment. A key is the UTF-8 bytes of its variable (wire-format.md section 3).
 *
 * @throws ConfigurationError CAVRA-E207 when a key is shorter than 32 bytes or is the name of a variable
 */
export function readSigningKeys(environment: Environment): SigningKeys {
  return {
    runner: signingKey(environment, RUNNER_KEY, RUNNER_KEY_ID),
    evidence: signingKey(environment, EVIDENCE_KEY, EVIDENCE_KEY_ID),
    ephemeral: false,
  };
}

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

/**
 * The evidence key for verification only: a short one is allowed, since what it signed long ago must still be checked.
 *
 * @throws ConfigurationError CAVRA-E207 when it is the name of a variable
 */
export function readEvidenceVerificationKey(environment: Environment): HmacVerificationKey | undefined {
  const text = keyText(environment, EVIDENCE_KEY);
  if (!text) return undefined;
  return { id: environment[EVIDENCE_KEY_ID] ?? '', secret: Buffer.from(text, 'utf8'), status: 'active' };
}

function signingKey(environment: Environment, keyName: string, idName: string): HmacSigningKey | undefined {
  const text = keyText(environment, keyName);
  const id = environment[idName] ?? '';
  if (!text) return undefined;
  const secret = Buffer.from(text, 'utf8');
  if (secret.length < MIN_SIGNING_KEY_BYTES) {
    throw new ConfigurationError(
      'CAVRA-E207',
      `${keyName} has ${secret.length} bytes; a key that signs needs at least ${MIN_SIGNING_KEY_BYTES}`,
    );
  }
  return { id, secret };
}

/** A reference that the platform left in its place is no key. */
function keyText(environment: Environment, name: string): string | undefined {
  const text = environment[name];
  if (text === undefined || !isUnexpanded(text)) return text;
  throw new ConfigurationError(
    'CAVRA-E207',
    `${name} holds a reference to a variable that has no value here, and no key`,
  );
}

/** Variables that hold a secret of this product or of the platform, which must never reach the evidence. */
const SECRET_VARIABLES: readonly string[] = [
  RUNNER_KEY,
  EVIDENCE_KEY,
  ATTESTATION_KEY,
  'CAVRA_RUNNER_AUTH_OIDC_TOKEN',
  'CAVRA_GITLAB_OIDC_TOKEN',
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
