import type { AttestationTrust } from '../domain/checkpoint/checkpoint.ts';
import type { CheckpointVerification } from '../domain/checkpoint/verification.ts';
import { ConfigurationError, EvidenceError } from '../domain/diagnosis.ts';
import type { HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import { PARALLEL_STREAM_BYTES } from '../domain/limits.ts';
import type { Clock } from '../domain/ports.ts';
import type { CheckpointAnchor } from '../domain/verification/anchors.ts';
import type { EvidenceSource } from '../domain/verification/evidence-source.ts';
import { type EvidenceExpectations, ExpectationCheck } from '../domain/verification/expectations.ts';
import { isExpectation } from '../domain/verification/findings.ts';
import { FolderCheck } from '../domain/verification/folder-check.ts';
import {
  buildReport,
  type CheckpointReport,
  describeFinding,
  type VerificationReport,
  type VerifierIdentity,
} from '../domain/verification/report.ts';
import type { AbsentKey, SignaturePolicy } from '../domain/verification/signatures.ts';
import { type StreamVerification, StreamVerificationRun } from '../domain/verification/stream-verification.ts';
import type { RecordObserver } from '../domain/verification/verifier.ts';
import type { PartJob, PartVerifiers } from '../io/threads/part-job.ts';
import type { NamedBytes } from './earlier-checkpoints.ts';

export interface VerifyPorts {
  readonly now: Clock;
  /** The program that verifies, for the report. */
  readonly verifier: VerifierIdentity;
  /**
   * Opens an evidence folder or a stream.
   *
   * @throws EvidenceError CAVRA-E403 there is no evidence
   * @throws ConfigurationError CAVRA-E216 it cannot be read
   */
  openEvidence(path: string): Promise<EvidenceSource>;
  /** Told now and then how many bytes of how many are done. */
  readonly progress?: (done: number, total: number) => void;
  /** Starts what verifies parts of a large stream at the same time; without it, or when it gives nothing, one thread does it all. */
  startPartVerifiers?(job: PartJob): Promise<PartVerifiers | undefined>;
}

export interface VerifyOptions {
  /** An evidence folder or a `.jsonl`. */
  readonly path: string;
  /** Keys that may have signed; with any, every record must be signed. */
  readonly keys: readonly HmacVerificationKey[];
  /** Accept that no signature is checked, when there are no keys. */
  readonly integrityOnly: boolean;
  readonly expectations?: EvidenceExpectations;
  /** What is asked of the checkpoint; without it, one that is there must fit, and its signature is not checked. */
  readonly checkpoint?: CheckpointOptions;
  /** Keys whose ids and periods are known, but whose secrets are not here: their records count only under a checkpoint. */
  readonly absentKeys?: readonly AbsentKey[];
  /** Number of a record, from 1, whose inclusion under the checkpoint is to be proven. */
  readonly proveRecord?: number;
  /** Further observers of the stream. */
  readonly observers?: readonly RecordObserver[];
}

export interface CheckpointOptions {
  /** Keys of which one must have signed. */
  readonly trust: readonly AttestationTrust[];
  /** Whether evidence without a checkpoint is invalid. */
  readonly required: boolean;
  /** Earlier or external checkpoints to hold the evidence against; the bytes of their bundles. */
  readonly against: readonly NamedBytes[];
  /** Files that must be subjects of the checkpoint, which must say PASSED. */
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[];
}

export interface VerifyOutcome {
  readonly report: VerificationReport;
  /** CAVRA-E401 the evidence is invalid, CAVRA-E402 it is valid but not what was expected; undefined: all holds. */
  readonly failure: EvidenceError | undefined;
  /** The proof that was asked for, as the text of its file; only of evidence that is valid and has a checkpoint. */
  readonly proof: string | undefined;
}

/**
 * Verifies evidence and holds it against expectations. What is wrong with the evidence is in the outcome; thrown is only what keeps it
 * from being looked at.
 *
 * @throws ConfigurationError CAVRA-E215 no key, and not said that none is needed; CAVRA-E207 a key is empty; CAVRA-E216 not readable
 * @throws EvidenceError CAVRA-E403 nothing found
 */
export async function verifyEvidence(options: VerifyOptions, ports: VerifyPorts): Promise<VerifyOutcome> {
  refuseToCheckNothing(options);
  const source = await ports.openEvidence(options.path);
  try {
    const nowMs = ports.now();
    const checkpoint = await checkpointVerification(source, options);
    const prover = await inclusionRecorder(checkpoint, options);
    const signatures = signaturePolicy(options, checkpoint?.anchors ?? []);
    const observers = [
      ...observersOf(source, options.expectations, nowMs),
      ...(checkpoint === undefined ? [] : [checkpoint.facts]),
      ...(prover === undefined ? [] : [prover]),
      ...(options.observers ?? []),
    ];
    const verification = await readStream(source, new StreamVerificationRun({ signatures, observers }), ports, {
      signatures,
      sideFiles: source.sideFiles,
      expectations: options.expectations,
      nowMs,
      facts: checkpoint !== undefined,
    });
    const { expectations } = options;
    const concluded = checkpoint?.conclude(verification);
    const report = buildReport(verification, {
      path: source.path,
      verifier: ports.verifier,
      ...(expectations === undefined ? {} : { expectations }),
      ...(concluded === undefined ? {} : { checkpoint: concluded }),
      notes: notesOf(verification, concluded),
    });
    const failure = failureOf(verification, report);
    return { report, failure, proof: failure === undefined ? prover?.proofText(source.checkpoint) : undefined };
  } finally {
    await source.close();
  }
}

function refuseToCheckNothing({ keys, integrityOnly, checkpoint }: VerifyOptions): void {
  if (keys.length === 0 && !integrityOnly && !checkpoint?.trust.length) {
    throw new ConfigurationError('CAVRA-E215', 'no key was given to check signatures with');
  }
  if (keys.some(({ secret }) => secret.length === 0)) {
    throw new ConfigurationError('CAVRA-E207', 'an evidence key is empty');
  }
}

function signaturePolicy(
  { keys, absentKeys = [] }: VerifyOptions,
  anchors: readonly CheckpointAnchor[],
): SignaturePolicy {
  return keys.length + absentKeys.length === 0
    ? { mode: 'integrity-only' }
    : { mode: 'required', keys, absentKeys, anchors };
}

/** Loads what checkpoints need only where there is one, or one is asked for. */
async function checkpointVerification(
  { sideFiles, checkpoint: own }: EvidenceSource,
  { checkpoint: options, proveRecord }: VerifyOptions,
): Promise<CheckpointVerification | undefined> {
  const { trust, required, against, subjects } = options ?? { trust: [], required: false, against: [], subjects: [] };
  const isAsked = required || proveRecord !== undefined || against.length + subjects.length > 0;
  if (own === undefined && !isAsked) return undefined;
  const { openEarlierCheckpoints } = await import('./earlier-checkpoints.ts');
  const { CheckpointVerification: Verification } = await import('../domain/checkpoint/verification.ts');
  const earlier = openEarlierCheckpoints(against, trust);
  return new Verification({ sideFiles, own, trust, required, against: earlier, subjects });
}

async function inclusionRecorder(checkpoint: CheckpointVerification | undefined, { proveRecord }: VerifyOptions) {
  if (checkpoint === undefined || proveRecord === undefined) return undefined;
  const { InclusionRecorder } = await import('../domain/checkpoint/inclusion-recorder.ts');
  return new InclusionRecorder(checkpoint.facts.tree, proveRecord);
}

/** What a reader must know of how the signatures were checked. */
function notesOf({ summary }: StreamVerification, checkpoint: CheckpointReport | undefined): readonly string[] {
  if (summary.signatures !== 'unchecked' || checkpoint?.checkpoint !== 'valid') return [];
  return [
    'not every record signature was checked, because the secrets are not here; that is enough, because the checkpoint’s public-key signature covers every byte of the stream',
  ];
}

function observersOf(
  { sideFiles }: EvidenceSource,
  expectations: EvidenceExpectations | undefined,
  nowMs: number,
): readonly RecordObserver[] {
  return [
    ...(sideFiles === undefined ? [] : [new FolderCheck(sideFiles)]),
    ...(expectations === undefined ? [] : [new ExpectationCheck(expectations, nowMs)]),
  ];
}

async function readStream(
  source: EvidenceSource,
  run: StreamVerificationRun,
  { progress, startPartVerifiers }: VerifyPorts,
  job: PartJob,
): Promise<StreamVerification> {
  const report = (done: number) => progress?.(done, Math.max(source.size, done));
  const isLarge = source.size >= PARALLEL_STREAM_BYTES && run.canJoin;
  const verifiers = isLarge ? await startPartVerifiers?.(job) : undefined;
  if (verifiers !== undefined) {
    const { readerOf, verifyInParts } = await import('./stream-parts.ts');
    await verifyInParts(source.reader?.() ?? readerOf(source.chunks()), run, verifiers, report).finally(() =>
      verifiers.close(),
    );
    return run.finish();
  }
  let done = 0;
  for await (const chunk of source.chunks()) {
    run.write(chunk);
    done += chunk.length;
    report(done);
  }
  return run.finish();
}

function failureOf({ findings }: StreamVerification, report: VerificationReport): EvidenceError | undefined {
  const { errorCount, evidenceErrorCount } = findings;
  if (errorCount === 0) {
    return undefined;
  }
  const invalid = evidenceErrorCount > 0;
  const count = invalid ? evidenceErrorCount : errorCount;
  const first = report.findings.find(({ code, severity }) => severity === 'error' && isExpectation(code) !== invalid);
  const cause = first === undefined ? 'see the report' : describeFinding(first);
  const more = count > 1 ? `, and ${count - 1} more` : '';
  return invalid
    ? new EvidenceError('CAVRA-E401', `the evidence is invalid: ${cause}${more}`)
    : new EvidenceError('CAVRA-E402', `the evidence is not what was expected: ${cause}${more}`);
}
