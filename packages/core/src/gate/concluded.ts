import { join } from 'node:path';
import { diagnosedError } from '../domain/diagnosis.ts';
import { OUTCOME_FILE, STREAM_FILE } from '../domain/evidence/files.ts';
import { MAX_OUTCOME_FILE_BYTES } from '../domain/limits.ts';
import type { Outcome, OutcomeRequest } from '../domain/outcome/outcome.ts';
import { OutcomeError, readOutcomes } from '../domain/outcome/read.ts';
import { parseInstant } from '../domain/time/instant.ts';
import type { DecisionResponse, RunnerIdentity } from '../domain/wire/messages.ts';
import { readRecordedResponses } from '../io/evidence/recorded-responses.ts';
import { readNamedFileIfThere } from '../io/files/read-regular-file.ts';
import type { JudgedDecision } from './run/judged-decision.ts';

/** A run that had ended before its process was stopped: its verdict stands. */
export interface ConcludedRun {
  readonly outcome: Outcome;
  readonly decisions: readonly JudgedDecision[];
}

/**
 * Looks whether a run had ended.
 *
 * @param folder absolute; what is not of this run was set aside
 * @param startedAt of the run, Unix milliseconds; an older outcome is of an earlier run
 * @returns undefined: it had not
 */
export async function concludedRun(
  folder: string,
  startedAt: number,
  identity: RunnerIdentity,
): Promise<ConcludedRun | undefined> {
  const bytes = await readNamedFileIfThere(join(folder, OUTCOME_FILE), {
    what: OUTCOME_FILE,
    maxBytes: MAX_OUTCOME_FILE_BYTES,
  });
  const outcomes = bytes === undefined ? [] : readLines(bytes);
  const outcome = outcomes.at(-1);
  if (outcome === undefined || !((parseInstant(outcome.started_at) ?? Number.NaN) >= startedAt)) return undefined;
  const before = outcomes.slice(0, -1).flatMap(({ requests }) => requests.filter(isAnswered)).length;
  const responses = outcome.stream === null ? [] : await readRecordedResponses(join(folder, STREAM_FILE));
  const own = responses.slice(before);
  const answered = outcome.requests.filter(isAnswered);
  return { outcome, decisions: answered.map((request, index) => decisionOf(request, own[index], outcome, identity)) };
}

/** The failure of the run, as its outcome has it. */
export function failureOf({ diagnosis }: Outcome) {
  return diagnosis === null ? undefined : diagnosedError(diagnosis.code, diagnosis.message);
}

function isAnswered({ record_id: id }: OutcomeRequest): boolean {
  return id !== null;
}

function readLines(bytes: Uint8Array): readonly Outcome[] {
  try {
    return readOutcomes(bytes);
  } catch (error) {
    if (error instanceof OutcomeError) return [];
    throw error;
  }
}

function decisionOf(
  { path, decision, rule_id: ruleId, met, trust_rule: trustRule }: OutcomeRequest,
  response: DecisionResponse | undefined,
  { diagnosis, runner }: Outcome,
  identity: RunnerIdentity,
): JudgedDecision {
  const said = { decision: decision ?? 'block', rule_id: ruleId ?? '' };
  const message = diagnosis?.message ?? 'it is not what was expected';
  return {
    request: { path, bytes: new Uint8Array(), request: {} },
    evaluation: {
      response: { ...response, ...said },
      ...runnerOf(runner, identity),
      ...(trustRule === null ? {} : { trustRule }),
    },
    expectation: met ? { met } : { met, code: 'CAVRA-E101', message },
  };
}

/** Who asked, as the outcome has it: what it does not assert, it proves. */
function runnerOf(
  { method, key_id: keyId, asserted }: Outcome['runner'],
  identity: RunnerIdentity,
): Pick<JudgedDecision['evaluation'], 'runner'> {
  if (method === 'none') return {};
  const fields = Object.keys(identity) as (keyof RunnerIdentity)[];
  const verified = fields.filter((field) => !Object.hasOwn(asserted, field));
  const unverified = fields.filter((field) => Object.hasOwn(asserted, field));
  return { runner: { method, identity, keyId: keyId ?? '', verified, unverified, notes: [] } };
}
