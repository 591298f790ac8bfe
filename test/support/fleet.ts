import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Evidence folders of many runs, as a gate would have left them, made from the wire format alone. */

export const FLEET_KEY = 'evidence-key-of-the-fleet-0123456789abcdef0123456789';
export const FLEET_KEY_ID = 'ci-evidence-2099-q4';

export interface FleetRun {
  readonly repository: string;
  readonly runId: string;
  readonly decision?: 'allow' | 'block' | 'require_approval';
}

/** Writes the evidence folder of one run; returns it. */
export function writeRun(folder: string, { repository, runId, decision = 'allow' }: FleetRun): string {
  const identity = { provider: 'gitlab-ci', repository, run_id: runId, run_attempt: '1', ref: 'main' };
  const response = {
    decision_id: `dec_${digest(`${repository} ${runId}`).slice(0, 12)}`,
    rule_id: 'release_governance.approval.approved',
    decision,
    severity: 'low',
  };
  const head = {
    schema_version: 'cavra.go-daemon.evidence.v1',
    product: 'CAVRA',
    event_type: 'cavra.go_daemon.decision',
    record_id: digest(`record ${repository} ${runId}`).slice(0, 24),
    sequence: 1,
  };
  const tail = {
    timestamp: '2026-11-20T10:00:00.5Z',
    request: {
      target: 'production',
      runner_auth: { identity, algorithm: 'HMAC-SHA256-REQUEST', signature: 'v2.1.2.3' },
    },
    response,
  };
  const hash = digest(encoded({ ...head, ...tail }));
  const value = createHmac('sha256', FLEET_KEY).update(`${head.schema_version}\n\n${hash}`).digest('hex');
  const signature = { algorithm: 'HMAC-SHA256', key_id: FLEET_KEY_ID, value };
  const record = { ...head, record_hash: hash, ...tail, signature };
  mkdirSync(folder, { recursive: true });
  const claims = Object.fromEntries(Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(folder, 'runner-auth-claims.json'), `${JSON.stringify(claims, null, 2)}\n`);
  writeFileSync(join(folder, 'release-governance-response.json'), `${JSON.stringify(response, null, 2)}\n`);
  writeFileSync(join(folder, 'release-governance-evidence.jsonl'), `${encoded(record)}\n`);
  return folder;
}

/** As the wire format spells JSON. */
function encoded(value: object): string {
  return JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
