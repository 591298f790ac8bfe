import type { CheckpointClaims } from '../checkpoint/statement.ts';
import type { EvidenceExpectations } from '../verification/expectations.ts';
import { type FindingCode, type FindingList, NO_PLACE, quoted } from '../verification/findings.ts';
import type { OutcomeVerdict } from '../verification/report.ts';
import { assertedValues, provenValues, type RunnerFact } from './facts.ts';
import type { Outcome } from './outcome.ts';

/** What the evidence proves of one run of the gate. */
interface ProvenRun {
  readonly provider: string;
  readonly method: string;
  /** Undefined: not recorded. */
  readonly issuer: string | undefined;
  readonly keyId: string;
  readonly policySha256: string | null;
  readonly rules: string;
  proven(fact: RunnerFact): readonly string[];
  asserted(fact: RunnerFact): readonly string[];
}

export interface ProvenFacts {
  readonly outcome: OutcomeVerdict;
  /** Undefined: there is no file of them that can be read. */
  readonly outcomes: readonly Outcome[] | undefined;
  /** What a valid checkpoint says, which stands for the outcomes of version 0.1.0. */
  readonly checkpoint: CheckpointClaims | undefined;
  /** Ids of runner keys whose bytes the verifier's keyring pins. */
  readonly pinnedRunnerKeys: readonly string[];
}

/**
 * Holds what the evidence proves against the expectations.
 *
 * @returns what a reader must know of what was only asserted
 */
export function checkProvenFacts(
  expectations: EvidenceExpectations,
  facts: ProvenFacts,
  findings: FindingList,
): readonly string[] {
  checkOutcome(expectations, facts, findings);
  const runs = runsOf(facts);
  checkRequests(expectations, facts, findings);
  if (runs === undefined) return nothingProven(expectations, findings);
  const notes: string[] = [];
  for (const run of runs) {
    checkRun(expectations, run, findings);
    notes.push(...checkIdentity(expectations, run, facts.pinnedRunnerKeys, findings));
  }
  return [...new Set(notes)];
}

/** Without being told, evidence that must allow must be of a gate that passed. */
export function expectedOutcome({ outcome, decision }: EvidenceExpectations): 'pass' | 'fail' | 'any' {
  return outcome ?? (decision === 'allow' ? 'pass' : 'any');
}

function checkOutcome(expectations: EvidenceExpectations, { outcome, outcomes }: ProvenFacts, findings: FindingList) {
  const expected = expectedOutcome(expectations);
  if (expected === 'any' || outcome === expected) return;
  const cause = outcomes?.find(({ verdict }) => verdict === 'fail')?.diagnosis;
  const why =
    outcome === 'unknown'
      ? ': there is neither an outcome file nor a valid checkpoint'
      : cause
        ? `: ${cause.code}, ${quoted(cause.message)}`
        : '';
  findings.add('expectation_outcome', NO_PLACE, `the outcome is ${outcome}, expected ${expected}${why}`);
}

function checkRequests({ requests }: EvidenceExpectations, { outcomes }: ProvenFacts, findings: FindingList): void {
  if (requests === undefined) return;
  const asked = outcomes?.reduce((sum, outcome) => sum + outcome.requests.length, 0);
  if (asked === requests) return;
  const found =
    asked === undefined ? 'it is not recorded how many requests were asked' : `${asked} requests were asked`;
  findings.add('expectation_requests', NO_PLACE, `${found}, expected ${requests}`);
}

function runsOf({ outcomes, checkpoint }: ProvenFacts): readonly ProvenRun[] | undefined {
  if (outcomes !== undefined) return outcomes.map(runOfOutcome);
  return checkpoint === undefined ? undefined : [runOfCheckpoint(checkpoint)];
}

function runOfOutcome({ runner, trust }: Outcome): ProvenRun {
  return {
    provider: runner.method === 'none' ? '' : runner.provider,
    method: runner.method,
    issuer: runner.issuer ?? '',
    keyId: runner.key_id ?? '',
    policySha256: trust.policy_sha256,
    rules: trust.rules,
    proven: (fact) => provenValues(runner, fact),
    asserted: (fact) => assertedValues(runner, fact),
  };
}

function runOfCheckpoint({ authentication, identity, policy }: CheckpointClaims): ProvenRun {
  const { method = 'none', key_id: keyId = '', verified = [] } = authentication ?? {};
  const value = (fact: RunnerFact) => {
    const text = fact === 'environment' || fact === 'event' ? undefined : identity[fact];
    return text === undefined ? [] : [text];
  };
  return {
    provider: identity.provider ?? '',
    method,
    issuer: undefined,
    keyId,
    policySha256: policy.sha256,
    rules: policy.rules,
    proven: (fact) => (method === 'oidc' && verified.includes(fact) ? value(fact) : []),
    asserted: (fact) => (method === 'hmac' ? value(fact) : []),
  };
}

/** What is said of the run as a whole. */
function checkRun(expectations: EvidenceExpectations, run: ProvenRun, findings: FindingList): void {
  const { provider, issuer, auth_method: method, policy_sha256: policy, rules } = expectations;
  const pairs: readonly (readonly [FindingCode, string, string | undefined, string | null | undefined])[] = [
    ['expectation_provider', 'the provider', provider, run.provider],
    ['expectation_issuer', 'the issuer of the token', issuer, run.issuer],
    ['expectation_auth_method', 'the runner was authenticated by', method, run.method],
    ['expectation_policy_sha256', 'the SHA-256 of the trust policy', policy, run.policySha256],
    ['expectation_rules', 'the rules', rules, run.rules],
  ];
  for (const [code, what, expected, found] of pairs) {
    if (expected === undefined || expected === found) continue;
    findings.add(code, NO_PLACE, `${what} is ${found ? quoted(found) : 'not recorded'}, expected ${quoted(expected)}`);
  }
}

const FACTS = ['repository', 'ref', 'sha', 'run_id', 'environment', 'event'] as const satisfies readonly RunnerFact[];

/** @returns what was only asserted by the holder of a pinned key, and taken because that was asked for */
function checkIdentity(
  expectations: EvidenceExpectations,
  run: ProvenRun,
  pinned: readonly string[],
  findings: FindingList,
): readonly string[] {
  const takesAsserted = expectations.auth_method === 'hmac' && run.method === 'hmac' && pinned.includes(run.keyId);
  return FACTS.flatMap((fact) => {
    const expected = expectations[fact];
    if (expected === undefined || run.proven(fact).includes(expected)) return [];
    if (takesAsserted && run.asserted(fact).includes(expected)) {
      return [`${fact} is ${quoted(expected)} as asserted by the holder of ${quoted(run.keyId)}`];
    }
    findings.add(`expectation_${fact}`, NO_PLACE, unproven(fact, expected, run, takesAsserted));
    return [];
  });
}

function unproven(fact: RunnerFact, expected: string, run: ProvenRun, takesAsserted: boolean): string {
  const [found] = [...run.proven(fact), ...(takesAsserted ? run.asserted(fact) : [])];
  if (found !== undefined) return `${fact} is ${quoted(found)}, expected ${quoted(expected)}`;
  const hint =
    run.method === 'hmac'
      ? ': under HMAC it is only asserted; expect-auth-method hmac and a keyring that pins the key accept that'
      : '';
  return `${fact} is not proven, expected ${quoted(expected)}${hint}`;
}

/** Neither outcomes nor a checkpoint: the identity in the records is looked at elsewhere, and of the rest nothing is known. */
function nothingProven(expectations: EvidenceExpectations, findings: FindingList): readonly string[] {
  const asked = ['environment', 'event', 'issuer', 'auth_method', 'policy_sha256', 'rules'] as const;
  for (const name of asked) {
    if (expectations[name] === undefined) continue;
    findings.add(`expectation_${name}`, NO_PLACE, `${name} is not recorded, expected ${quoted(expectations[name])}`);
  }
  return [];
}
