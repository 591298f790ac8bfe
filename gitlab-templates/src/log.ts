import { type CavraError, DIAGNOSES, GATE_SETTINGS, logLine } from '@cavra/release-governance-core';
import type { Environment } from './configuration/environment.ts';
import { inputName } from './configuration/inputs.ts';
import { MAX_LISTED_NAMES } from './configuration/limits.ts';
import { hints } from './hints.ts';
import type { SetAside } from './publication/project-files.ts';

const WIDTH = 'evidence'.length;

/** A failure: one sentence of cause, one of what to do, and what it mostly means on GitLab. */
export function failureLog(failure: CavraError, environment: Environment): string[] {
  const { title, action } = DIAGNOSES[failure.code];
  return [
    `${failure.code}: ${title}: ${failure.message}`,
    ...row('do', inGitLabWords(action)),
    ...hints(failure.code, environment).flatMap((hint) => row('GitLab', hint)),
  ].map(logLine);
}

/** Names of settings as the inputs here are called: `jwks-url` is `jwks_url`. */
function inGitLabWords(action: string): string {
  return action.replace(/(?<![\w-])[a-z]+(?:-[a-z0-9]+)+(?![\w-])/g, (word) =>
    GATE_SETTINGS.some(({ name }) => name === word) ? inputName(word) : word,
  );
}

export function setAsideLog(aside: SetAside | undefined): string[] {
  if (aside === undefined) return [];
  const shown = aside.names.slice(0, MAX_LISTED_NAMES).join(', ');
  const rest = aside.names.length - MAX_LISTED_NAMES;
  const names = rest > 0 ? `${shown} and ${rest} more` : shown;
  return [logLine(`note: what is not to be published was moved from the evidence folder to ${aside.folder}: ${names}`)];
}

/** Text from outside is made harmless here: no line of it can be a section of GitLab's log or an escape sequence. */
export function row(label: string, text: string): string[] {
  return [logLine(`  ${label.padEnd(WIDTH)}  ${text}`)];
}
