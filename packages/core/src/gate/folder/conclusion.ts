import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { asCavraError, type CavraError, EvidenceError, SecretFoundError } from '../../domain/diagnosis.ts';
import { CHECKPOINT_FILE, OUTCOME_FILE } from '../../domain/evidence/files.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import { MAX_OUTCOME_FILE_BYTES } from '../../domain/limits.ts';
import { outcomeLine } from '../../domain/outcome/encode.ts';
import type { Outcome } from '../../domain/outcome/outcome.ts';
import { OutcomeError, readOutcomes } from '../../domain/outcome/read.ts';
import type { RecordFacts } from '../../domain/outcome/records.ts';
import { signatureFault } from '../../domain/outcome/signature.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { VerificationReport, VerifierIdentity } from '../../domain/verification/report.ts';
import { publishPending, removePending, writePending } from '../../io/evidence/pending-file.ts';
import { readNamedFileIfThere } from '../../io/files/read-regular-file.ts';
import type { AttestedEvidence } from '../run/gate.ts';
import { interruptedOutcome, type OutcomeFacts, outcomeOf, withoutTexts } from '../run/outcome-line.ts';

export interface ConclusionParts {
  /** Absolute. */
  readonly folder: string;
  readonly searcher: SecretSearcher;
  readonly key: HmacSigningKey | undefined;
  readonly verificationKeys: readonly HmacVerificationKey[];
  readonly verifier: VerifierIdentity;
  readonly report: VerificationReport | undefined;
  /** All records of the stream that somebody asked for, in its order. */
  readonly records: readonly RecordFacts[];
  /** Records that were in the stream when this run began. */
  readonly before: number;
  /** This process ends the run of an earlier one: the records that no line claims are its own. */
  readonly recovers?: boolean;
  /**
   * Signs the checkpoint.
   *
   * @returns undefined: there is no key for it, or the evidence is not valid
   */
  seal(passes: boolean, outcomeSha256: string): SignedCheckpoint | undefined;
}

export interface SignedCheckpoint {
  readonly text: string;
  readonly evidence: AttestedEvidence;
}

export interface ConcludedFolder {
  readonly found: readonly CavraError[];
  readonly checkpoint: AttestedEvidence | undefined;
  /** Whether every run that left evidence here has passed. */
  readonly passes: boolean;
}

/**
 * Writes the outcome of a run and the checkpoint over it. Both are written under other names first, and then renamed: a run that is
 * stopped leaves either what was before or an end that a later process can complete. Once visible, an outcome is never judged again.
 *
 * @throws CavraError nothing became visible
 */
export async function concludeFolder(
  parts: ConclusionParts,
  facts: OutcomeFacts,
  failure: CavraError | undefined,
): Promise<ConcludedFolder> {
  const earlier = await earlierOutcomes(parts);
  const found: CavraError[] = [];
  let text = outcomeText(parts, earlier, facts, failure);
  let cause = failure;
  if (parts.searcher.find(Buffer.from(text)).length > 0) {
    cause = new SecretFoundError('CAVRA-E602', `a secret was found in what ${OUTCOME_FILE} would say; it is left out`);
    found.push(cause);
    text = outcomeText(parts, earlier, withoutTexts(facts), cause);
  }
  if (earlier.problem !== undefined) {
    const problem = new EvidenceError('CAVRA-E404', earlier.problem);
    found.push(problem);
    if (cause === undefined) text = outcomeText(parts, earlier, facts, problem);
    cause ??= problem;
  }
  await writePending(parts.folder, OUTCOME_FILE, text);
  let checkpoint: AttestedEvidence | undefined;
  try {
    checkpoint = await seal(parts, text, cause === undefined && earlier.pass);
  } catch (error) {
    found.push(asCavraError(error));
    cause ??= asCavraError(error);
    removePending(parts.folder, [CHECKPOINT_FILE]);
    await writePending(parts.folder, OUTCOME_FILE, outcomeText(parts, earlier, facts, cause));
  }
  await publishPending(parts.folder);
  return { found, checkpoint, passes: cause === undefined && earlier.pass };
}

async function seal(parts: ConclusionParts, text: string, passes: boolean): Promise<AttestedEvidence | undefined> {
  const signed = parts.seal(passes, createHash('sha256').update(text).digest('hex'));
  if (signed === undefined) return undefined;
  await writePending(parts.folder, CHECKPOINT_FILE, signed.text);
  return signed.evidence;
}

/** What earlier runs of this job have left. */
interface EarlierOutcomes {
  /** Their lines, as they are. */
  readonly text: string;
  /** Records that no line claims: of a run that was stopped. */
  readonly unclaimed: readonly RecordFacts[];
  readonly pass: boolean;
  /** Why the file that was found cannot be continued. */
  readonly problem?: string;
}

async function earlierOutcomes(parts: ConclusionParts): Promise<EarlierOutcomes> {
  const { folder, records, before } = parts;
  const old = records.filter(({ number }) => number <= before);
  const bytes = await readNamedFileIfThere(join(folder, OUTCOME_FILE), {
    what: OUTCOME_FILE,
    maxBytes: MAX_OUTCOME_FILE_BYTES,
  });
  if (bytes === undefined) return { text: '', unclaimed: old, pass: old.length === 0 };
  // The stream could not be read, which is a failure of its own.
  if (parts.report === undefined) return { text: Buffer.from(bytes).toString('utf8'), unclaimed: [], pass: false };
  const outcomes = readEarlier(bytes);
  const claimed = outcomes?.flatMap(({ requests }) => requests.filter(({ record_id: id }) => id !== null));
  const fits = claimed?.every((request, index) => request.record_id === old[index]?.recordId) === true;
  if (outcomes === undefined || claimed === undefined || !fits || !outcomes.every((each) => isSigned(each, parts))) {
    const problem = `${OUTCOME_FILE} of an earlier step was changed since that step wrote it`;
    return { text: '', unclaimed: old, pass: false, problem };
  }
  const unclaimed = old.slice(claimed.length);
  const pass = unclaimed.length === 0 && outcomes.every(({ verdict }) => verdict === 'pass');
  return { text: Buffer.from(bytes).toString('utf8'), unclaimed, pass };
}

function readEarlier(bytes: Uint8Array): readonly Outcome[] | undefined {
  try {
    return readOutcomes(bytes);
  } catch (error) {
    if (error instanceof OutcomeError) return undefined;
    throw error;
  }
}

/** What this run cannot check was not written by it. */
function isSigned(outcome: Outcome, { key, verificationKeys }: ConclusionParts): boolean {
  if (key === undefined) return outcome.signature === null;
  return signatureFault(outcome, verificationKeys, false) === undefined;
}

function ownRecords({ records, before, recovers }: ConclusionParts, unclaimed: readonly RecordFacts[]) {
  return recovers === true ? unclaimed : records.filter(({ number }) => number > before);
}

/** The lines of all runs. */
function outcomeText(
  parts: ConclusionParts,
  { text, unclaimed }: EarlierOutcomes,
  facts: OutcomeFacts,
  failure: CavraError | undefined,
): string {
  const { key, verifier, report } = parts;
  const own = ownRecords(parts, unclaimed);
  const interrupted =
    unclaimed.length === 0 || parts.recovers === true
      ? ''
      : outcomeLine(interruptedOutcome(facts, { records: unclaimed, verifier, report: undefined }), key);
  return `${text}${interrupted}${outcomeLine(outcomeOf(facts, { records: own, verifier, report }, failure), key)}`;
}
