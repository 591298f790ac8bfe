import type { CheckpointVerification } from '../domain/checkpoint/verification.ts';
import type { HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import type { OutcomeCheck } from '../domain/outcome/check.ts';
import type { EvidenceSource } from '../domain/verification/evidence-source.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import { outcomeOfSeal } from '../domain/verification/outcome-verdict.ts';
import type { CheckpointReport, OutcomeVerdict } from '../domain/verification/report.ts';
import type { StreamVerification } from '../domain/verification/stream-verification.ts';

/** Holds the outcomes beside a stream against it; undefined: there are none. What they need is loaded only where there are any. */
export async function openOutcomes({ sideFiles }: EvidenceSource): Promise<OutcomeCheck | undefined> {
  if (sideFiles?.outcome === undefined) return undefined;
  const { OutcomeCheck: Check } = await import('../domain/outcome/check.ts');
  return new Check(sideFiles.outcome);
}

/** What was found of the evidence before its outcome is looked at. */
export interface VerifiedParts {
  readonly verification: StreamVerification;
  readonly check: OutcomeCheck | undefined;
  readonly checkpoint: CheckpointVerification | undefined;
  /** What the checkpoint comes to. */
  readonly seal: CheckpointReport | undefined;
}

/** What is asked of the outcome. */
export interface OutcomeQuestion {
  readonly keys: readonly HmacVerificationKey[];
  readonly expectations?: EvidenceExpectations;
  /** Ids of runner keys whose bytes the keyring pins. */
  readonly pinnedRunnerKeys?: readonly string[];
}

export interface ConcludedOutcome {
  readonly outcome: OutcomeVerdict;
  /** What a reader must know, a sentence each. */
  readonly notes: readonly string[];
}

/** Says how the gate ended, and holds what is proven against the expectations; what is wrong is added to the findings. */
export async function concludeOutcome(
  { keys, expectations, pinnedRunnerKeys = [] }: OutcomeQuestion,
  { verification, check, checkpoint, seal }: VerifiedParts,
): Promise<ConcludedOutcome> {
  const { findings, summary } = verification;
  const outcome = check?.conclude(findings, summary, keys, seal) ?? outcomeOfSeal(seal);
  if (expectations === undefined) return { outcome, notes: [] };
  const { checkProvenFacts } = await import('../domain/outcome/expect.ts');
  const facts = { outcome, outcomes: check?.outcomes, checkpoint: checkpoint?.proven, pinnedRunnerKeys };
  return { outcome, notes: checkProvenFacts(expectations, facts, findings) };
}
