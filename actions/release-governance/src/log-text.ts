import type { GateResult } from '@cavra/release-governance-core';

/** The result in a few lines of the log; whoever wants more has the summary. */
export function gateLog(result: GateResult): string[] {
  return [
    `CAVRA release gate: ${result.verdict}`,
    `  asked by   ${askedBy(result)}`,
    ...result.decisions.map(
      ({ request, decision, expected, met, rule_id: rule, reason }) =>
        `  decision   ${request}: ${decision}${met ? '' : ` (expected ${expected})`} by ${rule}: ${reason}`,
    ),
    ...evidenceLines(result),
    ...result.notes.map((note) => `  note       ${note}`),
  ];
}

function askedBy({ identity, authentication, trust }: GateResult): string {
  if (identity === null) return 'unknown: the run ended before the job was identified';
  const job = [identity.provider, identity.repository, identity.ref, identity.sha].filter((part) => part !== undefined);
  const proof =
    authentication === null
      ? 'not verified'
      : `verified by ${authentication.method === 'oidc' ? 'OIDC token' : 'HMAC'}: ${authentication.verified.join(', ')}`;
  return `${job.join(' · ')} (${proof})${trust === null ? '' : `, trusted by ${trust.rule}`}`;
}

function evidenceLines({ evidence }: GateResult): string[] {
  if (evidence === null) return ['  evidence   none was written'];
  const records = evidence.records === 1 ? '1 record' : `${evidence.records} records`;
  return [
    `  evidence   ${evidence.valid ? 'valid' : 'NOT VALID'}, ${records}, tail ${evidence.tail}, in ${evidence.dir}`,
    `  head       ${evidence.head_hash}`,
  ];
}
