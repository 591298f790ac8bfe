import type { Provider } from '../wire/messages.ts';
import { countableSources } from './countable.ts';
import {
  type ApprovalSource,
  type ApprovalTerms,
  type Approver,
  type ApproverLists,
  pastReason,
  peopleOf,
} from './terms.ts';
import { formatDuration } from './times.ts';

/** What a rule asks of approvals, and whose can count, for people. */
export interface ExplainedApprovals {
  readonly required: number;
  readonly sources: readonly ApprovalSource[];
  readonly exclude: readonly string[];
  /** What a signed approval must name. */
  readonly bind: readonly string[];
  readonly max_age: string;
  readonly people: readonly ExplainedApprover[];
  /** Names of those who may let a release pass alone. */
  readonly emergency: readonly string[];
}

export interface ExplainedApprover {
  readonly name: string;
  readonly counts_by: readonly ApprovalSource[];
  /** Null exactly where there is a source by which the person counts. */
  readonly why_not: string | null;
}

const DEFAULT_BIND = ['commit', 'request', 'artifacts where the gate is given some'];

export function explainApprovals(
  terms: ApprovalTerms,
  lists: ApproverLists,
  provider: Provider,
  nowMs: number,
): ExplainedApprovals {
  return {
    required: terms.required,
    sources: terms.sources,
    exclude: terms.exclude,
    bind: terms.bind ?? DEFAULT_BIND,
    max_age: formatDuration(terms.maxAgeMs),
    people: peopleOf(lists, terms.approvers).map((person) => explainApprover(person, terms, provider, nowMs)),
    emergency: peopleOf(lists, terms.emergency).map(({ name }) => name),
  };
}

function explainApprover(person: Approver, terms: ApprovalTerms, provider: Provider, nowMs: number): ExplainedApprover {
  const { name } = person;
  const past = pastReason(person, nowMs);
  const sources = past === undefined ? countableSources(person, terms, provider) : [];
  if (sources.length > 0) return { name, counts_by: sources, why_not: null };
  const unknown = `the policy has no id of the person on ${provider}, or no key, that a source could prove`;
  return { name, counts_by: [], why_not: past ?? unknown };
}
