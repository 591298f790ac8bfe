import { worstDecision } from '../../domain/decision/worst.ts';
import type { DecisionJson, GateResult } from '../../report/model/run-result.ts';

/**
 * The outputs that every adapter sets (interfaces.md), in the spelling of GitHub; `snakeCase` and `camelCase` give the others'.
 * The adapters add `artifact-name` and, on GitHub, `artifact-id` and `artifact-url`.
 */
export const GATE_OUTPUTS = {
  verdict: 'pass or fail',
  decision: 'the worst decision of the run: allow, require_approval or block',
  'rule-id': 'the rule that made it',
  reason: 'why, in a sentence',
  'decision-id': 'its id in the evidence',
  'evidence-dir': 'folder of the evidence',
  'evidence-valid': 'true when the evidence was verified and is valid',
  'record-count': 'records in the evidence stream',
  'head-hash': 'hash of the last record',
  'auth-method': 'how the job proved who it is: oidc or hmac; empty when it did not',
  'diagnosis-code': 'CAVRA-E… when the gate failed, else empty',
} as const;

export type GateOutputName = keyof typeof GATE_OUTPUTS;

/** The outputs of one run; an output that has no value is the empty string. All are single lines. */
export function gateOutputs(result: GateResult): Record<GateOutputName, string> {
  const worst = worstOf(result.decisions);
  return {
    verdict: result.verdict,
    decision: worst?.decision ?? '',
    'rule-id': singleLine(worst?.rule_id),
    reason: singleLine(worst?.reason),
    'decision-id': singleLine(worst?.decision_id),
    'evidence-dir': singleLine(result.evidence?.dir),
    'evidence-valid': String(result.evidence?.valid ?? false),
    'record-count': String(result.evidence?.records ?? 0),
    'head-hash': result.evidence?.head_hash ?? '',
    'auth-method': result.authentication?.method ?? '',
    'diagnosis-code': result.diagnosis?.code ?? '',
  };
}

function worstOf(decisions: readonly DecisionJson[]): DecisionJson | undefined {
  const worst = worstDecision(decisions.map(({ decision }) => decision));
  return decisions.find(({ decision }) => decision === worst);
}

/** A line end in an output would let a request write further outputs. */
function singleLine(text: string | undefined): string {
  return (text ?? '').replace(/[\r\n\u0085\u2028\u2029]+/g, ' ');
}
