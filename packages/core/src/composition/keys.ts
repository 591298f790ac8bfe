import { resolve } from 'node:path';
import { type Environment, ephemeralSigningKeys, readSigningKeys, type SigningKeys } from '../app/credentials.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { detectedPlatforms } from '../domain/identity/detect.ts';
import { isPastQuarter } from '../domain/keys/key-id.ts';
import { signingFault } from '../domain/keys/signing.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/types.ts';
import type { KeyringFile } from '../io/keyring-file.ts';
import type { CreateGateOptions } from './gate.ts';

/** The keys of one run: what signs, and what verification accepts. */
export interface RunKeys extends SigningKeys {
  readonly evidenceVerification: readonly HmacVerificationKey[];
  readonly runnerVerification: readonly HmacVerificationKey[];
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

/**
 * Gets the run's keys and refuses what may not sign here.
 *
 * @throws ConfigurationError CAVRA-E206 no evidence key on a CI platform; CAVRA-E207 a key that is too short, or that the keyring does
 *   not let sign now; CAVRA-E209 the keyring; CAVRA-E214 ephemeral keys on a CI platform; CAVRA-E220 a key that is past its quarter
 *   where rotation is enforced
 */
export async function loadKeys(options: CreateGateOptions): Promise<RunKeys> {
  const given = givenKeys(options);
  const [evidence, runner] = await ringedKeys(options, given);
  const signing = { evidence: evidence.signing, runner: runner.signing, ephemeral: given.ephemeral };
  const platforms = detectedPlatforms(options.environment);
  if (signing.evidence === undefined && platforms.length > 0) {
    throw new ConfigurationError('CAVRA-E206', `evidence on ${platforms.join(' and ')} must be signed`);
  }
  return {
    ...signing,
    evidenceVerification: evidence.verification,
    runnerVerification: runner.verification,
    notes: [
      ...keyNotes(signing),
      ...unresolvedNotes([...evidence.unresolved, ...runner.unresolved]),
      ...rotationNotes(options, signing),
    ],
  };
}

function givenKeys({ ephemeralKeys, environment, randomBytes }: CreateGateOptions): SigningKeys {
  if (ephemeralKeys !== true) return readSigningKeys(environment);
  const platforms = detectedPlatforms(environment);
  if (platforms.length > 0) {
    throw new ConfigurationError('CAVRA-E214', `ephemeral keys were asked for on ${platforms.join(' and ')}`);
  }
  return ephemeralSigningKeys(environment, randomBytes);
}

interface PurposeKeys {
  readonly signing: HmacSigningKey | undefined;
  readonly verification: readonly HmacVerificationKey[];
  /** Ids of the keyring whose secret is not here, so that they can neither sign nor verify. */
  readonly unresolved: readonly string[];
}

/** The keys of both purposes, under the keyring where there is one. */
async function ringedKeys(
  options: CreateGateOptions,
  given: SigningKeys,
): Promise<readonly [PurposeKeys, PurposeKeys]> {
  const { settings, workspace } = options;
  if (settings.keyring === undefined || given.ephemeral) return [alone(given.evidence), alone(given.runner)];
  const { readKeyringFile } = await import('../io/keyring-file.ts');
  const file = await readKeyringFile(resolve(workspace, settings.keyring));
  return [await ringed(file, 'evidence', given.evidence, options), await ringed(file, 'runner', given.runner, options)];
}

function alone(key: HmacSigningKey | undefined): PurposeKeys {
  return { signing: key, verification: key === undefined ? [] : [{ ...key, status: 'active' }], unresolved: [] };
}

/** The keyring says who may sign: its active key does, and a key from the environment only if it is that one. */
async function ringed(
  file: KeyringFile,
  purpose: 'evidence' | 'runner',
  given: HmacSigningKey | undefined,
  { environment, now }: { readonly environment: Environment; readonly now: () => number },
): Promise<PurposeKeys> {
  const { resolveHmacKeys, resolveSigningKey, verificationKey } = await import('../io/keyring-file.ts');
  const { keys, unresolved } = await resolveHmacKeys(file, purpose, environment);
  if (given === undefined) {
    return { signing: await resolveSigningKey(file, purpose, environment, now()), verification: keys, unresolved };
  }
  const fault = signingFault(file.keyring, purpose, given, now());
  if (fault !== undefined) throw new ConfigurationError('CAVRA-E207', `the ${purpose} key ${given.id} ${fault}`);
  const others = keys.filter(({ id }) => id !== given.id);
  const entry = file.keyring.keys.find((key) => key.purpose === purpose && key.id === given.id);
  const own = entry === undefined ? [] : [verificationKey(entry, given.secret)];
  return { signing: given, verification: [...others, ...own], unresolved: unresolved.filter((id) => id !== given.id) };
}

function keyNotes({ ephemeral, evidence }: SigningKeys): string[] {
  if (ephemeral) return ['the keys are ephemeral: nobody can check these signatures after this run'];
  return evidence === undefined ? ['no evidence key is set: the evidence is not signed'] : [];
}

function unresolvedNotes(ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`keys of the keyring whose secret this job does not hold: ${ids.join(', ')}`];
}

/** Key ids carry their quarter (design.md section 5.3). */
function rotationNotes({ settings, now }: CreateGateOptions, { evidence, runner }: SigningKeys): string[] {
  if (settings.keyRotation === 'off') return [];
  const past = [evidence, runner].flatMap((key) => (key !== undefined && isPastQuarter(key.id, now()) ? [key.id] : []));
  const messages = past.map((id) => `the quarter of the key ${id} is past: rotate it`);
  if (messages.length > 0 && settings.keyRotation === 'enforce') {
    throw new ConfigurationError('CAVRA-E220', messages.join('; '));
  }
  return messages;
}
