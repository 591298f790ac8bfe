import { createHash } from 'node:crypto';
import { RootRecorder } from '../merkle/merkle-proof.ts';
import type { CheckpointAnchor } from '../verification/anchors.ts';
import type { FindingCode, FindingList } from '../verification/findings.ts';
import { NO_PLACE, quoted } from '../verification/findings.ts';
import type { SideFiles } from '../verification/folder-check.ts';
import type { CheckpointReport } from '../verification/report.ts';
import type { StreamVerification } from '../verification/stream-verification.ts';
import { lineOf } from './chain.ts';
import { type AttestationTrust, type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { checkpointDetails } from './details.ts';
import { disagreements } from './disagreements.ts';
import { CheckpointError } from './error.ts';
import { StreamFacts } from './stream-facts.ts';
import { signerValidity } from './vouching.ts';

/** A checkpoint that the auditor brought; its signature and its key's period were checked. */
export interface EarlierCheckpoint {
  /** For messages. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

export interface CheckpointQuestion {
  /** The files beside the stream; undefined: the stream was named by itself. */
  readonly sideFiles: SideFiles | undefined;
  /** The bundle beside the stream. */
  readonly own: Uint8Array | undefined;
  /** Keys of which one must have signed; with none, the signature is not checked. */
  readonly trust: readonly AttestationTrust[];
  /** Whether evidence without a checkpoint is invalid. */
  readonly required: boolean;
  readonly against: readonly EarlierCheckpoint[];
  /** Files that must be subjects of the checkpoint, which must say PASSED; by their SHA-256, lower-case hex. */
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[];
}

/** Holds evidence against its own checkpoint and against earlier ones, while its stream is verified (design.md section 5). */
export class CheckpointVerification {
  readonly facts = new StreamFacts();
  readonly #question: CheckpointQuestion;
  readonly #own: Checkpoint | undefined;
  readonly #ownProblem: { readonly code: FindingCode; readonly message: string } | undefined;
  readonly #roots: RootRecorder;

  constructor(question: CheckpointQuestion) {
    this.#question = question;
    const others = question.against.map(({ checkpoint }) => checkpoint);
    const own = openOwn(question, others);
    this.#own = own.checkpoint;
    this.#ownProblem = own.problem;
    const sizes = others.map(({ statement }) => statement.claims.record_count);
    this.#roots = new RootRecorder(this.facts.tree, sizes);
  }

  /** Which records stand under a checkpoint of a trusted key, and of what time that is. That they are those records is checked at the end. */
  get anchors(): readonly CheckpointAnchor[] {
    const own = this.#ownProblem === undefined ? this.#own : undefined;
    const streamId = own?.statement.claims.stream_id;
    return [...(own === undefined ? [] : [own]), ...this.#question.against.map(({ checkpoint }) => checkpoint)]
      .filter(({ signer }) => signer !== undefined)
      .filter(({ statement: { claims } }) => streamId === undefined || claims.stream_id === streamId)
      .map(({ statement: { claims, timeMs } }) => ({ records: claims.record_count, timeMs }));
  }

  /** Adds what is wrong to the findings. Called once, after the last record. */
  conclude(verification: StreamVerification): CheckpointReport {
    const { findings } = verification;
    const state = this.#concludeOwn(verification);
    const isLinked = this.#concludeEarlier(verification, state);
    this.#concludeSubjects(findings, state);
    return {
      checkpoint: state,
      tail: state === 'valid' ? (isLinked ? 'anchored' : 'sealed') : isLinked ? 'anchored' : 'unanchored',
      ...(this.#own === undefined || state === 'invalid' ? {} : { details: checkpointDetails(this.#own) }),
    };
  }

  #concludeOwn(verification: StreamVerification): CheckpointReport['checkpoint'] {
    const { findings, summary, sha256 } = verification;
    if (this.#ownProblem !== undefined) {
      findings.add(this.#ownProblem.code, NO_PLACE, this.#ownProblem.message);
      return this.#ownProblem.code === 'checkpoint_missing' ? 'absent' : 'invalid';
    }
    if (this.#own === undefined) return 'absent';
    const { claims } = this.#own.statement;
    const files = fileDigests(this.#question.sideFiles);
    const differences = disagreements(claims, { summary, facts: this.facts, sha256, files });
    if (differences.length === 0) return this.#own.signer === undefined ? 'unchecked' : 'valid';
    if (claims.stream_id === summary.streamId && summary.records < claims.record_count) {
      findings.add('stream_truncated', NO_PLACE, truncation(summary.records, claims.record_count, 'its checkpoint'));
    } else {
      findings.add('checkpoint_mismatch', NO_PLACE, `the checkpoint is of other evidence: ${differences.join(', ')}`);
    }
    return 'invalid';
  }

  /** Returns whether the end of the stream is anchored in an earlier checkpoint. */
  #concludeEarlier(verification: StreamVerification, state: CheckpointReport['checkpoint']): boolean {
    const { findings, summary } = verification;
    const given = this.#question.against.map(({ checkpoint }) => checkpoint);
    const line = state === 'valid' && this.#own !== undefined ? lineOf(this.#own, given) : new Set();
    let isEndAnchored = false;
    for (const { name, checkpoint } of this.#question.against) {
      const { claims } = checkpoint.statement;
      const isHere = claims.stream_id === summary.streamId;
      if (!isHere && !line.has(checkpoint)) {
        const message = `${name} is of another stream, and the evidence is not chained to it`;
        findings.add('stream_forked', NO_PLACE, message);
      } else if (isHere && claims.record_count > summary.records) {
        const isRolledBack = state === 'valid';
        const code = isRolledBack ? 'stream_rolled_back' : 'stream_truncated';
        findings.add(code, NO_PLACE, truncation(summary.records, claims.record_count, name));
      } else if (isHere && this.#roots.rootAt(claims.record_count)?.toString('hex') !== claims.merkle_root) {
        const message = `the first ${claims.record_count} records are not those of ${name}`;
        findings.add('stream_forked', NO_PLACE, message);
      } else {
        // Records behind an earlier checkpoint could be cut off unnoticed, unless the evidence's own checkpoint seals them.
        isEndAnchored ||= state === 'valid' || claims.record_count === summary.records;
      }
    }
    return isEndAnchored;
  }

  #concludeSubjects(findings: FindingList, state: CheckpointReport['checkpoint']): void {
    const { subjects } = this.#question;
    if (subjects.length === 0) return;
    if (state !== 'valid' || this.#own === undefined) {
      const message = 'without a valid checkpoint nothing is known of these files';
      findings.add('expectation_subject', NO_PLACE, message);
      return;
    }
    const { statement } = this.#own;
    const known = new Set(statement.subjects.map((subject) => ('sha256' in subject ? subject.sha256 : undefined)));
    for (const { name, sha256 } of subjects) {
      if (known.has(sha256)) continue;
      findings.add(
        'expectation_subject',
        NO_PLACE,
        `${quoted(name)} (sha256 ${sha256}) is no subject of the checkpoint`,
      );
    }
    if (statement.result !== 'PASSED') {
      findings.add('expectation_passed', NO_PLACE, 'the checkpoint says FAILED: the release did not pass the gate');
    }
  }
}

function openOwn(
  { own: bytes, trust, required }: CheckpointQuestion,
  others: readonly Checkpoint[],
): { readonly checkpoint?: Checkpoint; readonly problem?: { code: FindingCode; message: string } } {
  if (bytes === undefined) {
    const message = 'there is no checkpoint, and no other proof of the evidence was asked for';
    return required ? { problem: { code: 'checkpoint_missing', message } } : {};
  }
  try {
    const checkpoint = openCheckpoint(bytes, trust);
    const validity = signerValidity(checkpoint, others);
    return validity === 'valid' ? { checkpoint } : { checkpoint, problem: KEY_PROBLEMS[validity] };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return {
      problem: { code: `checkpoint_${error.code}`, message: `the checkpoint cannot be believed: ${error.message}` },
    };
  }
}

const KEY_PROBLEMS = {
  not_yet_valid: {
    code: 'checkpoint_key_not_yet_valid',
    message: 'the checkpoint is older than the period of its key',
  },
  expired: { code: 'checkpoint_key_expired', message: 'the checkpoint is younger than the period of its key' },
  revoked: {
    code: 'checkpoint_key_revoked',
    message: 'the key of the checkpoint is revoked: the time in it is only its holder’s word',
  },
} as const;

/** SHA-256 of the files beside a stream; undefined: the stream stands by itself. */
export function fileDigests(
  files: SideFiles | undefined,
): { readonly claims: string | null; readonly response: string | null } | undefined {
  if (files === undefined) return undefined;
  const digest = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');
  return { claims: digest(files.claims), response: digest(files.response) };
}

function truncation(found: number, stated: number, where: string): string {
  return `the stream has ${found} records, ${where} has ${stated}: records were cut off, or an older state was put in place`;
}
