import type { CavraError, DiagnosisCode } from '../domain/diagnosis.ts';
import type { AuthenticatedRunner } from '../domain/trust/trust-decision.ts';
import type { Decision, RunnerIdentity } from '../domain/wire/messages.ts';
import type { GateOutcome } from './gate.ts';

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

/** The published result of a run. */
export function gateResult(outcome: GateOutcome): GateResult {
  const { failure, decisions } = outcome;
  const runner = decisions.find(({ evaluation }) => evaluation.runner !== undefined)?.evaluation.runner;
  const rule = decisions.find(({ evaluation }) => evaluation.trustRule !== undefined)?.evaluation.trustRule;
  return {
    verdict: failure === undefined ? 'pass' : 'fail',
    exit_code: failure?.exitStatus ?? 0,
    diagnosis: failure === undefined ? null : diagnosisJson(failure),
    decisions: decisions.map(({ request, evaluation: { response, refusal }, expectation }) => ({
      request: request.path,
      decision: response.decision,
      rule_id: response.rule_id ?? '',
      severity: response.severity ?? '',
      reason: response.reason ?? '',
      decision_id: response.decision_id ?? '',
      expected: outcome.settings.expectedDecision,
      met: expectation.met && refusal === undefined,
    })),
    authentication: runner === undefined ? null : authenticationJson(runner),
    evidence: evidenceJson(outcome),
    checkpoint: checkpointJson(outcome),
    timings_ms: outcome.timings,
    trust: rule === undefined ? null : { rule },
    identity: outcome.identity ?? null,
    notes: [...new Set([...outcome.notes, ...(runner?.notes ?? [])])],
  };
}

/** The diagnosis object of an error, as every command prints it with `--format json`. */
export function diagnosisJson(error: CavraError): DiagnosisJson {
  return { code: error.code, message: error.message, action: error.action };
}

function authenticationJson(runner: AuthenticatedRunner): AuthenticationJson {
  return {
    method: runner.method,
    provider: runner.identity.provider ?? '',
    repository: runner.identity.repository ?? '',
    key_id: runner.keyId,
    verified: runner.verified,
    unverified: runner.unverified,
  };
}

function checkpointJson({ checkpoint, guard }: GateOutcome): CheckpointJson | null {
  if (checkpoint === undefined || guard?.withheld.some(({ name }) => name === checkpoint.file)) return null;
  return { file: checkpoint.file, key_id: checkpoint.keyId, result: checkpoint.result };
}

function evidenceJson({ evidenceDir, report }: GateOutcome): EvidenceJson | null {
  if (evidenceDir === undefined || report === undefined) return null;
  return {
    dir: evidenceDir,
    stream: report.path,
    records: report.records,
    head_hash: report.head_hash,
    valid: report.valid,
    tail: report.tail,
    signatures: report.signatures,
    keys: report.keys.map(({ key_id: keyId }) => keyId),
  };
}
