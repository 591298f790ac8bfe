import type { CavraError } from '../../domain/diagnosis.ts';
import type { AuthenticatedRunner } from '../../domain/trust/trust-decision.ts';
import type {
  AuthenticationJson,
  CheckpointJson,
  DiagnosisJson,
  EvidenceJson,
  GateResult,
} from '../../report/model/run-result.ts';
import type { GateOutcome } from '../run/gate.ts';

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
