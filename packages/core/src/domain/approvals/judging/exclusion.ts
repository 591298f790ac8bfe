import { idOn } from '../countable.ts';
import type { Approver } from '../terms.ts';
import type { ApprovalCase, ApprovalFacts, People } from './facts.ts';

/** Why a person's approval does not count for who the person is; undefined: it does. Somebody unknown could be anybody. */
export function exclusionProblem(person: Approver, { terms, facts }: ApprovalCase): string | undefined {
  if (terms.exclude.length === 0) return undefined;
  const id = idOn(person, facts.run.provider);
  if (id === undefined)
    return `the policy has no id of the person on ${facts.run.provider}, so that it may be whoever started the run`;
  for (const exclusion of terms.exclude) {
    const problem = WORDS[exclusion](facts, id);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const WORDS: Readonly<
  Record<ApprovalCase['terms']['exclude'][number], (facts: ApprovalFacts, id: string) => string | undefined>
> = {
  starter: ({ starters }, id) => among(starters, id, 'started this run', 'who started the run is not known'),
  'commit-authors': ({ authors }, id) => among(authors, id, 'wrote what is released', 'who wrote it is not known'),
};

function among(people: People, id: string, found: string, unknown: string): string | undefined {
  if (people.unresolved !== undefined) return `${unknown}: ${people.unresolved}`;
  return people.ids.includes(id) ? `the person ${found}` : undefined;
}
