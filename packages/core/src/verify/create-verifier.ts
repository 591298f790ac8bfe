import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { MAX_CHECKPOINTS } from '../domain/limits.ts';
import type { Clock } from '../domain/ports.ts';
import type { VerifierIdentity } from '../domain/verification/report.ts';
import { openEvidenceSource } from '../io/evidence/evidence-source.ts';
import { programSha256, type RunningProgram } from '../io/system/program.ts';
import type { PartJob, PartVerifiers } from '../io/threads/part-job.ts';
import type { Environment } from '../settings/credentials.ts';
import { loadVerificationKeys, type VerificationKeys } from './verification-keys.ts';
import { type CheckpointOptions, type VerifyOptions, type VerifyOutcome, verifyEvidence } from './verify.ts';

export interface CreateVerifierOptions {
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Path of a keyring; else the key of CAVRA_DAEMON_EVIDENCE_HMAC_KEY is used. */
  readonly keyring: string | undefined;
  /** Paths of Ed25519 public keys of which one must have signed the checkpoint. */
  readonly publicKeys?: readonly string[];
  readonly now: Clock;
  readonly version: string;
  /** The running program, whose SHA-256 the report gives. */
  readonly program?: RunningProgram;
  /** Told now and then how many bytes of how many are done. */
  readonly progress?: (done: number, total: number) => void;
  /** A program that calls `runThread`, for threads that verify parts of a large stream; without it, one thread verifies it. */
  readonly threadProgram?: URL;
}

/** What is asked of one piece of evidence. Paths are as given. */
export interface VerificationQuestion
  extends Pick<VerifyOptions, 'path' | 'integrityOnly' | 'expectations' | 'proveRecord' | 'observers'> {
  /** Earlier or external checkpoints to hold the evidence against. */
  readonly against?: readonly string[];
  /** Files, or globs, that must be subjects of the checkpoint, which must say PASSED. */
  readonly subjects?: readonly string[];
}

export interface Verifier {
  /**
   * @throws ConfigurationError CAVRA-E215 there is no key and integrity-only was not asked for, or no key for the checkpoints;
   *   CAVRA-E209 the keyring; CAVRA-E223 a public key; CAVRA-E216 a file
   * @throws EvidenceError CAVRA-E403 no evidence is there; CAVRA-E405 an earlier checkpoint cannot be believed
   */
  verify(question: VerificationQuestion): Promise<VerifyOutcome>;
}

/** Puts the verifier together from the parts of this machine. */
export function createVerifier(options: CreateVerifierOptions): Verifier {
  const loaded = new Map<boolean, Promise<VerificationKeys>>();
  const loadKeys = (integrityOnly: boolean): Promise<VerificationKeys> => {
    const keys = loaded.get(integrityOnly) ?? loadVerificationKeys(options, integrityOnly);
    loaded.set(integrityOnly, keys);
    return keys;
  };
  return {
    async verify({ against = [], subjects = [], ...question }) {
      const { workingDirectory, now, progress, threadProgram } = options;
      const keys = await loadKeys(question.integrityOnly);
      const checkpoint = await checkpointOptions(options, keys, { ...question, against, subjects });
      return verifyEvidence(
        {
          ...question,
          path: resolve(workingDirectory, question.path),
          keys: keys.keys,
          absentKeys: keys.absentKeys,
          checkpoint,
        },
        {
          now,
          verifier: await programIdentity(options),
          openEvidence: openEvidenceSource,
          ...(progress === undefined ? {} : { progress }),
          ...(threadProgram === undefined
            ? {}
            : { startPartVerifiers: (job) => startPartVerifiers(threadProgram, job) }),
        },
      );
    },
  };
}

async function checkpointOptions(
  { workingDirectory, publicKeys = [] }: CreateVerifierOptions,
  { keys, trust }: VerificationKeys,
  question: Pick<VerificationQuestion, 'integrityOnly' | 'proveRecord' | 'against' | 'subjects'>,
): Promise<CheckpointOptions> {
  const { integrityOnly, proveRecord, against = [], subjects = [] } = question;
  // Where nothing else proves the evidence, its checkpoint must; and a proof is nothing without one.
  const isOnlyProof = keys.length === 0 && !integrityOnly;
  const required = publicKeys.length > 0 || isOnlyProof || proveRecord !== undefined;
  if (against.length + subjects.length === 0) return { trust, required, against: [], subjects: [] };
  if (trust.length === 0) {
    const message = 'a checkpoint was asked for, but there is no public key or attestation key to check it with';
    throw new ConfigurationError('CAVRA-E215', message);
  }
  if (against.length > MAX_CHECKPOINTS) {
    const message = `${against.length} checkpoints were given, at most ${MAX_CHECKPOINTS} are allowed`;
    throw new ConfigurationError('CAVRA-E217', message);
  }
  const { readCheckpointFile } = await import('../io/evidence/checkpoint-file.ts');
  const { hashSubjectFiles } = await import('../io/files/subject-files.ts');
  const checkpoints = [];
  for (const name of against) {
    checkpoints.push({ name, bytes: await readCheckpointFile(resolve(workingDirectory, name), name) });
  }
  return { trust, required, against: checkpoints, subjects: await hashSubjectFiles(subjects, workingDirectory) };
}

async function startPartVerifiers(program: URL, job: PartJob): Promise<PartVerifiers | undefined> {
  const { startPartThreads } = await import('../io/threads/part-threads.ts');
  return startPartThreads(program, job);
}

/** This program, as reports name it. */
export function verifierIdentity(version: string): VerifierIdentity {
  return { name: 'cavra-release-governance', version };
}

/** This program, with the digest of its entry file where that is known. */
export async function programIdentity(options: {
  readonly version: string;
  readonly program?: RunningProgram;
}): Promise<VerifierIdentity> {
  const sha256 = await programSha256(options.program);
  return { ...verifierIdentity(options.version), ...(sha256 === undefined ? {} : { sha256 }) };
}
