import { getState, saveState } from '@actions/core';
import { annotate } from '../../shared/src/workflow.ts';

/** What `main` leaves for `post`: how far it came with the publication of the evidence. */
export type PublicationState =
  /** Published, or there is nothing that wants publishing. */
  | 'done'
  /** The artifact service did not take it. */
  | 'failed';

const PUBLICATION = 'publication';

/** Says that `main` has begun, so that `post` knows which outcome is this run's; Unix milliseconds. */
export function saveStart(startedAt: number): void {
  save(`${STARTED}${startedAt}`);
}

export function savePublicationState(state: PublicationState): void {
  save(state);
}

/** When `main` began, where nothing later is known of it. */
export function startOfMain(): number | undefined {
  const [, time] = /^started ([0-9]{1,15})$/.exec(getState(PUBLICATION)) ?? [];
  return time === undefined ? undefined : Number(time);
}

const STARTED = 'started ';

/** Without the file, `post` looks after a run that had ended once more; nothing is judged by it. */
function save(state: string): void {
  try {
    saveState(PUBLICATION, state);
  } catch (error) {
    const message = `GITHUB_STATE cannot be written: ${error instanceof Error ? error.message : String(error)}`;
    annotate([{ level: 'warning', title: 'CAVRA release gate: the state of the step', message }]);
  }
}

/** Undefined: `main` ended before it came to it. */
export function publicationState(): PublicationState | undefined {
  const state = getState(PUBLICATION);
  return state === 'done' || state === 'failed' ? state : undefined;
}
