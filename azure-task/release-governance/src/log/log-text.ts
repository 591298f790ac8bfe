import type { AuthenticationJson, CavraError, GateResult } from '@cavra/release-governance-core';

/** The result in a few lines of the log; whoever wants more has the summary. */
export function gateLog(result: GateResult): string[] {
  return [
    `CAVRA release gate: ${result.verdict}`,
    row('asked by', askedBy(result)),
    ...result.decisions.flatMap(({ request, decision, expected, met, rule_id: rule, reason }) => [
      row('request', request),
      row('decision', `${decision}${met ? '' : ` (expected ${expected})`} by ${rule}`),
      row('reason', reason),
    ]),
    ...evidenceLines(result),
    ...result.notes.map((note) => row('note', note)),
  ];
}

/** What a failure says on the run's page. */
export function failureText(
  { code, message, action }: Pick<CavraError, 'code' | 'message' | 'action'>,
  hint: string,
): string {
  return [`${code}: ${message}`, `What to do: ${action}`, ...(hint === '' ? [] : [sentence(hint)])].join('. ');
}

export function row(label: string, text: string): string {
  return `  ${label.padEnd(10)}  ${text}`;
}

function askedBy({ identity, authentication, trust }: GateResult): string {
  if (identity === null) return 'unknown: the run ended before the job was identified';
  const run = identity.run_id === undefined ? undefined : `run ${identity.run_id}`;
  const job = [identity.repository, identity.ref, identity.sha, run].filter((part) => part !== undefined);
  const rule = trust === null ? '' : `, trusted by ${trust.rule}`;
  return `${job.join(' · ')} (${proof(authentication)})${rule}`;
}

function proof(authentication: AuthenticationJson | null): string {
  if (authentication === null) return 'not verified';
  const by = authentication.method === 'oidc' ? 'OIDC token' : 'HMAC key';
  const open = authentication.unverified.length === 0 ? '' : `; not verified: ${authentication.unverified.join(', ')}`;
  return `verified by ${by}: ${authentication.verified.join(', ')}${open}`;
}

function evidenceLines({ evidence }: GateResult): string[] {
  if (evidence === null) return [row('evidence', 'none was written')];
  const records = evidence.records === 1 ? '1 record' : `${evidence.records} records`;
  return [
    row('evidence', `${evidence.valid ? 'valid' : 'NOT VALID'}, ${records}, tail ${evidence.tail}, in ${evidence.dir}`),
    row('head', evidence.head_hash),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
