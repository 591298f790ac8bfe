import { sealRecord, type UnsealedRecord } from '../../src/domain/evidence/record.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../../src/domain/keys/hmac-keys.ts';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import type { StreamVerifierOptions } from '../../src/domain/verification/verifier.ts';

/** Streams for tests of the evidence, made with real keys. */

export const KEY: HmacSigningKey = { id: 'test-key', secret: Buffer.alloc(32, 'k') };
export const VERIFICATION_KEY: HmacVerificationKey = { ...KEY, status: 'active' };
export const WITH_KEY: StreamVerifierOptions = { signatures: { mode: 'required', keys: [VERIFICATION_KEY] } };

export const IDENTITY = {
  provider: 'github-actions',
  repository: 'example-org/example-repo',
  workflow: 'Release',
  run_id: '9000000001',
  run_attempt: '1',
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  actor: 'release-bot',
  job: 'govern',
  runner_name: 'runner-7',
};

/** A record as a run of the gate leaves it; `changes` replace members. */
export function unsealed(
  sequence: number,
  previousHash: string,
  changes: Partial<UnsealedRecord> = {},
): UnsealedRecord {
  const recordId = sequence.toString(16).padStart(24, '0');
  return {
    recordId,
    sequence: BigInt(sequence),
    previousHash,
    timestamp: `2026-03-04T05:06:07.${String(sequence).padStart(9, '0')}Z`.replace(/\.?0+Z$/, 'Z'),
    request: {
      session_id: 'session-1',
      action_type: 'release_governance_record',
      target: 'prod <a> & "b"',
      release_governance: { approval_state: 'approved', approval_id: 'apr_1', approval_required_count: 2n },
      runner_auth: { identity: IDENTITY, algorithm: 'HMAC-SHA256-REQUEST', key_id: 'runner-1', signature: 'v2.1.2.3' },
    },
    response: {
      decision_id: 'dec_000000000001',
      rule_id: 'release_governance.approval.approved',
      decision: 'allow',
      severity: 'low',
      evidence_refs: [`go-daemon-evidence://${recordId}`],
    },
    ...changes,
  };
}

/** Lines of a chain, one for each change, without line ends. */
export function sealChain(
  changes: readonly Partial<UnsealedRecord>[],
  key: HmacSigningKey | 'unsigned' = KEY,
): string[] {
  const lines: string[] = [];
  let previousHash = '';
  for (const change of changes) {
    const { line, record } = sealRecord(
      unsealed(lines.length + 1, previousHash, change),
      key === 'unsigned' ? undefined : key,
    );
    lines.push(line);
    previousHash = record.record_hash ?? '';
  }
  return lines;
}

export function stream(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** Verifies a stream by the scanner alone and by the matcher before it, which must find the same. */
export function verify(bytes: Uint8Array, options: StreamVerifierOptions = WITH_KEY) {
  const scanned = verifyWith(bytes, { ...options, matchAfter: Number.POSITIVE_INFINITY });
  const matched = verifyWith(bytes, { ...options, matchAfter: 0 });
  const [expected, found] = [scanned, matched].map(({ summary, findings, sha256 }) =>
    JSON.stringify({ summary, findings: findings.kept, omitted: findings.omitted, sha256 }),
  );
  if (expected !== found) {
    throw new Error(`the scanner finds ${expected}, the matcher ${found}`);
  }
  return matched;
}

function verifyWith(bytes: Uint8Array, options: StreamVerifierOptions) {
  const run = new StreamVerificationRun(options);
  run.write(bytes);
  const { summary, findings, sha256 } = run.finish();
  return { summary, findings, sha256, codes: findings.kept.map(({ code }) => code), valid: findings.errorCount === 0 };
}
