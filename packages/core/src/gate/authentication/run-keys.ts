import { resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { detectedPlatforms } from '../../domain/identity/detect.ts';
import type { HmacSigningKey, HmacVerificationKey, KeyPurpose } from '../../domain/keys/hmac-keys.ts';
import { signingFault } from '../../domain/keys/signing.ts';
import type { KeyringFile } from '../../io/files/keyring-file.ts';
import type { AttestationKeys } from '../../keys/attestation-keys.ts';
import { type RotatedKey, rotationNotes } from '../../keys/rotation.ts';
import {
  type Environment,
  ephemeralSigningKeys,
  readSigningKeys,
  type SigningKeys,
} from '../../settings/credentials.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';

/** The keys of one run: what signs, and what verification accepts. */
export interface RunKeys extends SigningKeys {
  readonly evidenceVerification: readonly HmacVerificationKey[];
  readonly runnerVerification: readonly HmacVerificationKey[];
  readonly attestation: AttestationKeys;
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
  const { settings, environment, now } = options;
  const given = givenKeys(options);
  const file = given.ephemeral ? undefined : await keyringOf(options);
  const [evidence, runner] = await ringedKeys(options, given, file);
  const attestation = await attestationKeys(environment, file, now());
  const signing = { evidence: evidence.signing, runner: runner.signing, ephemeral: given.ephemeral };
  const platforms = detectedPlatforms(options.environment);
  if (signing.evidence === undefined && platforms.length > 0) {
    throw new ConfigurationError('CAVRA-E206', `evidence on ${platforms.join(' and ')} must be signed`);
  }
  return {
    ...signing,
    evidenceVerification: evidence.verification,
    runnerVerification: runner.verification,
    attestation,
    notes: [
      ...keyNotes(signing, attestation),
      ...unresolvedNotes([...evidence.unresolved, ...runner.unresolved]),
      ...rotationNotes(
        settings.keyRotation,
        [
          rotated('evidence', signing.evidence, file),
          rotated('runner', signing.runner, file),
          rotated('attestation', attestation.signing, file),
        ].flat(),
        now(),
      ),
    ],
  };
}

/**
 * Gets the runner's key alone, for a job whose evidence a resident daemon writes.
 *
 * @throws ConfigurationError CAVRA-E207, CAVRA-E209 as `loadKeys`
 */
export async function loadRunnerKey(options: CreateGateOptions): Promise<HmacSigningKey | undefined> {
  const { runner } = readSigningKeys(options.environment);
  const file = await keyringOf(options);
  return file === undefined ? runner : (await ringed(file, 'runner', runner, options)).signing;
}

async function keyringOf({ settings, workspace }: CreateGateOptions): Promise<KeyringFile | undefined> {
  if (settings.keyring === undefined) return undefined;
  const { readKeyringFile } = await import('../../io/files/keyring-file.ts');
  return readKeyringFile(resolve(workspace, settings.keyring));
}

/** Loads what public keys need only where one could be. */
async function attestationKeys(
  environment: Environment,
  file: KeyringFile | undefined,
  nowMs: number,
): Promise<AttestationKeys> {
  const isGiven = Boolean(environment['CAVRA_ATTESTATION_KEY']);
  const isInKeyring = file?.keyring.keys.some(({ purpose }) => purpose === 'attestation') === true;
  if (!isGiven && !isInKeyring) return { signing: undefined, trust: [], secrets: [] };
  const { loadAttestationKeys } = await import('../../keys/attestation-keys.ts');
  return loadAttestationKeys(environment, file, nowMs);
}

function rotated(
  purpose: KeyPurpose,
  key: { readonly id: string } | undefined,
  file: KeyringFile | undefined,
): RotatedKey[] {
  if (key === undefined) return [];
  const entry = file?.keyring.keys.find((each) => each.purpose === purpose && each.id === key.id);
  return [{ id: key.id, ...(entry?.notAfter === undefined ? {} : { notAfter: entry.notAfter }) }];
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
  file: KeyringFile | undefined,
): Promise<readonly [PurposeKeys, PurposeKeys]> {
  if (file === undefined) return [alone(given.evidence), alone(given.runner)];
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
  const { resolveHmacKeys, resolveSigningKey, verificationKey } = await import('../../io/files/keyring-file.ts');
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

function keyNotes({ ephemeral, evidence }: SigningKeys, attestation: AttestationKeys): string[] {
  if (ephemeral) return ['the keys are ephemeral: nobody can check these signatures after this run'];
  return [
    ...(evidence === undefined ? ['no evidence key is set: the evidence is not signed'] : []),
    ...(attestation.signing === undefined ? [NO_CHECKPOINT] : []),
  ];
}

/** Recommended, not required. */
export const NO_CHECKPOINT =
  'no attestation key is set (CAVRA_ATTESTATION_KEY): no checkpoint is signed, so an auditor needs the evidence key, and records cut off at the end would not be noticed';

function unresolvedNotes(ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`keys of the keyring whose secret this job does not hold: ${ids.join(', ')}`];
}
