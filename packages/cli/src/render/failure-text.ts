import { type CavraError, DIAGNOSES } from '@cavra/release-governance-core';
import { PROGRAM } from '../command-line/help.ts';
import { printable } from './style.ts';

/** A failure for people: one sentence of cause and one of what to do. */
export function failureText(failure: CavraError): string {
  const { title, action } = DIAGNOSES[failure.code];
  return `${PROGRAM}: ${title}: ${printable(failure.message)} (${failure.code})\n  what to do: ${action}\n`;
}
