import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AttestationTrust, signCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { sealRecord } from '../../src/domain/evidence/record.ts';
import { generateKey } from '../../src/domain/keys/generate.ts';
import type { AttestationKey, HmacSigningKey } from '../../src/domain/keys/hmac-keys.ts';
import { parseKeyring } from '../../src/domain/keys/keyring.ts';
import {
  addActiveKey,
  EMPTY_KEYRING,
  type KeyringJson,
  keyringText,
  retireKey,
  revokeKey,
} from '../../src/domain/keys/keyring-edit.ts';
import { formatTimestamp } from '../../src/domain/time/timestamp.ts';
import { verificationKey } from '../../src/io/files/keyring-file.ts';
import { attestationTrust } from '../../src/keys/attestation-keys.ts';
import { type CheckpointOptions, verifyEvidence } from '../../src/verify/verify.ts';
import { attestationKey, sha256, statementOf } from '../support/checkpoints.ts';
import { stream, unsealed } from '../support/streams.ts';

/**
 * Three years of one growing stream: every quarter new keys for records and checkpoints, with an overlap, a key that is compromised in
 * the sixth quarter and one whose secret is lost in the ninth.
 */

const QUARTERS = 12;
const DAY = 86_400_000;
const startOf = (quarter: number) => Date.UTC(2026, quarter * 3, 1);
const nameOf = (quarter: number) => `${2026 + Math.floor(quarter / 4)}-q${(quarter % 4) + 1}`;
const COMPROMISED = 5;
const COMPROMISED_AT = startOf(COMPROMISED) + 30 * DAY;
const LOST = 8;
const END = startOf(QUARTERS) + 10 * DAY;

interface Saved {
  readonly name: string;
  readonly text: string;
  readonly records: number;
}

const evidenceKeys = new Map<string, HmacSigningKey>();
const attestationKeys: AttestationKey[] = [];
const lines: string[] = [];
const checkpoints: Saved[] = [];
let ring: KeyringJson = EMPTY_KEYRING;

function newEvidenceKey(id: string, seed: number, now: number): HmacSigningKey {
  const made = generateKey('evidence', Buffer.alloc(32, seed));
  ring = addActiveKey(ring, {
    id,
    purpose: 'evidence',
    algorithm: made.algorithm,
    status: 'active',
    secret: { env: `VAULT_${seed}` },
    not_before: formatTimestamp(now),
  });
  const key = { id, secret: Buffer.from(made.secret) };
  evidenceKeys.set(id, key);
  return key;
}

function newAttestationKey(quarter: number, now: number): AttestationKey {
  const seed = 100 + quarter;
  const key = attestationKey(`ci-attestation-${nameOf(quarter)}`, seed);
  ring = addActiveKey(ring, {
    id: key.id,
    purpose: 'attestation',
    algorithm: 'Ed25519',
    status: 'active',
    public_key: generateKey('attestation', Buffer.alloc(32, seed)).publicKey ?? '',
    not_before: formatTimestamp(now),
  });
  attestationKeys.push(key);
  return key;
}

/** Seals a record behind the given ones. */
function record(before: readonly string[], key: HmacSigningKey, atMs: number): string {
  const previous = before.length === 0 ? '' : String(JSON.parse(before.at(-1) ?? '').record_hash);
  return sealRecord(unsealed(before.length + 1, previous, { timestamp: formatTimestamp(atMs) }), key).line;
}

function checkpoint(of: readonly string[], key: AttestationKey, timeMs: number): string {
  const ids = [...new Set(of.map((line) => String(JSON.parse(line).signature.key_id)))];
  const files = { claims: null, response: null, stream: sha256(stream(of)) };
  return signCheckpoint(statementOf(of, key.id, { timeMs, claims: { files, evidence_key_ids: ids } }), key);
}

function save(key: AttestationKey, timeMs: number): void {
  const name = `${formatTimestamp(timeMs)}.json`;
  checkpoints.push({ name, text: checkpoint(lines, key, timeMs), records: lines.length });
}

beforeAll(() => {
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const start = startOf(quarter);
    let evidence = newEvidenceKey(`ci-evidence-${nameOf(quarter)}`, quarter + 1, start);
    const attestation = newAttestationKey(quarter, start);
    for (const day of [5, 6]) lines.push(record(lines, evidence, start + day * DAY));
    // The overlap ends: what was signed before is good for ever, nothing more is.
    for (const key of ring.keys.filter(({ status }) => status === 'retiring')) {
      ring = retireKey(ring, { id: key.id, purpose: key.purpose }, start + 14 * DAY);
    }
    save(attestation, start + 20 * DAY);
    if (quarter === COMPROMISED) {
      ring = revokeKey(ring, { id: evidence.id, purpose: 'evidence' }, COMPROMISED_AT);
      evidence = newEvidenceKey(`ci-evidence-second-${nameOf(quarter)}`, 50, COMPROMISED_AT + 5 * DAY);
    }
    lines.push(record(lines, evidence, start + 60 * DAY));
    save(attestation, start + 80 * DAY);
  }
});

const last = () => checkpoints.at(-1)?.text ?? '';
const keyOf = (id: string): HmacSigningKey => evidenceKeys.get(id) ?? { id, secret: Buffer.alloc(0) };

/** From the vault: all secrets but the lost one. */
function vault() {
  const { keys } = parseKeyring(Buffer.from(keyringText(ring)));
  const evidence = keys.filter(({ purpose }) => purpose === 'evidence');
  const isLost = ({ id }: { readonly id: string }) => id === `ci-evidence-${nameOf(LOST)}`;
  return {
    keys: evidence.filter((key) => !isLost(key)).map((key) => verificationKey(key, keyOf(key.id).secret)),
    absentKeys: evidence.filter(isLost),
    trust: attestationTrust({ keys }),
  };
}

interface Question {
  readonly lines?: readonly string[];
  readonly own?: string | undefined;
  readonly against?: readonly Saved[];
  readonly publicKeysAlone?: boolean;
}

async function verify(question: Question = {}) {
  const { lines: asked = lines, against = [], publicKeysAlone = false } = question;
  const own = 'own' in question ? question.own : last();
  const { keys, absentKeys, trust } = vault();
  const unnamed: readonly AttestationTrust[] = attestationKeys.map(({ publicKey }) => ({
    id: undefined,
    publicKey,
    period: { status: 'active' },
  }));
  const checkpointOptions: CheckpointOptions = {
    trust: publicKeysAlone ? unnamed : trust,
    required: publicKeysAlone,
    against: against.map(({ name, text }) => ({ name, bytes: Buffer.from(text) })),
    subjects: [],
  };
  const bytes = Buffer.from(stream(asked));
  const { report } = await verifyEvidence(
    {
      path: 'stream',
      keys: publicKeysAlone ? [] : keys,
      absentKeys: publicKeysAlone ? [] : absentKeys,
      integrityOnly: false,
      checkpoint: checkpointOptions,
    },
    {
      now: () => END,
      verifier: { name: 'test', version: '1' },
      openEvidence: async () => ({
        path: 'stream',
        size: bytes.length,
        sideFiles: undefined,
        checkpoint: own === undefined ? undefined : Buffer.from(own),
        async *chunks() {
          yield bytes;
        },
        close: async () => {},
      }),
    },
  );
  const named = report.findings.map(({ code, record: number }) => `${code} ${number}`);
  return { report, named };
}

/** The checkpoint that was made before the compromise, without which the revoked key counts for nothing. */
const beforeCompromise = () => checkpoints.filter(({ name }) => name < formatTimestamp(COMPROMISED_AT)).slice(-1);

describe('after three years', () => {
  it('the keyring has one active key of each kind, and every other one is retired or revoked', () => {
    const statuses = ring.keys.map(({ purpose, status }) => `${purpose} ${status}`);
    const count = (text: string) => statuses.filter((each) => each === text).length;
    expect({ evidence: count('evidence active'), attestation: count('attestation active') }).toEqual({
      evidence: 1,
      attestation: 1,
    });
    expect({ retired: count('evidence retired'), revoked: count('evidence revoked') }).toEqual({
      retired: 11,
      revoked: 1,
    });
    expect(count('attestation retired')).toBe(11);
  });

  it('everything verifies from the vault, with the checkpoint from before the compromise', async () => {
    const { report, named } = await verify({ against: beforeCompromise() });
    expect(named).toEqual([]);
    expect(report).toMatchObject({
      valid: true,
      records: 36,
      signatures: 'unchecked',
      checkpoint: 'valid',
      tail: 'anchored',
    });
    const absent = report.keys.filter(({ secret }) => secret === 'absent');
    expect(absent).toEqual([
      { key_id: `ci-evidence-${nameOf(LOST)}`, records: 3, status: 'retired', secret: 'absent' },
    ]);
    expect(report.notes?.join()).toMatch(/not every record signature was checked/);
  });

  it('everything verifies from public keys alone, against every checkpoint there ever was', async () => {
    const { report, named } = await verify({ publicKeysAlone: true, against: checkpoints });
    expect(named).toEqual([]);
    expect(report).toMatchObject({ valid: true, signatures: 'unchecked', checkpoint: 'valid', tail: 'anchored' });
  });

  it('every earlier state verifies with the checkpoint of its time', async () => {
    for (const { text, records } of checkpoints) {
      const { report } = await verify({ lines: lines.slice(0, records), own: text, publicKeysAlone: true });
      expect(report).toMatchObject({ valid: true, records, tail: 'sealed' });
    }
  });

  it('the revoked key’s records do not count without that checkpoint, and are named', async () => {
    const first = COMPROMISED * 3 + 1;
    expect((await verify()).named).toEqual([`key_revoked ${first}`, `key_revoked ${first + 1}`]);
  });

  it('the lost key’s records do not count without any checkpoint, and are named', async () => {
    const first = LOST * 3 + 1;
    const { named } = await verify({ own: undefined, against: beforeCompromise() });
    expect(named).toEqual([0, 1, 2].map((index) => `key_unknown ${first + index}`));
  });
});

describe('nothing else verifies', () => {
  const forged = (key: HmacSigningKey, atMs: number) => [...lines, record(lines, key, atMs)];

  it.each<[string, () => HmacSigningKey, number, string]>([
    ['a retired key after its end', () => keyOf(`ci-evidence-${nameOf(3)}`), END, 'key_expired'],
    [
      'the next to last key after the overlap',
      () => keyOf(`ci-evidence-${nameOf(10)}`),
      startOf(11) + 15 * DAY,
      'key_expired',
    ],
    ['the revoked key', () => keyOf(`ci-evidence-${nameOf(COMPROMISED)}`), END, 'key_revoked'],
    [
      'the revoked key, dated back',
      () => keyOf(`ci-evidence-${nameOf(COMPROMISED)}`),
      COMPROMISED_AT - 1,
      'key_revoked',
    ],
    ['the last key before its time', () => keyOf(`ci-evidence-${nameOf(11)}`), startOf(11) - 1, 'key_not_yet_valid'],
    [
      'a key that nobody knows',
      () => ({ id: 'ci-evidence-2030-q1', secret: Buffer.alloc(32, 'x') }),
      END,
      'key_unknown',
    ],
    [
      'another key under the name of the active one',
      () => ({ id: `ci-evidence-${nameOf(11)}`, secret: Buffer.alloc(32, 'x') }),
      END,
      'signature_mismatch',
    ],
  ])('a record of %s', async (_, key, atMs, code) => {
    const against = checkpoints.slice(-1).concat(beforeCompromise());
    const { report, named } = await verify({ lines: forged(key(), atMs), own: undefined, against });
    expect(report.valid).toBe(false);
    expect(named).toContain(`${code} 37`);
  });

  it('a record behind the last checkpoint, from public keys alone', async () => {
    const { named } = await verify({ lines: forged(keyOf(`ci-evidence-${nameOf(11)}`), END), publicKeysAlone: true });
    expect(named).toEqual(['checkpoint_mismatch 0']);
  });

  it('a checkpoint of a retired key after its end, of a key of nobody, and of the evidence key’s holder', async () => {
    const late = checkpoint(lines, attestationKeys[3] ?? attestationKey('x'), END);
    expect((await verify({ own: late, against: beforeCompromise() })).named).toContain('checkpoint_key_expired 0');
    const nobody = checkpoint(lines, attestationKey('ci-attestation-2030-q1', 200), END);
    expect((await verify({ own: nobody, against: beforeCompromise() })).named).toContain('checkpoint_key_unknown 0');
    const impostor = checkpoint(lines, attestationKey(`ci-attestation-${nameOf(11)}`, 201), startOf(11) + 80 * DAY);
    expect((await verify({ own: impostor, publicKeysAlone: true })).named).toEqual(['checkpoint_signature_mismatch 0']);
  });

  it('a stream that was cut back to any earlier state', async () => {
    for (const { text, records } of checkpoints.slice(0, -1)) {
      const cut = { lines: lines.slice(0, records), publicKeysAlone: true, against: checkpoints.slice(-1) };
      expect((await verify({ ...cut, own: text })).named).toEqual(['stream_rolled_back 0']);
      expect((await verify(cut)).named).toEqual(['stream_truncated 0', 'stream_truncated 0']);
    }
  });

  it('a stream rewritten from any quarter on with the keys of that time', async () => {
    for (let quarter = 1; quarter < QUARTERS; quarter += 1) {
      const other = lines.slice(0, quarter * 3);
      const key = keyOf(`ci-evidence-${nameOf(quarter)}`);
      other.push(record(other, key, startOf(quarter) + 5 * DAY + 1));
      const attestation = attestationKeys[quarter] ?? attestationKey('x');
      const own = checkpoint(other, attestation, startOf(quarter) + 20 * DAY);
      const { named } = await verify({
        lines: other,
        own,
        publicKeysAlone: true,
        against: checkpoints.slice(0, quarter * 2 + 1),
      });
      expect(named).toContain('stream_rolled_back 0');
    }
  });
});
