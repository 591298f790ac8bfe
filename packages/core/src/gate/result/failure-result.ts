import type { CavraError } from '../../domain/diagnosis.ts';
import type { GateResult } from '../../report/model/run-result.ts';
import { diagnosisJson } from './gate-result.ts';

/** The result of a gate that never came to run, for example because its settings are wrong. */
export function failureResult(failure: CavraError): GateResult {
  return {
    verdict: 'fail',
    exit_code: failure.exitStatus,
    diagnosis: diagnosisJson(failure),
    decisions: [],
    authentication: null,
    evidence: null,
    checkpoint: null,
    timings_ms: {},
    trust: null,
    identity: null,
    notes: [],
  };
}
