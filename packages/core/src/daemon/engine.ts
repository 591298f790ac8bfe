import type { RequestAuthenticator } from '../domain/auth/request-authenticator.ts';
import type { AnswerKey } from '../domain/daemon/answer.ts';
import type { DaemonLimits } from '../domain/daemon/configuration.ts';
import type { RulesMode } from '../domain/decision/rules.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import type { SecretSearcher } from '../domain/secrets/searcher.ts';
import type { TrustPolicyEvaluator } from '../domain/trust/trust-decision.ts';
import type { EvidenceSource } from '../domain/verification/evidence-source.ts';
import type { VerificationReport } from '../domain/verification/report.ts';
import type { RecordObserver } from '../domain/verification/verifier.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import type { Attestation, Judgement } from '../seal/attest.ts';

/** Signs one checkpoint over a run's evidence. */
export interface StreamAttestor {
  /** Looks at the evidence before it is verified; returns what must observe the verification. */
  begin(source: EvidenceSource): RecordObserver;
  attest(report: VerificationReport, identity: RunnerIdentity, judgement: Judgement, nowMs: number): Attestation;
}

/**
 * What a daemon's configuration makes of it: everything that a reload replaces, whole or not at all. A request is answered from
 * beginning to end by the one that was there when it came.
 */
export interface Engine {
  /** Audience of `HMAC-SHA256-REQUEST` proofs. */
  readonly name: string;
  readonly authenticator: RequestAuthenticator;
  readonly trust: TrustPolicyEvaluator;
  readonly rules: RulesMode;
  readonly evidenceKey: HmacSigningKey;
  readonly evidenceVerification: readonly HmacVerificationKey[];
  readonly answerKey: AnswerKey;
  /** Makes what signs a checkpoint; absent: there is no key for that. */
  readonly attestor?: () => Promise<StreamAttestor>;
  readonly searcher: SecretSearcher;
  readonly limits: DaemonLimits;
  /** Of the configuration file, lower-case hex. */
  readonly configurationSha256: string;
}
