import {
  type CavraError,
  type DecisionJson,
  DIAGNOSES,
  GATE_SETTINGS,
  type GateResult,
  logLine,
} from '@cavra/release-governance-core';
import type { Environment } from './configuration/environment.ts';
import { inputName } from './configuration/inputs.ts';
import { MAX_LISTED_NAMES } from './configuration/limits.ts';
import { hints } from './hints.ts';
import type { SetAside } from './publication/project-files.ts';

const WIDTH = 'evidence'.length;

/** The result as lines of the job's log: who asked, what was decided by which rule, what was checked, where the evidence is. */
export function resultLog(result: GateResult): string[] {
  return [
    `CAVRA release gate: ${result.verdict.toUpperCase()}`,
    ...row('asked by', askedBy(result)),
    ...result.decisions.flatMap(decisionRows),
    ...evidenceRows(result),
    ...result.notes.flatMap((note) => row('note', note)),
  ];
}

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

function askedBy({ identity, authentication, trust }: GateResult): string {
  if (identity === null) return 'unknown: the run ended before the job was identified';
  const job = [identity.repository, identity.ref, identity.sha, `pipeline ${identity.run_id ?? '?'}`];
  return `${job.filter((part) => part !== undefined).join(' · ')} (${proof(authentication)})${trust === null ? '' : `, trusted by ${trust.rule}`}`;
}

function proof(authentication: GateResult['authentication']): string {
  if (authentication === null) return 'not verified';
  const by = authentication.method === 'oidc' ? 'OIDC token' : 'HMAC key';
  const open = authentication.unverified.length === 0 ? '' : `; not verified: ${authentication.unverified.join(', ')}`;
  return `verified by ${by}: ${authentication.verified.join(', ')}${open}`;
}

function decisionRows({ request, decision, expected, met, rule_id: rule, severity, reason }: DecisionJson): string[] {
  const unmet = met ? '' : decision === expected ? ', which is not accepted here' : `, expected ${expected}`;
  return [
    ...row('request', request),
    ...row('decision', `${decision} by ${rule}, severity ${severity}${unmet}`),
    ...row('reason', reason),
  ];
}

function evidenceRows({ evidence }: GateResult): string[] {
  if (evidence === null) return row('evidence', 'none was written');
  const records = evidence.records === 1 ? '1 record' : `${evidence.records} records`;
  return [
    ...row(
      'evidence',
      `${evidence.valid ? 'valid' : 'NOT VALID'}, ${records}, tail ${evidence.tail}, in ${evidence.dir}`,
    ),
    ...row('head', evidence.head_hash),
  ];
}

/** Text from outside is made harmless here: no line of it can be a section of GitLab's log or an escape sequence. */
export function row(label: string, text: string): string[] {
  return [logLine(`  ${label.padEnd(WIDTH)}  ${text}`)];
}
