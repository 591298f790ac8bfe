import { getState, saveState } from '@actions/core';

/** What `main` leaves for `post`: how far it came with the publication of the evidence. */
export type PublicationState =
  /** Published, or there is nothing that wants publishing. */
  | 'done'
  /** The artifact service did not take it. */
  | 'failed';

const PUBLICATION = 'publication';

export function savePublicationState(state: PublicationState): void {
  saveState(PUBLICATION, state);
}

/** Undefined: `main` ended before it came to it. */
export function publicationState(): PublicationState | undefined {
  const state = getState(PUBLICATION);
  return state === 'done' || state === 'failed' ? state : undefined;
}
