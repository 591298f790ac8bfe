import type {
  AuthenticationJson,
  CheckpointJson,
  DecisionJson,
  EvidenceJson,
  GateResult,
} from '@cavra/release-governance-core';
import { numberOf } from './number-of.ts';
import { printable, type Row, type Style, table } from './style.ts';

/** The gate's result for people: who asked, what was decided by which rule, what was checked, where the evidence is. */
export function gateText(result: GateResult, style: Style): string {
  const verdict = result.verdict === 'pass' ? style.good('PASS') : style.bad('FAIL');
  return `${style.bold('CAVRA release gate')}  ${verdict}\n\n${table(rowsOf(result, style), style)}`;
}

function rowsOf(result: GateResult, style: Style): Row[] {
  return [
    ['asked by', ...askedBy(result)],
    ...result.decisions.flatMap((decision) => decisionRows(decision, style)),
    ...(result.evidence === null ? [] : evidenceRows(result.evidence, style)),
    ...(result.checkpoint === null ? [] : [checkpointRow(result.checkpoint, style)]),
    ...result.notes.map((note): Row => ['note', style.warn(printable(note))]),
  ];
}

function askedBy({ identity, authentication, trust }: GateResult): string[] {
  if (identity === null) return ['unknown: the run ended before the runner was identified'];
  const job = [identity.provider, identity.repository, identity.ref, identity.sha?.slice(0, 12)]
    .filter((part) => part !== undefined && part !== '')
    .join(' · ');
  const run = identity.run_id === undefined ? [] : [`run ${identity.run_id}, attempt ${identity.run_attempt ?? '1'}`];
  return [
    printable(job),
    ...run.map(printable),
    ...provenBy(authentication),
    ...(trust === null ? [] : [printable(`trusted by ${trust.rule}`)]),
  ];
}

function provenBy(authentication: AuthenticationJson | null): string[] {
  if (authentication === null) return ['not proven'];
  const { method, key_id: keyId, verified, unverified } = authentication;
  const proof = method === 'oidc' ? 'OIDC token' : 'HMAC-signed claims';
  const lines = [`proven by ${proof}${keyId === '' ? '' : `, key ${keyId}`}: ${verified.join(', ')}`];
  if (unverified.length > 0) lines.push(`not proven: ${unverified.join(', ')}`);
  return lines.map(printable);
}

function decisionRows(decision: DecisionJson, style: Style): Row[] {
  const colour = decision.met ? style.good : style.bad;
  const expected = decision.met ? '' : ` (expected ${decision.expected})`;
  return [
    ['request', printable(decision.request)],
    [
      'decision',
      `${colour(decision.decision)}${expected} by ${printable(decision.rule_id)}, severity ${printable(decision.severity)}`,
      printable(decision.reason),
    ],
  ];
}

function evidenceRows(evidence: EvidenceJson, style: Style): Row[] {
  const state = evidence.valid ? style.good('valid') : style.bad('NOT VALID');
  const records = numberOf(evidence.records, 'record');
  return [
    [
      'evidence',
      `${state}, ${records}, tail ${evidence.tail}`,
      `head ${evidence.head_hash}`,
      printable(evidence.stream),
    ],
  ];
}

function checkpointRow({ file, key_id: keyId, result }: CheckpointJson, style: Style): Row {
  const said = result === 'PASSED' ? style.good(result) : style.bad(result);
  return ['checkpoint', `${said}, signed with ${printable(keyId)}`, printable(file)];
}
