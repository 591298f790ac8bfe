import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { AttestationTrust } from '../../src/domain/checkpoint/checkpoint.ts';
import {
  CHECKPOINT_SCHEMA_VERSION,
  type CheckpointClaims,
  type CheckpointStatement,
} from '../../src/domain/checkpoint/statement.ts';
import { CLAIMS_FILE, RESPONSE_FILE, STREAM_FILE } from '../../src/domain/evidence/files.ts';
import type { AttestationKey } from '../../src/domain/keys/hmac-keys.ts';
import { MerkleTree } from '../../src/domain/merkle/merkle.ts';
import { IDENTITY } from './streams.ts';

/** Checkpoints for tests, made with real keys. */

/** A key whose seed is 32 bytes of one value: always the same, and nobody's. */
export function attestationKey(id: string, seed = 1): AttestationKey {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { id, privateKey, publicKey: createPublicKey(privateKey) };
}

export function trusted(
  key: AttestationKey,
  period: AttestationTrust['period'] = { status: 'active' },
): AttestationTrust {
  return { id: key.id, publicKey: key.publicKey, period };
}

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** The hash that each line of a stream states. */
export function recordHashes(lines: readonly string[]): readonly string[] {
  return lines.map((line) => String(JSON.parse(line).record_hash));
}

export function treeOf(lines: readonly string[]): MerkleTree {
  const tree = new MerkleTree();
  for (const hash of recordHashes(lines)) tree.append(Buffer.from(hash, 'hex'));
  return tree;
}

export interface StatementChanges extends Partial<Omit<CheckpointStatement, 'claims'>> {
  readonly claims?: Partial<CheckpointClaims>;
}

/** What the gate says of a stream of these lines, all of them `allow`. */
export function statementOf(
  lines: readonly string[],
  keyId: string,
  changes: StatementChanges = {},
): CheckpointStatement {
  const hashes = recordHashes(lines);
  const stream = lines.map((line) => `${line}\n`).join('');
  const files = {
    claims: sha256('claims'),
    response: sha256('response'),
    stream: sha256(stream),
    ...changes.claims?.files,
  };
  const claims: CheckpointClaims = {
    schema_version: CHECKPOINT_SCHEMA_VERSION,
    stream_id: hashes[0] ?? '',
    record_count: lines.length,
    head_hash: hashes.at(-1) ?? '',
    merkle_root: treeOf(lines).root().toString('hex'),
    first_timestamp: JSON.parse(lines[0] ?? '{}').timestamp,
    last_timestamp: JSON.parse(lines.at(-1) ?? '{}').timestamp,
    evidence_key_ids: ['test-key'],
    attestation_key_id: keyId,
    decision: 'allow',
    rule_id: 'release_governance.approval.approved',
    authentication: { method: 'oidc', key_id: 'kid', verified: ['provider', 'repository', 'sha'], unverified: ['job'] },
    identity: IDENTITY,
    verifier: { name: 'test', version: '1.2.3', sha256: sha256('program') },
    policy: { sha256: null, rules: 'strict' },
    previous_checkpoint: null,
    ...changes.claims,
    files,
  };
  const named = [
    [CLAIMS_FILE, files.claims],
    [RESPONSE_FILE, files.response],
    [STREAM_FILE, files.stream],
  ] as const;
  return {
    subjects: [
      ...named.flatMap(([name, digest]) => (digest === null ? [] : [{ name, sha256: digest }])),
      { name: `git:${IDENTITY.repository}`, gitCommit: IDENTITY.sha },
    ],
    timeMs: Date.UTC(2026, 2, 4, 5, 7),
    result: 'PASSED',
    ...changes,
    claims,
  };
}
