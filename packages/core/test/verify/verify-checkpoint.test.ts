import { describe, expect, it } from '@jest/globals';
import { type AttestationTrust, openCheckpoint, signCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import type { CheckpointClaims } from '../../src/domain/checkpoint/statement.ts';
import { ConfigurationError, EvidenceError } from '../../src/domain/diagnosis.ts';
import { claimsFileText, responseFileText } from '../../src/domain/evidence/files.ts';
import type { HmacVerificationKey } from '../../src/domain/keys/hmac-keys.ts';
import type { EvidenceSource } from '../../src/domain/verification/evidence-source.ts';
import { type CheckpointOptions, type VerifyOptions, verifyEvidence } from '../../src/verify/verify.ts';
import { verifyInclusionProof } from '../../src/verify/verify-proof.ts';
import { attestationKey, type StatementChanges, sha256, statementOf, trusted } from '../support/checkpoints.ts';
import { rejectionOf } from '../support/refusal.ts';
import { IDENTITY, KEY, sealChain, stream, unsealed, VERIFICATION_KEY } from '../support/streams.ts';

const ATTESTATION = attestationKey('ci-attest-2026-q1');
const RESPONSE = unsealed(1, '').response;
const CLAIMS_TEXT = claimsFileText(IDENTITY);
const RESPONSE_TEXT = responseFileText(RESPONSE);
const LINES = sealChain([{}, {}, {}, {}, {}]);
const NOW = Date.UTC(2026, 2, 4, 5, 10);

/** A record like the others, of another request. */
const of = (target: string) => ({ request: { ...unsealed(1, '').request, target } });

/** The gate's checkpoint over these lines and the two files beside them. */
function checkpointOf(lines: readonly string[], changes: StatementChanges = {}, key = ATTESTATION): string {
  const files = { claims: sha256(CLAIMS_TEXT), response: sha256(RESPONSE_TEXT), stream: sha256(stream(lines)) };
  return signCheckpoint(statementOf(lines, key.id, { ...changes, claims: { ...changes.claims, files } }), key);
}

interface Evidence {
  readonly lines?: readonly string[];
  readonly checkpoint?: string | undefined;
  readonly claims?: string | undefined;
  readonly response?: string | undefined;
}

function source({ lines = LINES, ...files }: Evidence): EvidenceSource {
  const present = { claims: CLAIMS_TEXT, response: RESPONSE_TEXT, checkpoint: checkpointOf(LINES), ...files };
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));
  const text = Buffer.from(stream(lines));
  return {
    path: 'evidence',
    size: text.length,
    sideFiles: { claims: bytes(present.claims), response: bytes(present.response) },
    checkpoint: bytes(present.checkpoint),
    async *chunks() {
      yield text;
    },
    close: async () => {},
  };
}

const BY_PUBLIC_KEY: CheckpointOptions = { trust: [trusted(ATTESTATION)], required: true, against: [], subjects: [] };

async function verify(
  evidence: Evidence,
  checkpoint?: Partial<CheckpointOptions>,
  options: Partial<VerifyOptions> = {},
) {
  const outcome = await verifyEvidence(
    {
      path: 'evidence',
      keys: [],
      integrityOnly: false,
      ...(checkpoint === undefined ? {} : { checkpoint: { ...BY_PUBLIC_KEY, ...checkpoint } }),
      ...options,
    },
    { now: () => NOW, verifier: { name: 'test', version: '1' }, openEvidence: async () => source(evidence) },
  );
  const errors = outcome.report.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  return { ...outcome, errors, code: outcome.failure?.code };
}

const named = (text: string, name = 'earlier.json') => [{ name, bytes: Buffer.from(text) }];

describe('with a public key alone', () => {
  it('is valid and sealed, says that signatures were not checked, and why that is enough', async () => {
    const { report, failure } = await verify({}, {});
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ valid: true, signatures: 'unchecked', checkpoint: 'valid', tail: 'sealed' });
    expect(report.checkpoint_details).toMatchObject({ key_id: ATTESTATION.id, result: 'PASSED' });
    expect(report.notes?.join()).toMatch(/signature was checked.*public-key signature covers every byte/);
  });

  it('checks the signatures as well where the key is there', async () => {
    const { report } = await verify({}, {}, { keys: [VERIFICATION_KEY] });
    expect(report).toMatchObject({ signatures: 'checked', checkpoint: 'valid', tail: 'sealed' });
    expect(report.notes).toBeUndefined();
  });

  it.each<[string, Evidence, string]>([
    ['without a checkpoint', { checkpoint: undefined }, 'checkpoint_missing'],
    ['with something else in its place', { checkpoint: '{}' }, 'checkpoint_unreadable'],
    [
      'signed by another key',
      { checkpoint: checkpointOf(LINES, {}, attestationKey('x', 9)) },
      'checkpoint_key_unknown',
    ],
    [
      'signed by another key of the same name',
      { checkpoint: checkpointOf(LINES, {}, attestationKey(ATTESTATION.id, 9)) },
      'checkpoint_signature_mismatch',
    ],
    ['cut', { lines: LINES.slice(0, -1) }, 'stream_truncated'],
    ['cut to nothing', { lines: [] }, 'checkpoint_mismatch'],
    ['with the checkpoint of a shorter state', { checkpoint: checkpointOf(LINES.slice(0, 3)) }, 'checkpoint_mismatch'],
    ['rewritten with the evidence key', { lines: sealChain([{}, {}, {}, {}, of('x')]) }, 'checkpoint_mismatch'],
    ['with stripped signatures', { lines: sealChain([{}, {}, {}, {}, {}], 'unsigned') }, 'checkpoint_mismatch'],
    [
      'with the claims of another runner',
      { claims: claimsFileText({ ...IDENTITY, actor: 'mallory' }) },
      'checkpoint_mismatch',
    ],
    ['with other white space in the claims', { claims: `${CLAIMS_TEXT}\n` }, 'checkpoint_mismatch'],
    ['without its claims', { claims: undefined }, 'checkpoint_mismatch'],
    ['with another response', { response: responseFileText({ ...RESPONSE, reason: 'x' }) }, 'checkpoint_mismatch'],
    ['without its response', { response: undefined }, 'checkpoint_mismatch'],
  ])('refuses evidence %s', async (_, evidence, finding) => {
    const { errors, failure, report } = await verify(evidence, {});
    expect(errors).toContain(finding);
    expect(failure).toBeInstanceOf(EvidenceError);
    expect(failure?.code).toBe('CAVRA-E401');
    expect(report.tail).toBe('unanchored');
    expect(report.checkpoint).not.toBe('valid');
  });

  it.each<[string, Partial<CheckpointClaims>]>([
    ['stream_id', { stream_id: sha256('x') }],
    ['head_hash', { head_hash: sha256('x') }],
    ['merkle_root', { merkle_root: sha256('x') }],
    ['record_count', { record_count: 4 }],
    ['rule_id', { rule_id: 'other' }],
    ['evidence_key_ids', { evidence_key_ids: ['other'] }],
  ])('holds its %s against the stream', async (member, claims) => {
    const { report, errors } = await verify({ checkpoint: checkpointOf(LINES, { claims }) }, {});
    expect(errors).toEqual(['checkpoint_mismatch']);
    expect(report.findings[0]?.message).toContain(member);
  });

  it('holds its decision against the stream', async () => {
    const changes = { result: 'FAILED' as const, claims: { decision: 'block' as const } };
    const { errors } = await verify({ checkpoint: checkpointOf(LINES, changes) }, {});
    expect(errors).toEqual(['checkpoint_mismatch']);
  });
});

describe('without a public key', () => {
  it('says that the checkpoint was not checked, and is not sealed by it', async () => {
    const { report, failure } = await verify({}, undefined, { keys: [VERIFICATION_KEY] });
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ checkpoint: 'unchecked', tail: 'unanchored', signatures: 'checked' });
  });

  it('still sees that a checkpoint is of other evidence', async () => {
    const checkpoint = checkpointOf(LINES.slice(0, 3));
    const { errors, report } = await verify({ checkpoint }, undefined, { keys: [VERIFICATION_KEY] });
    expect(errors).toEqual(['checkpoint_mismatch']);
    expect(report.checkpoint).toBe('invalid');
  });

  it('does not want one', async () => {
    const { report } = await verify({ checkpoint: undefined }, undefined, { keys: [VERIFICATION_KEY] });
    expect(report).toMatchObject({ valid: true, checkpoint: 'absent', tail: 'unanchored' });
    expect(Object.keys(report)).not.toContain('checkpoint_details');
  });

  it('checks nothing at all only when that was said', async () => {
    expect(await rejectionOf(verify({}))).toMatchObject({ code: 'CAVRA-E215' });
  });
});

describe('the key of a checkpoint', () => {
  const madeAt = Date.UTC(2026, 2, 4, 5, 7);
  const minute = 60_000;
  it.each<[string, AttestationTrust['period'], string[]]>([
    ['is within its period', { status: 'retired', notBefore: madeAt, notAfter: madeAt + 1 }, []],
    ['is too young', { status: 'active', notBefore: madeAt + 1 }, ['checkpoint_key_not_yet_valid']],
    ['is too old', { status: 'retired', notAfter: madeAt }, ['checkpoint_key_expired']],
    ['is revoked since before', { status: 'revoked', revokedAt: madeAt - minute }, ['checkpoint_key_revoked']],
    ['is revoked since after', { status: 'revoked', revokedAt: madeAt + minute }, ['checkpoint_key_revoked']],
    ['is revoked altogether', { status: 'revoked' }, ['checkpoint_key_revoked']],
  ])('%s', async (_, period, expected) => {
    const { errors, report } = await verify({}, { trust: [trusted(ATTESTATION, period)] });
    expect(errors).toEqual(expected);
    expect(report.tail).toBe(expected.length === 0 ? 'sealed' : 'unanchored');
  });

  it('is vouched for by a checkpoint of a good key over the same records from before the revocation', async () => {
    const other = attestationKey('ci-attest-other', 3);
    const trust = (revokedAt: number) => [
      trusted(ATTESTATION, { status: 'revoked', revokedAt }),
      trusted(other, { status: 'retired' }),
    ];
    const external = checkpointOf(LINES, { timeMs: madeAt + minute }, other);
    const good = await verify({}, { trust: trust(madeAt + 2 * minute), against: named(external) });
    expect(good.errors).toEqual([]);
    expect(good.report.tail).toBe('anchored');
    const late = await verify({}, { trust: trust(madeAt + minute), against: named(external) });
    expect(late.errors).toEqual(['checkpoint_key_revoked']);
  });
});

describe('against an earlier checkpoint', () => {
  const earlier = checkpointOf(LINES.slice(0, 3));

  it('is anchored when the stream only grew since', async () => {
    const { report, failure } = await verify({}, { against: named(earlier) });
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ checkpoint: 'valid', tail: 'anchored' });
  });

  it('is anchored by the same checkpoint from elsewhere, without one of its own', async () => {
    const external = named(checkpointOf(LINES));
    const { report } = await verify({ checkpoint: undefined }, { against: external, required: false });
    expect(report).toMatchObject({ valid: true, checkpoint: 'absent', tail: 'anchored' });
  });

  it('is not anchored behind it, without a seal of its own', async () => {
    const { report } = await verify({ checkpoint: undefined }, { against: named(earlier), required: false });
    expect(report).toMatchObject({ valid: true, tail: 'unanchored' });
  });

  it('finds truncation', async () => {
    const cut = { lines: LINES.slice(0, 2), checkpoint: undefined };
    const { errors, report } = await verify(cut, { against: named(earlier), required: false });
    expect(errors).toEqual(['stream_truncated']);
    expect(report.tail).toBe('unanchored');
  });

  it('finds rollback: an older state with its own, genuine checkpoint', async () => {
    const old = { lines: LINES.slice(0, 2), checkpoint: checkpointOf(LINES.slice(0, 2)) };
    const { errors } = await verify(old, { against: named(earlier) });
    expect(errors).toEqual(['stream_rolled_back']);
  });

  it('finds a fork: other records under the same beginning, with a genuine checkpoint', async () => {
    const forked = [...LINES.slice(0, 2), ...sealChain([{}, {}, of('x')]).slice(2)];
    const evidence = { lines: forked, checkpoint: checkpointOf(forked) };
    expect((await verify(evidence, {})).errors).toEqual([]);
    expect((await verify(evidence, { against: named(earlier) })).errors).toEqual(['stream_forked']);
  });

  it('finds another stream', async () => {
    const other = sealChain([of('another')]);
    const evidence = { lines: other, checkpoint: checkpointOf(other) };
    expect((await verify(evidence, { against: named(earlier) })).errors).toEqual(['stream_forked']);
  });

  it.each([
    ['is not one', '{}', [trusted(ATTESTATION)]],
    ['is of an unknown key', checkpointOf(LINES, {}, attestationKey('x', 9)), [trusted(ATTESTATION)]],
    ['is of a key that did not count', earlier, [trusted(ATTESTATION, { status: 'retired', notAfter: 0 })]],
    ['is of a revoked key', earlier, [trusted(ATTESTATION, { status: 'revoked', revokedAt: NOW })]],
  ])('does not go on when it %s', async (_, text, trust) => {
    const refusal = await rejectionOf(verify({}, { trust, against: named(text) }));
    expect(refusal).toBeInstanceOf(EvidenceError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E405' });
  });
});

describe('a chain of runs, each with its own stream', () => {
  const runs = ['a', 'b', 'c'].map((target) => sealChain([of(target), {}]));
  const chain: string[] = [];
  for (const lines of runs) {
    const last = chain.at(-1);
    const digest = last === undefined ? undefined : openCheckpoint(Buffer.from(last), []).statementSha256;
    const previous = { statement_sha256: digest ?? '', stream_id: sha256('s'), record_count: 2, consistency: null };
    chain.push(checkpointOf(lines, { claims: { previous_checkpoint: digest === undefined ? null : previous } }));
  }
  const [first = '', second = '', third = ''] = chain;
  const evidence = (run: number) => ({ lines: runs[run] ?? [], checkpoint: chain[run] });
  const against = (...texts: string[]) => ({ against: texts.flatMap((text, index) => named(text, `c${index}`)) });

  it('anchors a run in the one before it, in those before that, and in the one after it', async () => {
    for (const [run, given] of [
      [2, [second]],
      [2, [first, second]],
      [1, [third]],
      [0, [third, second]],
    ] as const) {
      const { report, errors } = await verify(evidence(run), against(...given));
      expect({ errors, tail: report.tail }).toEqual({ errors: [], tail: 'anchored' });
    }
  });

  it('wants every link', async () => {
    expect((await verify(evidence(2), against(first))).errors).toEqual(['stream_forked']);
  });

  it('finds a run that has the same predecessor as the known one', async () => {
    const lines = sealChain([of('b2')]);
    const digest = openCheckpoint(Buffer.from(first), []).statementSha256;
    const previous = { statement_sha256: digest, stream_id: sha256('s'), record_count: 2, consistency: null };
    const rival = { lines, checkpoint: checkpointOf(lines, { claims: { previous_checkpoint: previous } }) };
    expect((await verify(rival, against(first))).errors).toEqual([]);
    expect((await verify(rival, against(first, second))).errors).toEqual(['stream_forked']);
  });
});

describe('subjects', () => {
  const artifact = { name: 'dist/app.tgz', sha256: sha256('app') };
  const withSubject = (changes: StatementChanges = {}) => {
    const { subjects } = statementOf(LINES, ATTESTATION.id, {
      claims: {
        files: { claims: sha256(CLAIMS_TEXT), response: sha256(RESPONSE_TEXT), stream: sha256(stream(LINES)) },
      },
    });
    return { checkpoint: checkpointOf(LINES, { ...changes, subjects: [...subjects, artifact] }) };
  };

  it('passes for the very bytes, whatever they are called', async () => {
    const subjects = [{ name: 'elsewhere/app', sha256: artifact.sha256 }];
    expect((await verify(withSubject(), { subjects })).failure).toBeUndefined();
  });

  it.each<[string, Evidence, readonly { name: string; sha256: string }[], string[]]>([
    ['other bytes', withSubject(), [{ name: 'dist/app.tgz', sha256: sha256('evil') }], ['expectation_subject']],
    ['one of two', withSubject(), [artifact, { name: 'b', sha256: sha256('b') }], ['expectation_subject']],
    ['a release that failed', withSubject({ result: 'FAILED' }), [artifact], ['expectation_passed']],
  ])('does not for %s', async (_, evidence, subjects, expected) => {
    const { errors, failure } = await verify(evidence, { subjects });
    expect(errors).toEqual(expected);
    expect(failure?.code).toBe('CAVRA-E402');
  });

  it('does not without a valid checkpoint', async () => {
    const { errors } = await verify({ checkpoint: undefined }, { subjects: [artifact], required: false });
    expect(errors).toEqual(['expectation_subject']);
    const changed = await verify({ ...withSubject(), claims: undefined }, { subjects: [artifact] });
    expect(changed.errors).toEqual(['checkpoint_mismatch', 'expectation_subject']);
  });
});

describe('a record key that is revoked, or whose secret is not here', () => {
  const compromised = Date.UTC(2026, 2, 4, 6);
  const revoked: HmacVerificationKey = { ...VERIFICATION_KEY, status: 'revoked', revokedAt: compromised };

  it('counts under a checkpoint older than the compromise, and only there', async () => {
    const before = await verify({}, {}, { keys: [revoked] });
    expect(before.errors).toEqual([]);
    expect(before.report).toMatchObject({ signatures: 'checked', keys: [{ key_id: KEY.id, status: 'revoked' }] });
    const late = checkpointOf(LINES, { timeMs: compromised });
    expect((await verify({ checkpoint: late }, {}, { keys: [revoked] })).errors).toEqual(
      LINES.map(() => 'key_revoked'),
    );
    const none = await verify({ checkpoint: undefined }, { required: false }, { keys: [revoked] });
    expect(none.errors).toEqual(LINES.map(() => 'key_revoked'));
    const unchecked = await verify({}, undefined, { keys: [revoked] });
    expect(unchecked.errors).toEqual(LINES.map(() => 'key_revoked'));
  });

  it('counts as far as the older checkpoint goes; the record behind it is named', async () => {
    const late = checkpointOf(LINES, { timeMs: compromised });
    const against = named(checkpointOf(LINES.slice(0, 3)));
    const { report } = await verify({ checkpoint: late }, { against }, { keys: [revoked] });
    expect(report.findings.map(({ code, record }) => [code, record])).toEqual([
      ['key_revoked', 4],
      ['key_revoked', 5],
    ]);
  });

  it('does not count when it was never said since when it is compromised', async () => {
    const { errors } = await verify({}, {}, { keys: [{ ...VERIFICATION_KEY, status: 'revoked' }] });
    expect(errors).toEqual(LINES.map(() => 'key_revoked'));
  });

  it('is not helped by the checkpoint of another stream in its chain', async () => {
    const other = checkpointOf(sealChain([of('other'), {}, {}, {}, {}]));
    const digest = openCheckpoint(Buffer.from(other), []).statementSha256;
    const previous = { statement_sha256: digest, stream_id: sha256('s'), record_count: 5, consistency: null };
    const checkpoint = checkpointOf(LINES, { timeMs: compromised, claims: { previous_checkpoint: previous } });
    const { errors } = await verify({ checkpoint }, { against: named(other) }, { keys: [revoked] });
    expect(errors).toEqual(LINES.map(() => 'key_revoked'));
  });

  it('needs no secret where a checkpoint vouches for its records, and keeps to its period', async () => {
    const absentKeys = [{ id: KEY.id, status: 'retired' as const }];
    const { report, errors } = await verify({}, {}, { absentKeys });
    expect(errors).toEqual([]);
    expect(report).toMatchObject({
      signatures: 'unchecked',
      keys: [{ key_id: KEY.id, records: 5, status: 'retired', secret: 'absent' }],
    });
    const ended = await verify({}, {}, { absentKeys: [{ id: KEY.id, status: 'retired', notAfter: 0 }] });
    expect(ended.errors).toEqual(LINES.map(() => 'key_expired'));
    const unsealed = await verify({ checkpoint: undefined }, { required: false }, { absentKeys });
    expect(unsealed.errors).toEqual(LINES.map(() => 'key_unknown'));
    const unknown = await verify({}, {}, { absentKeys: [{ id: 'other', status: 'active' }] });
    expect(unknown.errors).toEqual(LINES.map(() => 'key_unknown'));
  });
});

describe('the proof of one record', () => {
  const prove = async (record: number) => String((await verify({}, {}, { proveRecord: record })).proof);
  const TRUST = [trusted(ATTESTATION)];

  it.each([1, 2, 3, 4, 5])('shows record %d and no other', async (record) => {
    const text = await prove(record);
    const { report, failure } = verifyInclusionProof(Buffer.from(text), TRUST, undefined, NOW);
    expect(failure).toBeUndefined();
    const line = LINES[record - 1] ?? '';
    expect(report).toMatchObject({
      valid: true,
      record,
      record_count: 5,
      record_hash: JSON.parse(line).record_hash,
      decision: 'allow',
      identity: IDENTITY,
      checkpoint: { key_id: ATTESTATION.id, result: 'PASSED' },
    });
    const proof = JSON.parse(text);
    expect(Buffer.from(proof.record_base64, 'base64').toString()).toBe(line);
    const others = LINES.filter((each) => each !== line).map((each) => JSON.parse(each).record_id);
    for (const id of others) expect(Buffer.from(text).toString()).not.toContain(id);
  });

  it('is held against expectations', async () => {
    const bytes = Buffer.from(await prove(2));
    const wrong = verifyInclusionProof(bytes, TRUST, { repository: 'example-org/other' }, NOW);
    expect(wrong.failure).toMatchObject({ code: 'CAVRA-E402' });
    expect(wrong.report.valid).toBe(false);
    const right = { repository: IDENTITY.repository, decision: 'allow' as const, max_age_seconds: 3600 };
    expect(verifyInclusionProof(bytes, TRUST, right, NOW).failure).toBeUndefined();
  });

  it('is not made of evidence that is not valid, or of a record that is not there', async () => {
    expect((await verify({ lines: LINES.slice(0, 4) }, {}, { proveRecord: 1 })).proof).toBeUndefined();
    const missing = await rejectionOf(verify({}, {}, { proveRecord: 6 }));
    expect(missing).toBeInstanceOf(ConfigurationError);
    expect(missing).toMatchObject({ code: 'CAVRA-E217' });
  });

  it.each<[string, (proof: Record<string, unknown>) => object]>([
    ['of another record', (proof) => ({ ...proof, record_base64: Buffer.from(LINES[2] ?? '').toString('base64') })],
    [
      'of a changed record',
      ({ record_base64: line, ...proof }) => ({
        ...proof,
        record_base64: Buffer.from(
          Buffer.from(String(line), 'base64').toString().replace('"decision":"allow"', '"decision":"block"'),
        ).toString('base64'),
      }),
    ],
    ['of another number', (proof) => ({ ...proof, record: 3 })],
    ['of another size', (proof) => ({ ...proof, record_count: 4 })],
    ['with a cut path', (proof) => ({ ...proof, path: [] })],
    ['with another path', ({ path, ...proof }) => ({ ...proof, path: (path as string[]).toReversed() })],
    [
      'with a checkpoint of other records',
      (proof) => ({ ...proof, checkpoint_base64: Buffer.from(checkpointOf(LINES.slice(0, 4))).toString('base64') }),
    ],
    [
      'with a checkpoint of another key',
      (proof) => ({
        ...proof,
        checkpoint_base64: Buffer.from(checkpointOf(LINES, {}, attestationKey('x', 9))).toString('base64'),
      }),
    ],
    ['of another format', (proof) => ({ ...proof, schema_version: 'v2' })],
    ['without a path', ({ path: _, ...proof }) => proof],
    ['that is a list', () => []],
  ])('is refused %s', async (_, change) => {
    const changed = Buffer.from(JSON.stringify(change(JSON.parse(await prove(2)))));
    const refusal = (() => {
      try {
        verifyInclusionProof(changed, TRUST, undefined, NOW);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(refusal).toBeInstanceOf(EvidenceError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E405' });
  });
});
