import type { GuardResult, SummaryRemark } from '@cavra/release-governance-core';
import type { Publication } from './publish.ts';

const MOST_REMARKS = 20;

/** What the summary says of the publication, and of what was left out of it. */
export function publicationRemarks(publication: Publication, guard: GuardResult | undefined): SummaryRemark[] {
  return [
    { text: publicationText(publication) },
    ...(guard?.withheld ?? []).map(({ name }) => ({ text: `withheld, because it holds a secret: ${name}` })),
    ...(guard?.ignored ?? []).map(({ name, reason }) => ({ text: `not published: ${name} ${reason}` })),
  ].slice(0, MOST_REMARKS);
}

function publicationText(publication: Publication): string {
  switch (publication.state) {
    case 'published':
      return `artifact ${publication.name}`;
    case 'attached':
      return 'attached to the log of this task';
    case 'kept':
      return publication.reason;
    case 'failed':
      return `not published: ${publication.failure.message}`;
  }
}
