import { CLOCK_TOLERANCE_SECONDS } from '../../limits.ts';
import { idOn } from '../countable.ts';
import { type Approver, pastReason, peopleOf } from '../terms.ts';
import { formatDuration } from '../times.ts';
import { exclusionProblem } from './exclusion.ts';
import type { ApprovalCase, PlatformEntry } from './facts.ts';

import type { JudgedApproval } from './verdict.ts';

/** Judges one entry of a platform, which the source has bound to this run already: whose it is, and when. */
export function judgeEntry(entry: PlatformEntry, context: ApprovalCase): JudgedApproval {
  const { source, decision, personId, givenAtMs, boundTo, proof } = entry;
  const { terms, lists, facts } = context;
  const person = peopleOf(lists, terms.approvers).find((each) => idOn(each, facts.run.provider) === personId);
  const whyNot = problemOf(entry, person, context);
  return {
    source,
    approver: { name: person?.name ?? null, id: personId },
    decision,
    givenAtMs,
    boundTo,
    counted: whyNot === undefined,
    whyNot: whyNot ?? null,
    proof,
  };
}

function problemOf(entry: PlatformEntry, person: Approver | undefined, context: ApprovalCase): string | undefined {
  const { source, decision, givenAtMs, stopsRun } = entry;
  const { terms, facts } = context;
  if (!terms.sources.includes(source)) return 'the policy does not take this source';
  if (decision === 'reject' && stopsRun) return undefined;
  if (person === undefined) return 'the person is not among its approvers';
  return (
    pastReason(person, facts.nowMs) ??
    timeProblem(givenAtMs, terms.maxAgeMs, facts.nowMs) ??
    (decision === 'approve' ? exclusionProblem(person, context) : undefined)
  );
}

function timeProblem(givenAtMs: number | null, maxAgeMs: number, nowMs: number): string | undefined {
  if (givenAtMs === null) return 'the platform says no time';
  if (givenAtMs > nowMs + CLOCK_TOLERANCE_SECONDS * 1_000) return 'its time is in the future';
  return nowMs - givenAtMs > maxAgeMs ? `it is older than ${formatDuration(maxAgeMs)}` : undefined;
}
