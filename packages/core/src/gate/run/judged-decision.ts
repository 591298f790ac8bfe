import type { Evaluation } from '../../daemon/runtime.ts';
import type { ExpectationCheck } from '../../domain/decision/expectation.ts';
import type { LoadedRequest } from '../../request/requests.ts';

/** One request's answer, held against what was expected. */
export interface JudgedDecision {
  readonly request: LoadedRequest;
  readonly evaluation: Evaluation;
  readonly expectation: ExpectationCheck;
}
