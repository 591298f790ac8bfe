import type { DecisionResponse } from '../wire/messages.ts';

/** Begins the reference of a response to the line of the approvals file that its decision rests on. Only the gate writes it. */
export const APPROVALS_REFERENCE_PREFIX = 'urn:cavra:approvals:';

const REFERENCE = /^go-daemon-evidence:\/\/([0-9a-f]{24})$/u;

/** The id of a response's record, from the reference that the recorder adds; the empty string: it has none. */
export function recordIdIn({ evidence_refs: references = [] }: DecisionResponse): string {
  return REFERENCE.exec(references.at(-1) ?? '')?.[1] ?? '';
}
