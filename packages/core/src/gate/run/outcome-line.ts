import { createHash } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import { type CavraError, RuntimeFailure } from '../../domain/diagnosis.ts';
import type { UnsignedOutcome } from '../../domain/outcome/encode.ts';
import { outcomeRunner } from '../../domain/outcome/facts.ts';
import {
  INLINE_REQUEST,
  OUTCOME_SCHEMA_VERSION,
  type Outcome,
  type OutcomeRequest,
} from '../../domain/outcome/outcome.ts';
import type { RecordFacts } from '../../domain/outcome/records.ts';
import { formatTimestamp } from '../../domain/time/timestamp.ts';
import type { AuthenticatedRunner } from '../../domain/trust/trust-decision.ts';
import type { VerificationReport, VerifierIdentity } from '../../domain/verification/report.ts';
import type { Decision, RunnerIdentity } from '../../domain/wire/messages.ts';
import { INLINE_REQUEST as INLINE_NAME } from '../../request/request-files.ts';
import type { JudgedDecision } from './judged-decision.ts';

/** What a run found out that its outcome says, but for what the folder knows: its records and its end. */
export interface OutcomeFacts {
  readonly identity: RunnerIdentity;
  readonly runner: AuthenticatedRunner | undefined;
  readonly requests: readonly { readonly path: string; readonly bytes: Uint8Array | undefined }[];
  /** In the order of the requests; those behind them were not answered. */
  readonly decisions: readonly JudgedDecision[];
  readonly expectedDecision: Decision;
  readonly trust: Outcome['trust'];
  readonly network: Outcome['network'];
  readonly workspace: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** What the folder adds. */
export interface FolderFacts {
  /** Of this run, in the order of the stream. */
  readonly records: readonly RecordFacts[];
  readonly report: VerificationReport | undefined;
  readonly verifier: VerifierIdentity;
}

/** The outcome of a run, to be signed; `failure`: the first cause. */
export function outcomeOf(facts: OutcomeFacts, folder: FolderFacts, failure: CavraError | undefined): UnsignedOutcome {
  const { identity, runner, trust, network, startedAt, finishedAt } = facts;
  const { name, version, sha256 = null } = folder.verifier;
  return {
    schema_version: OUTCOME_SCHEMA_VERSION,
    verdict: failure === undefined ? 'pass' : 'fail',
    exit_status: failure?.exitStatus ?? 0,
    diagnosis: failure === undefined ? null : { code: failure.code, message: failure.message },
    started_at: formatTimestamp(startedAt),
    finished_at: formatTimestamp(finishedAt),
    requests: requestsOf(facts, folder.records),
    stream: streamOf(folder.report),
    runner: outcomeRunner(identity, runner),
    trust,
    network,
    verifier: { name, version, sha256 },
  };
}

/** The outcome of an earlier run of this job that was stopped before it had one: its records are there, and nothing else is known. */
export function interruptedOutcome(
  { identity, trust, network, finishedAt }: OutcomeFacts,
  folder: FolderFacts,
): UnsignedOutcome {
  const failure = new RuntimeFailure('CAVRA-E507', 'the run was stopped before it ended');
  const requests = folder.records.map(() => ({ path: UNKNOWN_REQUEST, bytes: undefined }));
  const facts = {
    identity,
    runner: undefined,
    decisions: [],
    trust,
    network,
    workspace: '',
    expectedDecision: trust.expected_decision,
  };
  return outcomeOf({ ...facts, requests, startedAt: finishedAt, finishedAt }, folder, failure);
}

/** Stands for the path of a request that nobody knows any more, or that holds a secret. */
const UNKNOWN_REQUEST = 'unknown';

/** The facts without any text that the run was given, for an outcome that would hold a secret. */
export function withoutTexts(facts: OutcomeFacts): OutcomeFacts {
  const requests = facts.requests.map(({ bytes }) => ({ path: UNKNOWN_REQUEST, bytes }));
  return { ...facts, requests, identity: {}, runner: undefined };
}

function requestsOf(facts: OutcomeFacts, records: readonly RecordFacts[]): readonly OutcomeRequest[] {
  const { requests, decisions, expectedDecision, workspace } = facts;
  return requests.map(({ path, bytes }, index) => {
    const record = records[index];
    const judged = decisions[index];
    const refused = judged?.evaluation.refusal !== undefined;
    return {
      path: nameOf(path, workspace),
      sha256: bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex'),
      record_id: record?.recordId ?? null,
      decision: record?.decision ?? null,
      rule_id: record?.ruleId ?? null,
      expected: expectedDecision,
      met: record !== undefined && judged?.expectation.met === true && !refused,
      trust_rule: judged?.evaluation.trustRule ?? null,
      approvals: null,
    };
  });
}

function nameOf(path: string, workspace: string): string {
  if (path === UNKNOWN_REQUEST) return path;
  if (path === INLINE_NAME) return INLINE_REQUEST;
  return relative(workspace, resolve(workspace, path)).split(sep).join('/');
}

function streamOf(report: VerificationReport | undefined): Outcome['stream'] {
  if (report === undefined || report.records === 0 || report.stream_id === '' || report.head_hash === '') return null;
  const { stream_id: id, records, head_hash: head } = report;
  return { id, first_sequence: 1, previous_hash: null, records, head_hash: head };
}
