// @ts-check
// Signed evidence streams of any length, made from wire-format.md section 5 alone.
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export const EVIDENCE_KEY = 'evidence-key-of-the-benchmark-0123456789abcdef0123';
export const EVIDENCE_KEY_ID = 'bench-evidence-2099-q4';
/** A line is about as long. */
export const BYTES_PER_RECORD = 2_040;

/**
 * Writes a stream of `records` signed records of about BYTES_PER_RECORD each; the same arguments always give the same bytes.
 *
 * @param {string} path
 * @param {number} records
 */
export async function writeStream(path, records) {
  const file = createWriteStream(path);
  let previous = '';
  for (let sequence = 1; sequence <= records; sequence += 1) {
    const { line, hash } = record(sequence, previous);
    previous = hash;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

/** @param {number} sequence @param {string} previous */
function record(sequence, previous) {
  const number = String(sequence).padStart(12, '0');
  const id = number.padStart(24, '0');
  const time = new Date(Date.UTC(2026, 0, 1) + sequence * 1000).toISOString().replace('.000Z', 'Z');
  const head = `{"schema_version":"cavra.go-daemon.evidence.v1","product":"CAVRA","event_type":"cavra.go_daemon.decision","record_id":"${id}","sequence":${sequence}${previous === '' ? '' : `,"previous_hash":"${previous}"`}`;
  const identity = `{"provider":"github-actions","repository":"example-org/example-repo","workflow":"Release","run_id":"9000000001","run_attempt":"1","ref":"refs/heads/main","sha":"0123456789abcdef0123456789abcdef01234567","actor":"release-bot","job":"govern","runner_name":"runner-7"}`;
  const request = `{"session_id":"bench-${number}","agent_id":"release-agent","actor":"rel.mgr@example.org","action_type":"release_governance_record","target":"prod","requested_operation":"verify","policy_pack":"cavra-ai-agent-baseline","release_governance":{"metadata_kind":"rollout-promotion-execution","release_channel":"stable","release_version":"v1.${sequence}.0","approval_state":"approved","approval_id":"apr_${number}","evidence_refs":["evidence://release/${sequence}"]},"runner_auth":{"identity":${identity},"algorithm":"OIDC-JWT","key_id":"kid-1","signature":"\\u003credacted-oidc-jwt\\u003e"}}`;
  const response = `{"decision_id":"dec_${number}","session_id":"bench-${number}","agent_id":"release-agent","actor":"rel.mgr@example.org","action_type":"release_governance_record","target":"prod","requested_operation":"verify","policy_pack":"cavra-ai-agent-baseline","policy_id":"cavra-ai-agent-baseline","rule_id":"release_governance.approval.approved","decision":"allow","severity":"low","reason":"rollout-promotion-execution is backed by an approved release governance approval.","evidence_refs":["evidence://bench-${number}/dec_${number}","go-daemon-evidence://${id}"],"timestamp":"${time}","correlation_id":"corr_${number}"}`;
  const tail = `,"timestamp":"${time}","request":${request},"response":${response}`;
  const hash = createHash('sha256').update(`${head}${tail}}`).digest('hex');
  const mac = createHmac('sha256', EVIDENCE_KEY)
    .update(`cavra.go-daemon.evidence.v1\n${previous}\n${hash}`)
    .digest('hex');
  const signature = `{"algorithm":"HMAC-SHA256","key_id":"${EVIDENCE_KEY_ID}","value":"${mac}"}`;
  return { line: `${head},"record_hash":"${hash}"${tail},"signature":${signature}}\n`, hash };
}
