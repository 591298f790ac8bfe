import type { DiagnosisCode } from '../../domain/diagnosis.ts';
import type { Decision, RunnerIdentity } from '../../domain/wire/messages.ts';

/** What `gate --format json` prints (interfaces.md); stable, members are only ever added. */
export interface GateResult {
  readonly verdict: 'pass' | 'fail';
  readonly exit_code: number;
  readonly diagnosis: DiagnosisJson | null;
  readonly decisions: readonly DecisionJson[];
  readonly authentication: AuthenticationJson | null;
  readonly evidence: EvidenceJson | null;
  readonly checkpoint: CheckpointJson | null;
  readonly timings_ms: Readonly<Record<string, number>>;
  /** Which rule of the trust policy let the runner pass, or null. */
  readonly trust: { readonly rule: string } | null;
  /** The identity that this job claims; `authentication` says what of it is proven. */
  readonly identity: RunnerIdentity | null;
  /** What a reader should know, one sentence each. */
  readonly notes: readonly string[];
}

export interface DiagnosisJson {
  readonly code: DiagnosisCode;
  readonly message: string;
  readonly action: string;
}

export interface DecisionJson {
  readonly request: string;
  readonly decision: Decision;
  readonly rule_id: string;
  readonly severity: string;
  readonly reason: string;
  readonly decision_id: string;
  readonly expected: Decision;
  readonly met: boolean;
}

export interface AuthenticationJson {
  readonly method: 'oidc' | 'hmac';
  readonly provider: string;
  readonly repository: string;
  readonly key_id: string;
  readonly verified: readonly string[];
  readonly unverified: readonly string[];
}

/** The checkpoint over the evidence. */
export interface CheckpointJson {
  /** Name in the evidence folder. */
  readonly file: string;
  readonly key_id: string;
  /** What it says of the release. */
  readonly result: 'PASSED' | 'FAILED';
}

export interface EvidenceJson {
  readonly dir: string;
  readonly stream: string;
  readonly records: number;
  readonly head_hash: string;
  readonly valid: boolean;
  readonly tail: string;
  /** Whether the signatures were checked, with these key ids. */
  readonly signatures: string;
  readonly keys: readonly string[];
}
