import { resolve } from 'node:path';
import { type AttestationTrust, type Checkpoint, openCheckpoint } from '../domain/checkpoint/checkpoint.ts';
import { CheckpointError } from '../domain/checkpoint/error.ts';
import type { CheckpointClaims, Subject } from '../domain/checkpoint/statement.ts';
import { StreamFacts } from '../domain/checkpoint/stream-facts.ts';
import { fileDigests } from '../domain/checkpoint/verification.ts';
import { ConfigurationError, EvidenceError } from '../domain/diagnosis.ts';
import { CHECKPOINT_FILE, KNOWN_EVIDENCE_FILES } from '../domain/evidence/files.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../domain/limits.ts';
import { ConsistencyProver } from '../domain/merkle/merkle-proof.ts';
import type { EvidenceSource } from '../domain/verification/evidence-source.ts';
import type { VerificationReport, VerifierIdentity } from '../domain/verification/report.ts';
import type { RecordObserver } from '../domain/verification/verifier.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { readCheckpointFile } from '../io/evidence/checkpoint-file.ts';
import { hashSubjectFiles } from '../io/files/subject-files.ts';
import type { GateSettings } from '../settings/gate-settings.ts';
import { openEarlierCheckpoints } from '../verify/earlier-checkpoints.ts';
import { type Attestation, attest, type EarlierTree, type Judgement, requireGrowth } from './attest.ts';

export interface AttestorOptions {
  readonly key: AttestationKey;
  readonly trust: readonly AttestationTrust[];
  readonly settings: Pick<GateSettings, 'subjectPaths' | 'previousCheckpoint' | 'rules'>;
  /** Absolute. */
  readonly workspace: string;
  /** Of the trust policy's file; undefined: there is none. */
  readonly policySha256: string | undefined;
  readonly verifier: VerifierIdentity;
  readonly nowMs: number;
}

/**
 * Gets ready to sign this run's checkpoint: hashes its subjects, and checks the earlier checkpoint that it is to refer to.
 *
 * @throws ConfigurationError CAVRA-E216 a file cannot be read, CAVRA-E201 too many subjects
 * @throws EvidenceError CAVRA-E405 the earlier checkpoint is not one of a trusted key, or is from the future
 */
export async function createAttestor(options: AttestorOptions): Promise<RunAttestor> {
  const { settings, workspace, policySha256 } = options;
  const subjects = await hashSubjectFiles(settings.subjectPaths, workspace);
  refuseTakenNames(subjects);
  const previous = await openPrevious(options);
  const policy = { sha256: policySha256 ?? null, rules: settings.rules };
  return new RunAttestor(options, subjects, previous, policy);
}

/** The evidence's own files and the commit are subjects as well, under their names. */
function refuseTakenNames(subjects: readonly Subject[]): void {
  const taken = subjects.find(
    ({ name }) => name.startsWith('git:') || KNOWN_EVIDENCE_FILES.some((known) => known === name),
  );
  if (taken !== undefined) {
    throw new ConfigurationError('CAVRA-E201', `a subject has the name ${taken.name}, which is the evidence’s own`);
  }
}

async function openPrevious({ settings, workspace, trust, nowMs }: AttestorOptions): Promise<Checkpoint | undefined> {
  const name = settings.previousCheckpoint;
  if (name === undefined) return undefined;
  const bytes = await readCheckpointFile(resolve(workspace, name), name);
  const [earlier] = openEarlierCheckpoints([{ name, bytes }], trust);
  if (earlier !== undefined && earlier.checkpoint.statement.timeMs > nowMs + CLOCK_TOLERANCE_SECONDS * 1000) {
    throw new EvidenceError('CAVRA-E405', `the checkpoint ${name} is from the future`);
  }
  return earlier?.checkpoint;
}

/** Signs the checkpoints of one run. */
export class RunAttestor {
  readonly #options: AttestorOptions;
  readonly #subjects: readonly Subject[];
  readonly #previous: Checkpoint | undefined;
  readonly #policy: CheckpointClaims['policy'];
  #facts = new StreamFacts();
  #files: { readonly claims: string | null; readonly response: string | null } = { claims: null, response: null };
  /** The checkpoint that `--previous-checkpoint` names, ... */
  #named: EarlierTree | undefined;
  /** ... and that of an earlier step of this job, whose stream is continued. */
  #continued: EarlierTree | undefined;
  /** Why that one cannot be believed. */
  #fault: EvidenceError | undefined;

  constructor(
    options: AttestorOptions,
    subjects: readonly Subject[],
    previous: Checkpoint | undefined,
    policy: CheckpointClaims['policy'],
  ) {
    this.#options = options;
    this.#subjects = subjects;
    this.#previous = previous;
    this.#policy = policy;
  }

  /**
   * Looks at the evidence before it is verified. What is wrong with the checkpoint of an earlier step is said when it comes to attesting:
   * the evidence is to be verified all the same.
   *
   * @returns what must observe the verification
   */
  begin({ sideFiles, checkpoint }: EvidenceSource): RecordObserver {
    this.#facts = new StreamFacts();
    this.#files = fileDigests(sideFiles) ?? this.#files;
    this.#named = this.#previous === undefined ? undefined : this.#watch(this.#previous);
    this.#fault = undefined;
    const continued = checkpoint === undefined ? undefined : this.#openContinued(checkpoint);
    this.#continued = continued === undefined ? undefined : this.#watch(continued);
    return this.#facts;
  }

  /**
   * Signs a checkpoint over the evidence that was verified.
   *
   * @throws EvidenceError CAVRA-E404 the checkpoint of an earlier step is not one, or the stream is not its, grown
   */
  attest(report: VerificationReport, identity: RunnerIdentity, judgement: Judgement, nowMs: number): Attestation {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#continued !== undefined) requireGrowth(this.#continued, report);
    const { key, verifier } = this.#options;
    return attest({
      key,
      judgement,
      report,
      facts: this.#facts,
      files: this.#files,
      identity,
      policy: this.#policy,
      verifier,
      subjects: this.#subjects,
      previous: this.#named ?? this.#continued,
      nowMs,
    });
  }

  #watch(checkpoint: Checkpoint): EarlierTree {
    const { tree } = this.#facts;
    return { checkpoint, prover: new ConsistencyProver(tree, checkpoint.statement.claims.record_count) };
  }

  #openContinued(bytes: Uint8Array): Checkpoint | undefined {
    try {
      return openCheckpoint(bytes, this.#options.trust);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      const message = `${CHECKPOINT_FILE} of an earlier step cannot be believed: ${error.message}`;
      this.#fault = new EvidenceError('CAVRA-E404', message, { cause: error });
      return undefined;
    }
  }
}
