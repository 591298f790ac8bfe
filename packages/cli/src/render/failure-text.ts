import { type CavraError, DIAGNOSES, logLine } from '@cavra/release-governance-core';
import { PROGRAM } from '../command-line/help.ts';

/** A failure for people: one sentence of cause and one of what to do. */
export function failureText(failure: CavraError): string {
  const { title, action } = DIAGNOSES[failure.code];
  return `${PROGRAM}: ${title}: ${logLine(failure.message)} (${failure.code})\n  what to do: ${action}\n`;
}
