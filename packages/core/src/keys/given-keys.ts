import { ConfigurationError } from '../domain/diagnosis.ts';
import { ownKeyId } from '../domain/keys/fingerprint.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import { signingSecret, verificationSecrets } from '../domain/keys/signing-secret.ts';
import { readKeyValue } from '../io/files/key-value.ts';
import type { Environment } from '../settings/credentials.ts';
import { EVIDENCE_KEY, EVIDENCE_KEY_ID, RUNNER_KEY, RUNNER_KEY_ID } from '../settings/credentials.ts';

/** A key that was given to sign with. */
export interface GivenKey {
  readonly key: HmacSigningKey;
  /** The id is made of the key, because none was given. */
  readonly isUnnamed?: boolean;
  /** What a reader should know of it, one sentence each. */
  readonly notes: readonly string[];
}

/** The keys that the environment gives. Secrets are never inputs. */
export interface GivenKeys {
  readonly runner: GivenKey | undefined;
  readonly evidence: GivenKey | undefined;
}

/**
 * Reads the keys that sign from the environment: a key is the UTF-8 bytes of its variable, or what the file holds that stands there
 * (docs/key-custody.md#what-is-no-key).
 *
 * @param workspace absolute; keys are not read from files in it
 * @throws ConfigurationError CAVRA-E207 a key is no key, or has fewer than 32 bytes
 */
export async function readSigningKeys(environment: Environment, workspace: string): Promise<GivenKeys> {
  return {
    runner: await readRunnerKey(environment, workspace),
    evidence: await readGivenKey(environment, workspace, EVIDENCE_KEY, EVIDENCE_KEY_ID),
  };
}

/**
 * Reads the runner's key alone.
 *
 * @throws ConfigurationError as `readSigningKeys`
 */
export function readRunnerKey(environment: Environment, workspace: string): Promise<GivenKey | undefined> {
  return readGivenKey(environment, workspace, RUNNER_KEY, RUNNER_KEY_ID);
}

async function readGivenKey(
  environment: Environment,
  workspace: string,
  name: string,
  idName: string,
): Promise<GivenKey | undefined> {
  const text = environment[name];
  if (!text) return undefined;
  const { secret, notes } = signingSecret(await readKeyValue(text, workspace), name);
  const given = environment[idName];
  if (given) return { key: { id: given, secret }, notes };
  const id = ownKeyId(secret);
  const unnamed = `${idName} is not set: the key is called ${id}; name it, so that it can be rotated`;
  return { key: { id, secret }, isUnnamed: true, notes: [...notes, unnamed] };
}

/**
 * The evidence key for verification only. A short or weak one is allowed, since what it signed long ago must still be checked.
 *
 * @param workspace absolute; keys are not read from files in it
 * @throws ConfigurationError CAVRA-E207 it is a text that everybody knows
 */
export async function readEvidenceVerificationKey(
  environment: Environment,
  workspace: string,
): Promise<HmacVerificationKey | undefined> {
  const text = environment[EVIDENCE_KEY];
  if (!text) return undefined;
  const { bytes, fault } = await readKeyValue(text, workspace);
  if (fault?.kind === 'known')
    throw new ConfigurationError('CAVRA-E207', `${EVIDENCE_KEY} holds ${fault.is}, and no key`);
  return { id: environment[EVIDENCE_KEY_ID] ?? '', ...verificationSecrets(bytes), status: 'active' };
}
