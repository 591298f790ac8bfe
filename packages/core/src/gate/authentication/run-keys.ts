import { resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { detectedPlatforms } from '../../domain/identity/detect.ts';
import type { HmacSigningKey, HmacVerificationKey, KeyPurpose } from '../../domain/keys/hmac-keys.ts';
import { signingFault } from '../../domain/keys/keyring/signing.ts';
import type { KeyringFile, SecretSource } from '../../io/trust/keyring-file.ts';
import type { AttestationKeys } from '../../keys/attestation-keys.ts';
import type { GivenKey, GivenKeys } from '../../keys/given-keys.ts';
import { type RotatedKey, rotationNotes } from '../../keys/rotation.ts';
import {
  ATTESTATION_KEY,
  EVIDENCE_KEY,
  ephemeralSigningKeys,
  RUNNER_KEY,
  type SigningKeys,
} from '../../settings/credentials.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';
import { derivedKeyNotes, standInEvidenceKey } from './derived-key.ts';

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
 *   where rotation is enforced; CAVRA-E240 a key that is not the one which the keyring fixes
 */
export async function loadKeys(options: CreateGateOptions): Promise<RunKeys> {
  const { settings, environment, workspace, now } = options;
  const { ephemeral, ...given } = await givenKeys(options);
  const file = ephemeral ? undefined : await keyringOf(options);
  const attestation = await attestationKeys({ environment, workspace }, file, now());
  const standIn = standInEvidenceKey(given.evidence?.key, attestation.signing, file);
  const evidence =
    standIn === undefined
      ? await purposeKeys(options, 'evidence', given.evidence, file)
      : alone({ key: standIn, notes: [] });
  const runner = await purposeKeys(options, 'runner', given.runner, file);
  const signing = { evidence: evidence.signing, runner: runner.signing, ephemeral };
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
      ...[evidence, runner, attestation].flatMap(({ notes }) => notes),
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

/** `runner`: all that a job holds whose evidence a resident daemon writes. */
export type PreparedKeys =
  | { readonly kind: 'run'; readonly keys: RunKeys }
  | { readonly kind: 'runner'; readonly runner: RunnerKey };

/** The key of a runner, and what verifies like it. */
export type RunnerKey = Pick<PurposeKeys, 'signing' | 'notes' | 'verification'>;

/**
 * Gets the runner's key alone, for a job whose evidence a resident daemon writes.
 *
 * @throws ConfigurationError CAVRA-E207, CAVRA-E209 as `loadKeys`
 */
export async function loadRunnerKey(options: CreateGateOptions): Promise<RunnerKey> {
  const { readRunnerKey } = await import('../../keys/given-keys.ts');
  const given = await readRunnerKey(options.environment, options.workspace);
  return purposeKeys(options, 'runner', given, await keyringOf(options));
}

async function keyringOf({ settings, workspace }: CreateGateOptions): Promise<KeyringFile | undefined> {
  if (settings.keyring === undefined) return undefined;
  const { readKeyringFile } = await import('../../io/trust/keyring-file.ts');
  return readKeyringFile(resolve(workspace, settings.keyring));
}

/** Loads what public keys need only where one could be. */
async function attestationKeys(
  source: SecretSource,
  file: KeyringFile | undefined,
  nowMs: number,
): Promise<AttestationKeys> {
  const isGiven = Boolean(source.environment[ATTESTATION_KEY]);
  const isInKeyring = file?.keyring.keys.some(({ purpose }) => purpose === 'attestation') === true;
  if (!isGiven && !isInKeyring) return { signing: undefined, trust: [], secrets: [], notes: [] };
  const { loadAttestationKeys } = await import('../../keys/attestation-keys.ts');
  return loadAttestationKeys(source, file, nowMs);
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

async function givenKeys(options: CreateGateOptions): Promise<GivenKeys & { readonly ephemeral: boolean }> {
  const { ephemeralKeys, environment, workspace, randomBytes } = options;
  if (ephemeralKeys !== true) {
    const isGiven = Boolean(environment[RUNNER_KEY] || environment[EVIDENCE_KEY]);
    if (!isGiven) return { runner: undefined, evidence: undefined, ephemeral: false };
    const { readSigningKeys } = await import('../../keys/given-keys.ts');
    return { ...(await readSigningKeys(environment, workspace)), ephemeral: false };
  }
  const platforms = detectedPlatforms(environment);
  if (platforms.length > 0) {
    throw new ConfigurationError('CAVRA-E214', `ephemeral keys were asked for on ${platforms.join(' and ')}`);
  }
  const { evidence, runner } = ephemeralSigningKeys(environment, randomBytes);
  const noted = (key: HmacSigningKey | undefined) => key && { key, notes: [] };
  return { evidence: noted(evidence), runner: noted(runner), ephemeral: true };
}

interface PurposeKeys {
  readonly signing: HmacSigningKey | undefined;
  readonly verification: readonly HmacVerificationKey[];
  /** Ids of the keyring whose secret is not here, so that they can neither sign nor verify. */
  readonly unresolved: readonly string[];
  /** What a reader should know of the key that signs, one sentence each. */
  readonly notes: readonly string[];
}

/** The keys of one purpose, under the keyring where there is one. */
async function purposeKeys(
  options: CreateGateOptions,
  purpose: 'evidence' | 'runner',
  given: GivenKey | undefined,
  file: KeyringFile | undefined,
): Promise<PurposeKeys> {
  return file === undefined ? alone(given) : ringed(file, purpose, given, options);
}

function alone(given: GivenKey | undefined): PurposeKeys {
  const { key, isUnnamed, notes } = given ?? { key: undefined, notes: [] };
  // Without a name it verifies whatever single id a stream carries: that of a daemon that gives it none as well.
  const verification =
    key === undefined ? [] : [{ ...key, ...(isUnnamed ? { id: '' } : {}), status: 'active' as const }];
  return { signing: key, verification, unresolved: [], notes };
}

/** The keyring says who may sign: its active key does, and a key from the environment only if it is that one. */
async function ringed(
  file: KeyringFile,
  purpose: 'evidence' | 'runner',
  given: GivenKey | undefined,
  { environment, workspace, now }: CreateGateOptions,
): Promise<PurposeKeys> {
  const { refuseOtherSecret, resolveHmacKeys, resolveSigningKey, verificationKey } = await import(
    '../../io/trust/keyring-file.ts'
  );
  const source = { environment, workspace };
  const { keys, unresolved } = await resolveHmacKeys(file, purpose, source);
  if (given === undefined) {
    const active = await resolveSigningKey(file, purpose, source, now());
    return { signing: active?.key, verification: keys, unresolved, notes: active?.notes ?? [] };
  }
  const { key, notes } = given;
  const fault = signingFault(file.keyring, purpose, key, now());
  if (fault !== undefined) throw new ConfigurationError('CAVRA-E207', `the ${purpose} key ${key.id} ${fault}`);
  const others = keys.filter(({ id }) => id !== key.id);
  const entry = file.keyring.keys.find((each) => each.purpose === purpose && each.id === key.id);
  if (entry !== undefined) refuseOtherSecret(file, entry, key.secret);
  const own = entry === undefined ? [] : [verificationKey(entry, key)];
  const absent = unresolved.filter((id) => id !== key.id);
  return { signing: key, verification: [...others, ...own], unresolved: absent, notes };
}

function keyNotes({ ephemeral, evidence }: SigningKeys, attestation: AttestationKeys): string[] {
  if (ephemeral) return ['the keys are ephemeral: nobody can check these signatures after this run'];
  return [
    ...(evidence === undefined ? ['no evidence key is set: the evidence is not signed'] : []),
    ...(attestation.signing === undefined ? [NO_CHECKPOINT] : derivedKeyNotes(evidence, attestation.signing)),
  ];
}

/** Recommended, not required. */
export const NO_CHECKPOINT =
  'no attestation key is set (CAVRA_ATTESTATION_KEY): no checkpoint is signed, so an auditor needs the evidence key, and records cut off at the end would not be noticed';

function unresolvedNotes(ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`keys of the keyring whose secret this job does not hold: ${ids.join(', ')}`];
}
