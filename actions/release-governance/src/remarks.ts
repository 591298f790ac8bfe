import type { GuardResult, SummaryRemark } from '@cavra/release-governance-core';
import type { Publication } from './publish.ts';

/** What the summary says of the publication, and of what was left out of it. */
export function publicationRemarks(publication: Publication, guard: GuardResult | undefined): SummaryRemark[] {
  return [
    publicationRemark(publication),
    ...(guard?.withheld ?? []).map(({ name }) => ({ text: `withheld, because it holds a secret: ${name}` })),
    ...(guard?.ignored ?? []).map(({ name, reason }) => ({ text: `not published: ${name} ${reason}` })),
  ].slice(0, MAX_REMARKS);
}

const MAX_REMARKS = 20;

function publicationRemark(publication: Publication): SummaryRemark {
  switch (publication.state) {
    case 'published':
      return { text: `artifact ${publication.name}`, url: publication.url };
    case 'kept':
      return { text: publication.reason };
    case 'failed':
      return { text: `not published: ${publication.failure.message}` };
  }
}
